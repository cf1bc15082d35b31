/** One-sided words in memory that all ranks of a communicator can load from and store to. */
import type { Words } from "../comm/engine.ts";
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

  read(rank: number, index: number): number {
    return this.#words[this.#bases[rank] + index];
  }

  write(rank: number, index: number, value: number): void {
    this.#words[this.#bases[rank] + index] = value;
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
