/** NumPy's basic indexing: one selector for each axis picks a region, which shares the memory. */
import { PshmemError } from "../errors.ts";
import { textOf } from "../shown.ts";

type Whole = number | "";

/** A slice as NumPy writes it, `start:stop:step` with every part optional, or `...` for as many whole axes as are missing. */
export type SliceText = "..." | `${Whole}:${Whole}` | `${Whole}:${Whole}:${Whole}`;

/** What selects along one axis: an index (the axis goes away; negative counts from the end), a slice, or null for all of it. */
export type Axis = number | SliceText | null;

/** Where the elements of an array are in its data. Everything counts elements. */
export interface Region {
  readonly offset: number;
  readonly shape: readonly number[];
  readonly strides: readonly number[];
}

/** What a slice comes to on an axis of a given length. */
export interface SliceRange {
  readonly start: number;
  readonly step: number;
  readonly count: number;
}

const SLICE = /^(-?\d*):(-?\d*)(?::(-?\d*))?$/;

/**
 * The part of a region that the selectors pick. Local. Fewer selectors than axes leave the rest whole.
 *
 * @throws BAD_DIMENSIONS more selectors than axes
 * @throws BAD_SLICE a text that is no slice, a step of 0, a second `...`, an index that is no integer
 * @throws OUT_OF_BOUNDS an index outside its axis (a slice is cut to fit, as in NumPy)
 */
export function selectRegion(region: Region, selectors: readonly Axis[]): Region {
  let { offset } = region;
  const shape: number[] = [];
  const strides: number[] = [];
  const each = spread(selectors, region.shape.length);
  for (let axis = 0; axis < each.length; axis++) {
    const selector = each[axis];
    const extent = region.shape[axis];
    const stride = region.strides[axis];
    if (typeof selector === "number") {
      offset += checkIndex(selector, extent, axis) * stride;
      continue;
    }
    const { start, step, count } = rangeOf(selector, extent);
    // An empty slice may start just past the end: its offset must not leave the data.
    if (count > 0) offset += start * stride;
    shape.push(count);
    strides.push(step * stride);
  }
  return { offset, shape, strides };
}

/**
 * What the selectors pick on each axis, as {@link selectRegion} does; an index picks a range of one. Local.
 *
 * @throws BAD_DIMENSIONS BAD_SLICE OUT_OF_BOUNDS
 */
export function rangesOf(shape: readonly number[], selectors: readonly Axis[]): SliceRange[] {
  return spread(selectors, shape.length).map((selector, axis) =>
    typeof selector === "number"
      ? { start: checkIndex(selector, shape[axis], axis), step: 1, count: 1 }
      : rangeOf(selector, shape[axis]),
  );
}

/** Exactly one selector for each axis: `...` and what is missing at the end become whole axes. */
function spread(selectors: readonly Axis[], axes: number): readonly Axis[] {
  const dots = selectors.indexOf("...");
  if (dots < 0 && selectors.length === axes) return selectors;
  if (dots !== selectors.lastIndexOf("...")) throw badSlice("...", "an index can have only one `...`");
  const given = dots < 0 ? selectors.length : selectors.length - 1;
  if (given > axes) {
    throw new PshmemError(
      "BAD_DIMENSIONS",
      `${given} selectors for an array of ${axes} dimensions: give at most one for each axis.`,
      { expected: axes, actual: given },
    );
  }
  const at = dots < 0 ? given : dots;
  const missing = Array.from({ length: axes - given }, () => null);
  return [...selectors.slice(0, at), ...missing, ...selectors.slice(dots < 0 ? at : at + 1)];
}

/**
 * Returns an index with a negative one counted from the end. Local.
 *
 * @throws OUT_OF_BOUNDS
 * @throws BAD_SLICE if it is no integer
 */
function checkIndex(index: number, extent: number, axis: number): number {
  if (!Number.isInteger(index)) throw badSlice(index, `the index of axis ${axis} is no integer`);
  const found = index < 0 ? index + extent : index;
  if (found >= 0 && found < extent) return found;
  throw new PshmemError(
    "OUT_OF_BOUNDS",
    `Index ${index} is outside axis ${axis}, which has ${extent} elements: use ${-extent} … ${extent - 1}.`,
    { expected: extent, actual: index },
  );
}

/**
 * What a slice comes to on an axis of `extent` elements, by NumPy's rules. Local. @throws BAD_SLICE
 */
export function rangeOf(slice: SliceText | null, extent: number): SliceRange {
  if (slice === null) return { start: 0, step: 1, count: extent };
  const match = typeof slice === "string" ? SLICE.exec(slice) : null;
  const parts = match?.slice(1) ?? [];
  if (match === null || parts.includes("-")) {
    throw badSlice(slice, 'use "start:stop:step", an index, null or "..."');
  }
  const [start, stop, step = 1] = parts.map((part) => (part ? Number(part) : undefined));
  if (step === 0) throw badSlice(slice, "the step cannot be 0");
  // A slice that goes down ends before element 0, which is no index that could be written.
  const [lowest, highest] = step > 0 ? [0, extent] : [-1, extent - 1];
  const place = (bound: number) => Math.min(Math.max(bound < 0 ? bound + extent : bound, lowest), highest);
  const from = start === undefined ? (step > 0 ? lowest : highest) : place(start);
  const to = stop === undefined ? (step > 0 ? highest : lowest) : place(stop);
  return { start: from, step, count: Math.max(0, Math.ceil((to - from) / step)) };
}

function badSlice(slice: unknown, remedy: string): PshmemError {
  const text = typeof slice === "string" ? JSON.stringify(slice) : textOf(slice);
  return new PshmemError("BAD_SLICE", `The selector ${text} cannot be read: ${remedy}.`, { actual: text });
}
