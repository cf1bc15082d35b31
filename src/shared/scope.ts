/** A write scope: a part of the array that may be written to until a function returns. */
import { blockOf, boxOf, regionOf, type Box } from "../array/box.ts";
import { lanesOf, type DType, type TypedArrayOf } from "../array/dtype.ts";
import type { Selected } from "../array/dimensions.ts";
import { checkShape } from "../array/shape.ts";
import { selectRegion, type Axis, type Region } from "../array/slice.ts";
import { makeView, type WritableView } from "../array/view.ts";
import { PshmemError } from "../errors.ts";
import { textOf } from "../shown.ts";
import { firstOf, offsetOf } from "./region.ts";

/** A part of an array without gaps: `shape` elements from `offset` on, one number for each axis. */
export interface Block {
  /** All 0 when absent. */
  readonly offset?: ArrayLike<number> | null;
  readonly shape: ArrayLike<number>;
}

/** The part that `write` is about: selectors as `at` takes them, or a block. */
export type WriteRegion = readonly Axis[] | Block;

/** The dimensions of a part of an array of N. */
export type DimensionsOf<P extends WriteRegion, N extends number> = P extends readonly Axis[]
  ? Selected<N, P>
  : N;

/** A part of an array as its elements, and as the region that a view of it has. */
export interface Found {
  readonly box: Box;
  readonly region: Region;
}

/** Local: finds a part. @throws BAD_ARGUMENT BAD_SHAPE BAD_DIMENSIONS BAD_SLICE OUT_OF_BOUNDS */
export function findPart(whole: Region, part: WriteRegion): Found {
  if (isSelectors(part)) {
    const axes = Array.from(part);
    return { box: boxOf(whole.shape, axes), region: selectRegion(whole, axes) };
  }
  if (typeof part !== "object" || part === null || !("shape" in part)) throw noPart(part);
  const shape = checkShape(part.shape);
  const offset = offsetOf(whole, part.offset);
  firstOf(whole, shape, offset, "the region");
  const box = blockOf(offset, shape);
  return { box, region: regionOf(box, whole.strides) };
}

/**
 * Local: calls `fn` with a view of a region of `data`; what is left of the view afterwards is read-only. The view's own data reaches from
 * the region's first element to its last, so that what lies outside is out of reach.
 */
export function lend<D extends DType, N extends number, R>(
  dtype: D,
  data: TypedArrayOf<D>,
  { offset, shape, strides }: Region,
  fn: (view: WritableView<D, N>) => R,
): R {
  const permit = { granted: true };
  const reaches = shape.map((extent, axis) => (extent - 1) * strides[axis]);
  const isEmpty = shape.includes(0);
  const low = isEmpty ? offset : reaches.reduce((sum, reach) => sum + Math.min(reach, 0), offset);
  const end = isEmpty ? offset : reaches.reduce((sum, reach) => sum + Math.max(reach, 0), offset) + 1;
  const lanes = lanesOf(dtype);
  // A part of an array of one kind is of that kind, which TypeScript cannot know.
  const within = data.subarray(low * lanes, end * lanes) as TypedArrayOf<D>;
  const region = { offset: offset - low, shape, strides };
  try {
    return fn(makeView<D, N>(dtype, within, region, permit));
  } finally {
    permit.granted = false;
  }
}

function isSelectors(part: WriteRegion): part is readonly Axis[] {
  return Array.isArray(part);
}

function noPart(part: unknown): PshmemError {
  const text = `${textOf(part)} is no region; give a list of selectors as \`at\` takes them, or { offset, shape }`;
  return new PshmemError("BAD_ARGUMENT", text, { actual: textOf(part) });
}
