/** Which parts of an array ranks write: remembered until they are told, told to all ranks, and compared. */
import { boxSize, boxText, joined, overlap, type Box } from "../array/box.ts";
import { stridesOf } from "../array/shape.ts";
import type { SliceRange } from "../array/slice.ts";
import type { Op } from "../comm/calls.ts";
import { PshmemError } from "../errors.ts";

/** The parts that one rank has written: few, however often it writes, where one goes on from another or is written again. */
export class Parts {
  readonly #boxes = new Map<string, Box>();
  #latest = "";

  get boxes(): readonly Box[] {
    return [...this.#boxes.values()];
  }

  add(box: Box): void {
    if (boxSize(box) === 0) return;
    const latest = this.#boxes.get(this.#latest);
    const both = latest && joined(latest, box);
    if (both && both === latest) return;
    if (both) this.#boxes.delete(this.#latest);
    this.#latest = boxText(both ?? box);
    this.#boxes.set(this.#latest, both ?? box);
  }

  clear(): void {
    this.#boxes.clear();
  }
}

/** Local: boxes as bytes: their number, then start, step and count of each axis of each, as float64. */
export function encodeBoxes(boxes: readonly Box[]): Uint8Array {
  const numbers = boxes.flat().flatMap(({ start, step, count }) => [start, step, count]);
  return new Uint8Array(Float64Array.of(boxes.length, ...numbers).buffer);
}

/** Local: the reverse of {@link encodeBoxes}, for an array of so many dimensions. */
export function decodeBoxes(bytes: Uint8Array, dimensions: number): Box[] {
  const [length, ...numbers] = new Float64Array(bytes.slice().buffer);
  const rangeAt = (at: number): SliceRange => {
    const [start, step, count] = numbers.slice(3 * at, 3 * at + 3);
    return { start, step, count };
  };
  return Array.from({ length }, (_, i) =>
    Array.from({ length: dimensions }, (_axis, axis) => rangeAt(i * dimensions + axis)),
  );
}

/** A rank's box, and the first and last element of it in C order. */
interface Reach {
  readonly rank: number;
  readonly box: Box;
  readonly first: number;
  readonly last: number;
}

/** Local: the error for boxes of two ranks that share an element, the lowest such ranks; the same on all ranks. `boxes[rank]` are not empty. */
export function faultOfOverlap(
  op: Op,
  shape: readonly number[],
  boxes: readonly (readonly Box[])[],
): PshmemError | undefined {
  const strides = stridesOf(shape);
  const reaches = boxes
    .flatMap((ofRank, rank) => ofRank.map((box) => reachOf(rank, box, strides)))
    .toSorted((a, b) => a.first - b.first);
  let worst: readonly [Reach, Reach] | undefined;
  for (const [i, one] of reaches.entries()) {
    // Boxes further on begin behind the end of this one.
    for (let j = i + 1; j < reaches.length && reaches[j].first <= one.last; j++) {
      const other = reaches[j];
      if (one.rank === other.rank || !overlap(one.box, other.box)) continue;
      const pair = one.rank < other.rank ? ([one, other] as const) : ([other, one] as const);
      if (!worst || comesBefore(pair, worst)) worst = pair;
    }
  }
  return worst && overlapping(op, worst);
}

function reachOf(rank: number, box: Box, strides: readonly number[]): Reach {
  const first = box.reduce((sum, { start }, axis) => sum + start * strides[axis], 0);
  const last = box.reduce((sum, { step, count }, axis) => sum + (count - 1) * step * strides[axis], first);
  return { rank, box, first, last };
}

function comesBefore(a: readonly [Reach, Reach], b: readonly [Reach, Reach]): boolean {
  return a[0].rank < b[0].rank || (a[0].rank === b[0].rank && a[1].rank < b[1].rank);
}

function overlapping(op: Op, [a, b]: readonly [Reach, Reach]): PshmemError {
  const text =
    `${op}: ${boxText(a.box)} of rank ${a.rank} and ${boxText(b.box)} of rank ${b.rank} share elements; ` +
    "let each rank write a part of its own";
  return new PshmemError("OVERLAP", text, { call: op, rank: b.rank, actual: [a.rank, b.rank] });
}
