/**
 * Copies of strided n-d regions ("slabs"): between two typed arrays, and between memory and a stream of bytes.
 *
 * All copies run through one loop over unsigned words of 1, 2 or 4 bytes. So every dtype takes the same fast path, bits are
 * never converted, and the loop never sees more than three kinds of typed array: with five it would be slow for all of them.
 * Numbers here can exceed 2³²: no bitwise operators on them.
 */
import { type DType, itemSize, lengthOf, type TypedArray } from "./dtype.ts";
import { setElements } from "./set-elements.ts";
import { type Axes, type Copy, copyWindows, isUpward, type Memory, span } from "./words.ts";

const NO_BYTES = new Uint8Array(0);

/** A region of a segment, in bytes: rows of `rowBytes` contiguous bytes, `shape` and `strides` (bytes) over them. */
export interface Slab {
  readonly offset: number;
  readonly rowBytes: number;
  readonly shape: readonly number[];
  readonly strides: readonly number[];
}

/**
 * Copies an n-d region between two typed arrays whose elements are of one dtype. Local, not blocking.
 *
 * Offsets, strides and shape count elements; strides may be negative, and 0 on the source side repeats an element. `lanes` is how
 * many numbers make up an element: 2 for complex dtypes. The regions may overlap in one buffer: the result is that of copying
 * through a temporary. One is made only where an overlap has different strides on its two sides. Nothing is
 * checked: the caller knows that both regions are inside their arrays.
 */
export function copySlab(
  dst: TypedArray,
  dstOffset: number,
  dstStrides: readonly number[],
  src: TypedArray,
  srcOffset: number,
  srcStrides: readonly number[],
  shape: readonly number[],
  lanes = 1,
): void {
  const size = packedSize(shape, dstStrides, srcStrides);
  if (size >= 0) {
    copyRun(dst, dstOffset * lanes, src, srcOffset * lanes, size * lanes);
    return;
  }
  const axes = mergeAxes(shape, dstStrides, srcStrides);
  if (axes === null) return;
  const wordBytes = Math.min(dst.BYTES_PER_ELEMENT, 4);
  const words = (dst.BYTES_PER_ELEMENT / wordBytes) * lanes;
  const run = takeRun(axes) * words;
  const inWords = (strides: readonly number[]) => strides.map((stride) => stride * words);
  const { extents } = axes;
  const [to, from] = [inWords(axes.to), inWords(axes.from)];
  copyOrdered({ dst, src, d: dstOffset * words, s: srcOffset * words, extents, to, from, run, wordBytes });
}

/** How many elements, where they lie one after another in C order on both sides; else −1. */
function packedSize(shape: readonly number[], to: readonly number[], from: readonly number[]): number {
  let size = 1;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    const extent = shape[axis];
    if (extent !== 1 && (to[axis] !== size || from[axis] !== size)) return extent === 0 ? 0 : -1;
    size *= extent;
  }
  return size;
}

/** Copies `count` numbers that lie one after another, also over themselves. */
function copyRun(dst: TypedArray, d: number, src: TypedArray, s: number, count: number): void {
  const part = s === 0 && count === lengthOf(src) ? src : src.subarray(s, s + count);
  if (count > 0) setElements(dst, part, d);
}

/** Drops axes of length 1 and joins neighbours that make one longer axis on both sides; null if nothing is to be copied. */
function mergeAxes(shape: readonly number[], to: readonly number[], from: readonly number[]): Axes | null {
  const merged: Axes = { extents: [], to: [], from: [] };
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    const extent = shape[axis];
    if (extent === 0) return null;
    if (extent === 1) continue;
    const inner = merged.extents[0];
    if (inner !== undefined && to[axis] === merged.to[0] * inner && from[axis] === merged.from[0] * inner) {
      merged.extents[0] = inner * extent;
    } else {
      merged.extents.unshift(extent);
      merged.to.unshift(to[axis]);
      merged.from.unshift(from[axis]);
    }
  }
  return merged;
}

/** Takes the innermost axis off if it is contiguous on both sides, and returns its length; else 1. */
function takeRun(axes: Axes): number {
  if (axes.to.at(-1) !== 1 || axes.from.at(-1) !== 1) return 1;
  axes.to.pop();
  axes.from.pop();
  return axes.extents.pop()!;
}

/** Settles what overlapping regions need, then copies. */
function copyOrdered(copy: Copy): void {
  if (!overlaps(copy)) return copyWindows(copy);
  // Runs of two words and more go through `set` here, which copies overlapping words as if through a temporary.
  if (isAscending(copy)) return copyWindows(isUpward(copy) ? reversed(copy) : copy, 2);
  copyThroughTemporary(copy);
}

function overlaps(copy: Copy): boolean {
  if (copy.dst.buffer !== copy.src.buffer) return false;
  const [dLow, dHigh] = span(copy.d, copy.extents, copy.to, copy.run);
  const [sLow, sHigh] = span(copy.s, copy.extents, copy.from, copy.run);
  const shift = (copy.dst.byteOffset - copy.src.byteOffset) / copy.wordBytes;
  return dLow + shift < sHigh && sLow < dHigh + shift;
}

/** True if both sides have the same strides, and going through the axes means going up through memory. */
function isAscending({ extents, to, from, run }: Copy): boolean {
  let reach = run;
  for (let axis = extents.length - 1; axis >= 0; axis--) {
    if (to[axis] !== from[axis] || to[axis] < reach) return false;
    reach = to[axis] * extents[axis];
  }
  return true;
}

/** The same copy, from the last run to the first. */
function reversed(copy: Copy): Copy {
  const last = (strides: number[]) =>
    strides.reduce((sum, stride, axis) => sum + stride * (copy.extents[axis] - 1), 0);
  return {
    ...copy,
    d: copy.d + last(copy.to),
    s: copy.s + last(copy.from),
    to: copy.to.map((stride) => -stride),
    from: copy.from.map((stride) => -stride),
  };
}

function copyThroughTemporary(copy: Copy): void {
  const packed = copy.extents.map((_, axis) =>
    copy.extents.slice(axis + 1).reduce((a, b) => a * b, copy.run),
  );
  const words = copy.extents.reduce((a, b) => a * b, copy.run);
  const temporary: Memory = new Uint8Array(words * copy.wordBytes);
  copyWindows({ ...copy, dst: temporary, d: 0, to: packed });
  copyWindows({ ...copy, src: temporary, s: 0, from: packed });
}

/** Bytes in a slab. Local. */
export function slabBytes(slab: Slab): number {
  return slab.shape.reduce((bytes, extent) => bytes * extent, slab.rowBytes);
}

/**
 * The slab that a region of elements covers, with as few and as long rows as can be. Local. `offset` and `strides` count elements.
 */
export function slabOf(
  dtype: DType,
  offset: number,
  shape: readonly number[],
  strides: readonly number[],
): Slab {
  const bytes = itemSize(dtype);
  const axes = mergeAxes(shape, strides, strides);
  if (axes === null) return { offset: offset * bytes, rowBytes: 0, shape: [], strides: [] };
  const rowBytes = takeRun(axes) * bytes;
  return {
    offset: offset * bytes,
    rowBytes,
    shape: axes.extents,
    strides: axes.to.map((stride) => stride * bytes),
  };
}

/**
 * Copies the slab's bytes, counted in row-major order, from number `start` on into `piece`. Local, not blocking. Returns how
 * many: fewer than `piece` holds only at the slab's end. `memory` is what the slab's offset counts from.
 */
export function packSlab(memory: Memory, slab: Slab, start: number, piece: Uint8Array): number {
  const row = onlyRow(memory, slab, start, piece.length);
  if (row) return copyBytes(piece, row, row.length);
  return transfer(memory, slab, start, piece, (at, position, rows, run, stride, wordBytes) => {
    const [extents, to, from] = [[rows], [run], [stride]];
    copyWindows({ dst: piece, src: memory, d: position, s: at, extents, to, from, run, wordBytes });
  });
}

/** The reverse of {@link packSlab}: `piece` becomes the slab's bytes from number `start` on. Returns how many it took. Local. */
export function unpackSlab(memory: Memory, slab: Slab, start: number, piece: Uint8Array): number {
  const row = onlyRow(memory, slab, start, piece.length);
  if (row) return copyBytes(row, piece, row.length);
  return transfer(memory, slab, start, piece, (at, position, rows, run, stride, wordBytes) => {
    const [extents, to, from] = [[rows], [stride], [run]];
    copyWindows({ dst: memory, src: piece, d: at, s: position, extents, to, from, run, wordBytes });
  });
}

/** The bytes of a slab that is one row, from number `start` on, `most` at the most; null for any other slab. */
function onlyRow(memory: Memory, slab: Slab, start: number, most: number): Uint8Array | null {
  if (slab.shape.length > 0) return null;
  const count = Math.min(most, slab.rowBytes - start);
  if (count <= 0) return NO_BYTES;
  return new Uint8Array(memory.buffer, memory.byteOffset + slab.offset + start, count);
}

function copyBytes(to: Uint8Array, from: Uint8Array, count: number): number {
  copyRun(to, 0, from, 0, count);
  return count;
}

/** Moves `rows` runs of `run` words: in the slab from word `at` on, `stride` words apart; in the piece packed from `position` on. */
type Move = (
  at: number,
  position: number,
  rows: number,
  run: number,
  stride: number,
  wordBytes: number,
) => void;

/** Moves the bytes from `start` on. */
function transfer(memory: Memory, slab: Slab, start: number, piece: Uint8Array, move: Move): number {
  const count = Math.max(0, Math.min(piece.length, slabBytes(slab) - start));
  const word = wordFor(memory, slab, start, piece, count);
  forStretches(slab, start, start + count, (offset, at, rows, run, stride) => {
    move(offset / word, (at - start) / word, rows, run / word, stride / word, word);
  });
  return count;
}

/**
 * Cuts bytes `from` to `to` of a slab, counted in row-major order, into parts of rows and stretches of whole rows. Local. Each is `rows` runs of `run` bytes: in
 * the slab from byte `offset` on, `stride` bytes apart; in the row-major order one after the other, from byte `at` on.
 */
export function forStretches(
  slab: Slab,
  from: number,
  to: number,
  visit: (offset: number, at: number, rows: number, run: number, stride: number) => void,
): void {
  const { rowBytes } = slab;
  const stride = slab.strides.at(-1) ?? 0;
  for (let at = from; at < to;) {
    const within = at % rowBytes;
    const row = (at - within) / rowBytes;
    const whole = within === 0 && to - at >= rowBytes;
    const rows = whole ? Math.min(rowsAfter(slab, row), Math.floor((to - at) / rowBytes)) : 1;
    const run = whole ? rowBytes : Math.min(rowBytes - within, to - at);
    visit(rowOffset(slab, row) + within, at, rows, run, stride);
    at += rows * run;
  }
}

/** The widest word (4, 2 or 1 bytes) that everything about a transfer is a multiple of. */
function wordFor(memory: Memory, slab: Slab, start: number, piece: Uint8Array, count: number): number {
  const places = [
    memory.byteOffset + slab.offset,
    slab.rowBytes,
    ...slab.strides,
    piece.byteOffset,
    start,
    count,
  ];
  return [4, 2].find((bytes) => places.every((place) => place % bytes === 0)) ?? 1;
}

/** Rows from number `row` to the end of the innermost axis. */
function rowsAfter(slab: Slab, row: number): number {
  const extent = slab.shape.at(-1) ?? 1;
  return extent - (row % extent);
}

/** Where row number `row` of a slab begins, in bytes from where its offset counts. Local. */
export function rowOffset(slab: Slab, row: number): number {
  let rest = row;
  let offset = slab.offset;
  for (let axis = slab.shape.length - 1; axis >= 0; axis--) {
    const step = rest % slab.shape[axis];
    offset += step * slab.strides[axis];
    rest = (rest - step) / slab.shape[axis];
  }
  return offset;
}
