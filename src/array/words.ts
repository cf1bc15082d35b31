/** The one loop under all strided copies: runs of unsigned words, moved along axes. */

import { setElements } from "./set-elements.ts";

/** Some memory: a typed array, a segment, or whatever else says where its bytes are. */
export interface Memory {
  readonly buffer: ArrayBufferLike;
  readonly byteOffset: number;
  readonly byteLength: number;
}

type Words = Uint8Array | Uint16Array | Uint32Array;

/** Words from which `TypedArray.set` beats a plain loop. */
const LONG_RUN = 24;
/** The most elements a typed array has on every Node we support. */
const MAX_WORDS = 2 ** 32;

/** The axes of a copy: `extents` steps of `to` on the one side and of `from` on the other. */
export interface Axes {
  readonly extents: number[];
  readonly to: number[];
  readonly from: number[];
}

/** A copy in words of `wordBytes`: `run` contiguous words at every step of the axes, from word `s` to word `d`. */
export interface Copy extends Axes {
  readonly dst: Memory;
  readonly src: Memory;
  readonly d: number;
  readonly s: number;
  readonly run: number;
  readonly wordBytes: number;
}

/** The words of a copy, and the least run that goes through `TypedArray.set`. */
interface Lanes {
  readonly dst: Words;
  readonly src: Words;
  readonly run: number;
  readonly long: number;
}

/** The first word a region touches, and the one after the last. */
export function span(
  start: number,
  extents: number[],
  strides: number[],
  run: number,
): [low: number, high: number] {
  let low = start;
  let high = start + run;
  for (const [axis, extent] of extents.entries()) {
    const reach = (extent - 1) * strides[axis];
    if (reach < 0) low += reach;
    else high += reach;
  }
  return [low, high];
}

/** Copies by typed arrays over just the words touched, in parts where those would be too long for a typed array. */
export function copyWindows(copy: Copy, long = LONG_RUN, most = MAX_WORDS): void {
  const { extents, run, wordBytes } = copy;
  const [dLow, dHigh] = span(copy.d, extents, copy.to, run);
  const [sLow, sHigh] = span(copy.s, extents, copy.from, run);
  if (Math.max(dHigh - dLow, sHigh - sLow) > most) return copyHalves(copy, long, most);
  const dst = wordsOf(copy.dst, dLow, dHigh - dLow, wordBytes);
  const src = wordsOf(copy.src, sLow, sHigh - sLow, wordBytes);
  copyAxes({ dst, src, run, long }, copy, 0, copy.d - dLow, copy.s - sLow);
}

/** True if the words move to higher addresses: then the last must go first. */
export function isUpward({ dst, src, d, s, wordBytes }: Copy): boolean {
  return dst.byteOffset + d * wordBytes > src.byteOffset + s * wordBytes;
}

/**
 * Halves the outermost axis, whose order stays the same; an axis of length 1 gives way to the next, at last to the run. A run that
 * moves up, perhaps over itself, goes last half first.
 */
function copyHalves(copy: Copy, long: number, most: number): void {
  const [extent, ...extents] = copy.extents;
  const [to = 1, ...innerTo] = copy.to;
  const [from = 1, ...innerFrom] = copy.from;
  if (extent === 1) return copyWindows({ ...copy, extents, to: innerTo, from: innerFrom }, long, most);
  const isRun = extent === undefined;
  const length = extent ?? copy.run;
  const half = Math.ceil(length / 2);
  const part = (start: number, end: number): Copy => ({
    ...copy,
    d: copy.d + start * to,
    s: copy.s + start * from,
    ...(isRun ? { run: end - start } : { extents: [end - start, ...extents] }),
  });
  const halves = [part(0, half), part(half, length)];
  for (const one of isRun && isUpward(copy) ? halves.toReversed() : halves) copyWindows(one, long, most);
}

function wordsOf(memory: Memory, start: number, count: number, wordBytes: number): Words {
  const byteOffset = memory.byteOffset + start * wordBytes;
  if (wordBytes === 1) return new Uint8Array(memory.buffer, byteOffset, count);
  if (wordBytes === 2) return new Uint16Array(memory.buffer, byteOffset, count);
  return new Uint32Array(memory.buffer, byteOffset, count);
}

function copyAxes(lanes: Lanes, axes: Axes, axis: number, d: number, s: number): void {
  const { extents, to, from } = axes;
  if (extents.length === 0) return copyRows(lanes, 1, d, s, 0, 0);
  if (axis === extents.length - 1) return copyRows(lanes, extents[axis], d, s, to[axis], from[axis]);
  for (let step = 0; step < extents[axis]; step++) {
    copyAxes(lanes, axes, axis + 1, d + step * to[axis], s + step * from[axis]);
  }
}

/** Copies `rows` runs, `to` and `from` words apart. */
function copyRows(
  lanes: Lanes,
  rows: number,
  dStart: number,
  sStart: number,
  to: number,
  from: number,
): void {
  const { dst, src, run, long } = lanes;
  let d = dStart;
  let s = sStart;
  if (run >= long) {
    for (let row = 0; row < rows; row++, d += to, s += from) setElements(dst, src.subarray(s, s + run), d);
  } else if (run === 1) {
    for (let row = 0; row < rows; row++, d += to, s += from) dst[d] = src[s];
  } else if (run === 2) {
    for (let row = 0; row < rows; row++, d += to, s += from) {
      dst[d] = src[s];
      dst[d + 1] = src[s + 1];
    }
  } else {
    for (let row = 0; row < rows; row++, d += to, s += from) {
      for (let word = 0; word < run; word++) dst[d + word] = src[s + word];
    }
  }
}
