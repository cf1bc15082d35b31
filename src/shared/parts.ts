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
  const dimensions = boxes.length === 0 ? 0 : boxes[0].length;
  const numbers = new Float64Array(1 + 3 * dimensions * boxes.length);
  numbers[0] = boxes.length;
  let at = 1;
  for (const box of boxes) {
    for (const { start, step, count } of box) {
      numbers[at++] = start;
      numbers[at++] = step;
      numbers[at++] = count;
    }
  }
  return new Uint8Array(numbers.buffer);
}

/** Local: the reverse of {@link encodeBoxes}, for an array of so many dimensions. */
export function decodeBoxes(bytes: Uint8Array, dimensions: number): Box[] {
  const numbers = new Float64Array(bytes.slice().buffer);
  const boxes: Box[] = [];
  let at = 1;
  while (boxes.length < numbers[0]) {
    const box: SliceRange[] = [];
    for (let axis = 0; axis < dimensions; axis++, at += 3) {
      box.push({ start: numbers[at], step: numbers[at + 1], count: numbers[at + 2] });
    }
    boxes.push(box);
  }
  return boxes;
}

/** A rank's box, and the first and last element of it in C order. */
interface Reach {
  readonly rank: number;
  readonly box: Box;
  readonly first: number;
  readonly last: number;
}

/** Local: the error for boxes of two ranks that share an element, the lowest such ranks: the same wherever `boxes[rank]` are. */
export function faultOfOverlap(
  op: Op,
  shape: readonly number[],
  boxes: readonly (readonly Box[])[],
): PshmemError | undefined {
  const strides = stridesOf(shape);
  const reaches: Reach[] = [];
  for (let rank = 0; rank < boxes.length; rank++) {
    for (const box of boxes[rank]) reaches.push(reachOf(rank, box, strides));
  }
  reaches.sort((a, b) => a.first - b.first);
  let worst: readonly [Reach, Reach] | undefined;
  for (let i = 0; i < reaches.length; i++) {
    const one = reaches[i];
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
  let first = 0;
  let last = 0;
  for (let axis = 0; axis < box.length; axis++) {
    const { start, step, count } = box[axis];
    first += start * strides[axis];
    last += (start + (count - 1) * step) * strides[axis];
  }
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
