/** What two threads of a process copy together, in memory that both see: words to share the parts by, and behind these what the parts are. */
import { slabBytes, type Slab } from "../array/slab.ts";
import { copyPart, leastPartBytes } from "../native/reach.ts";
import { HANDOUT_WORDS, partBytesOf } from "../node/handout.ts";
import { SharedWords, type Words } from "../node/words.ts";

/** Slabs of more axes are not copied together. */
export const MOST_AXES = 16;

/** This thread and its helper. */
const COPIERS = 2;

/** The numbers, as float64, behind the words and on lines of their own; after the last come the shape and the strides. */
const ADDRESS = 0;
const GROUND = 1;
const BYTES = 2;
const PART = 3;
const OFFSET = 4;
const ROW = 5;
const AXES = 6;
const HEAD = 7;
const NUMBERS_AT = 64;
const CONTROL_BYTES = NUMBERS_AT + (HEAD + 2 * MOST_AXES) * Float64Array.BYTES_PER_ELEMENT;

/** Local: what two threads need to copy together. */
export function makeControl(): SharedArrayBuffer {
  return new SharedArrayBuffer(CONTROL_BYTES);
}

/** Local: the words of `node/handout.ts` in a control block. */
export function wordsIn(control: SharedArrayBuffer): Words {
  const memory = {
    buffer: control,
    readable: control,
    byteOffset: 0,
    byteLength: HANDOUT_WORDS * Int32Array.BYTES_PER_ELEMENT,
  };
  const piece = { location: { owner: 0, block: 0, slot: 0 }, ...memory, isFresh: false, close() {} };
  // Threads that sleep here are woken by `Atomics.notify`.
  return new SharedWords(piece, [0], () => {});
}

/** A copy of `slab`, whose byte 0 is at `address`, to its places, counted from address `ground`; one thread's view. All members are local. */
export class CopyTask {
  readonly #numbers: Float64Array;
  #address = 0;
  #ground = 0;
  #bytes = 0;
  #partBytes = 0;
  #slab: Slab = { offset: 0, rowBytes: 0, shape: [], strides: [] };

  constructor(control: SharedArrayBuffer) {
    this.#numbers = new Float64Array(control, NUMBERS_AT);
  }

  /** By the owner. Returns how many parts there are; the slab has no more than {@link MOST_AXES} axes. */
  write(address: number, ground: number, slab: Slab): number {
    const bytes = slabBytes(slab);
    const partBytes = partBytesOf(bytes, COPIERS, leastPartBytes(address, ground, slab));
    const { offset, rowBytes, shape, strides } = slab;
    const head = [address, ground, bytes, partBytes, offset, rowBytes, shape.length];
    this.#numbers.set([...head, ...shape, ...strides]);
    this.read();
    return Math.ceil(bytes / partBytes);
  }

  /** By the helper, which has taken a part. */
  read(): void {
    const numbers = this.#numbers;
    this.#address = numbers[ADDRESS];
    this.#ground = numbers[GROUND];
    this.#bytes = numbers[BYTES];
    this.#partBytes = numbers[PART];
    const shapeEnd = HEAD + numbers[AXES];
    this.#slab = {
      offset: numbers[OFFSET],
      rowBytes: numbers[ROW],
      shape: Array.from(numbers.subarray(HEAD, shapeEnd)),
      strides: Array.from(numbers.subarray(shapeEnd, 2 * shapeEnd - HEAD)),
    };
  }

  /** Blocking: copies one part. */
  copy(part: number): void {
    const from = part * this.#partBytes;
    copyPart(this.#address, this.#ground, this.#slab, from, Math.min(from + this.#partBytes, this.#bytes));
  }
}
