/** One-sided words in memory that all ranks of a communicator can load from and store to. */
import type { Piece } from "./heap.ts";

/** Words per cache line: ranks' words do not share one. */
const LINE = 16;

/** Where each rank's words begin, and how many bytes all take, for ranks with `counts` words. */
export function wordLayout(counts: readonly number[]): {
  readonly bases: readonly number[];
  readonly bytes: number;
} {
  let words = 0;
  const bases = counts.map((count) => {
    const base = words;
    words += Math.ceil(count / LINE) * LINE;
    return base;
  });
  return { bases, bytes: words * Int32Array.BYTES_PER_ELEMENT };
}

/**
 * One-sided 32-bit words on each rank of the communicator, zero at the start. All operations are local in MPI's
 * sense (the target does nothing), atomic, and sequentially consistent with one another.
 */
export interface Words {
  load(rank: number, index: number): number;
  store(rank: number, index: number, value: number): void;
  /**
   * As `store`, but in no order with others' operations: for a word that one rank at a time may touch, which the next one comes to by an
   * operation that has an order. Where ranks share memory it costs a tenth.
   */
  write(rank: number, index: number, value: number): void;
  /**
   * Fills `into`, which is not empty, with the words from `index` on, in no order with others' operations. It sees what was done before whatever this rank has
   * learnt by an operation that has an order, and may see more. To another node it is one request.
   */
  readRun(rank: number, index: number, into: Int32Array): void;
  /** As `write`, for all `values`, at least one, from `index` on, in no order with one another. To another node it is one request. */
  writeRun(rank: number, index: number, values: Int32Array): void;
  /** Adds and returns the old value; wraps at 32 bits. */
  add(rank: number, index: number, value: number): number;
  /** Stores and returns the old value. */
  exchange(rank: number, index: number, value: number): number;
  /** Stores `value` if the word is `expected`; returns the old value. */
  compareExchange(rank: number, index: number, expected: number, value: number): number;
  /** Wakes `rank` if it sleeps: to be called after a change that it may be blocked on. */
  ring(rank: number): void;
  /** Local, idempotent. */
  close(): void;
}

/** {@link Words} by `Atomics`. */
export class SharedWords implements Words {
  readonly #words: Int32Array;
  readonly #bases: readonly number[];
  readonly #piece: Piece;
  readonly #ring: (rank: number) => void;

  constructor(piece: Piece, bases: readonly number[], ring: (rank: number) => void) {
    this.#words = new Int32Array(
      piece.buffer,
      piece.byteOffset,
      piece.byteLength / Int32Array.BYTES_PER_ELEMENT,
    );
    this.#bases = bases;
    this.#piece = piece;
    this.#ring = ring;
  }

  load(rank: number, index: number): number {
    return Atomics.load(this.#words, this.#bases[rank] + index);
  }

  store(rank: number, index: number, value: number): void {
    Atomics.store(this.#words, this.#bases[rank] + index, value);
  }

  write(rank: number, index: number, value: number): void {
    this.#words[this.#bases[rank] + index] = value;
  }

  readRun(rank: number, index: number, into: Int32Array): void {
    const words = this.#words;
    const at = this.#bases[rank] + index;
    const { length } = into;
    // Runs are short, and rarely longer than three: without a loop that is half the time.
    into[0] = words[at];
    if (length > 1) into[1] = words[at + 1];
    if (length > 2) into[2] = words[at + 2];
    for (let i = 3; i < length; i++) into[i] = words[at + i];
  }

  writeRun(rank: number, index: number, values: Int32Array): void {
    const words = this.#words;
    const at = this.#bases[rank] + index;
    const { length } = values;
    words[at] = values[0];
    if (length > 1) words[at + 1] = values[1];
    if (length > 2) words[at + 2] = values[2];
    for (let i = 3; i < length; i++) words[at + i] = values[i];
  }

  add(rank: number, index: number, value: number): number {
    return Atomics.add(this.#words, this.#bases[rank] + index, value);
  }

  exchange(rank: number, index: number, value: number): number {
    return Atomics.exchange(this.#words, this.#bases[rank] + index, value);
  }

  compareExchange(rank: number, index: number, expected: number, value: number): number {
    return Atomics.compareExchange(this.#words, this.#bases[rank] + index, expected, value);
  }

  ring(rank: number): void {
    this.#ring(rank);
  }

  close(): void {
    this.#piece.close();
  }
}
