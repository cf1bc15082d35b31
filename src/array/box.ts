/**
 * Boxes: the elements that slices pick of an array, as one range for each of its axes. Two boxes share an element exactly if their
 * ranges share an index on every axis, so nothing has to be listed to find out.
 */
import { type Axis, rangesOf, type Region, type SliceRange } from "./slice.ts";
import { sizeOf } from "./shape.ts";

/** A range for each axis of an array, all of them upwards; a range of at most one index has the step 1. */
export type Box = readonly SliceRange[];

/** What the selectors pick. Local. @throws BAD_DIMENSIONS BAD_SLICE OUT_OF_BOUNDS */
export function boxOf(shape: readonly number[], selectors: readonly Axis[]): Box {
  return rangesOf(shape, selectors).map(upward);
}

/** What lies from an offset on, without gaps. Local. */
export function blockOf(offset: readonly number[] | null, shape: readonly number[]): Box {
  return shape.map((count, axis) => ({ start: offset ? offset[axis] : 0, step: 1, count }));
}

function upward({ start, step, count }: SliceRange): SliceRange {
  if (count <= 1) return { start, step: 1, count };
  return step > 0 ? { start, step, count } : { start: start + (count - 1) * step, step: -step, count };
}

/** Elements in a box. Local. */
export function boxSize(box: Box): number {
  return sizeOf(box.map(({ count }) => count));
}

/** Where the elements of a box are, in an array with these strides. Local. */
export function regionOf(box: Box, strides: readonly number[]): Region {
  return {
    offset: box.reduce((sum, { start }, axis) => sum + start * strides[axis], 0),
    shape: box.map(({ count }) => count),
    strides: box.map(({ step }, axis) => step * strides[axis]),
  };
}

/** Whether two boxes of one array share an element. Local. */
export function overlap(a: Box, b: Box): boolean {
  return a.every((range, axis) => meet(range, b[axis]));
}

function lastOf({ start, step, count }: SliceRange): number {
  return start + (count - 1) * step;
}

/** Whether two ranges share an index. */
function meet(a: SliceRange, b: SliceRange): boolean {
  const low = Math.max(a.start, b.start);
  const high = Math.min(lastOf(a), lastOf(b));
  if (low > high) return false;
  // In one remainder class after the other: those of the wider range come round after as many steps as the narrower step has classes.
  const [wide, narrow] = a.step >= b.step ? [a, b] : [b, a];
  const first = wide.start + Math.ceil((low - wide.start) / wide.step) * wide.step;
  const stop = Math.min(high, first + (narrow.step - 1) * wide.step);
  for (let index = first; index <= stop; index += wide.step) {
    if ((index - narrow.start) % narrow.step === 0) return true;
  }
  return false;
}

/** The box of exactly the elements of both, where there is one that is found easily; else null. `a` itself if it has those of `b`. Local. */
export function joined(a: Box, b: Box): Box | null {
  if (contains(a, b)) return a;
  if (contains(b, a)) return b;
  const differing = a.flatMap((range, axis) => (isSame(range, b[axis]) ? [] : [axis]));
  if (differing.length !== 1) return null;
  const [axis] = differing;
  const range = joinedRange(a[axis], b[axis]);
  return range && a.with(axis, range);
}

function isSame(a: SliceRange, b: SliceRange): boolean {
  return a.start === b.start && a.step === b.step && a.count === b.count;
}

function contains(outer: Box, inner: Box): boolean {
  return outer.every((range, axis) => {
    const other = inner[axis];
    const inStep = (other.start - range.start) % range.step === 0;
    const sameSteps = other.count === 1 || other.step % range.step === 0;
    return inStep && sameSteps && other.start >= range.start && lastOf(other) <= lastOf(range);
  });
}

/** Ranges that go on from one another, or begin in one another, in the same steps. */
function joinedRange(a: SliceRange, b: SliceRange): SliceRange | null {
  const [first, second] = a.start <= b.start ? [a, b] : [b, a];
  const gap = second.start - first.start;
  const step = first.count > 1 ? first.step : second.count > 1 ? second.step : gap;
  if (second.count > 1 && second.step !== step) return null;
  if (gap % step !== 0 || gap > first.count * step) return null;
  return { start: first.start, step, count: Math.max(first.count, gap / step + second.count) };
}

/** A box as an index that selects it: `[0:3, 2:9:2, 5]`. Local. */
export function boxText(box: Box): string {
  return `[${box.map(rangeText).join(", ")}]`;
}

function rangeText({ start, step, count }: SliceRange): string {
  if (count === 1) return String(start);
  const stop = start + (count - 1) * step + (count > 0 ? 1 : step);
  return step === 1 ? `${start}:${stop}` : `${start}:${stop}:${step}`;
}
