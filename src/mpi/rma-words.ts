/** Shared words in the memory of an MPI window. */
import type { DistantPlace, Keeper } from "../comm/backend.ts";
import type { Words } from "../comm/engine.ts";
import type { Handle } from "./abi/types.ts";
import type { RmaAccess } from "./rma-access.ts";

const WORD_BYTES = Int32Array.BYTES_PER_ELEMENT;

/** The operations of MPI in use, from the table of the library. */
export interface RmaOps {
  readonly SUM: Handle;
  readonly REPLACE: Handle;
  readonly NO_OP: Handle;
}

/**
 * {@link Words} by MPI_Fetch_and_op, MPI_Get_accumulate and MPI_Compare_and_swap. A word sees different operations from several ranks at once, as in the
 * standard's own mutex (MPI-4.1 example 12.16); that a library keeps them atomic with one another is part of the self-test.
 */
export class RmaWords implements Words {
  readonly #access: RmaAccess;
  readonly #ops: RmaOps;
  readonly #places: readonly DistantPlace[];
  readonly #keeper: Keeper;

  constructor(access: RmaAccess, ops: RmaOps, places: readonly DistantPlace[], keeper: Keeper) {
    this.#access = access;
    this.#ops = ops;
    this.#places = places;
    this.#keeper = keeper;
  }

  load(rank: number, index: number): number {
    return this.#fetch(rank, index, 0, this.#ops.NO_OP);
  }

  store(rank: number, index: number, value: number): void {
    this.#fetch(rank, index, value, this.#ops.REPLACE);
  }

  readRun(rank: number, index: number, into: Int32Array): void {
    this.#fetchRun(rank, index, into, this.#ops.NO_OP);
  }

  write(rank: number, index: number, value: number): void {
    this.store(rank, index, value);
  }

  writeRun(rank: number, index: number, values: Int32Array): void {
    this.#fetchRun(rank, index, values, this.#ops.REPLACE);
  }

  add(rank: number, index: number, value: number): number {
    return this.#fetch(rank, index, value, this.#ops.SUM);
  }

  exchange(rank: number, index: number, value: number): number {
    return this.#fetch(rank, index, value, this.#ops.REPLACE);
  }

  compareExchange(rank: number, index: number, expected: number, value: number): number {
    this.#keeper.poll();
    const { owner, address } = this.#places[rank];
    return this.#access.swap(4, owner, address + index * WORD_BYTES, expected, value);
  }

  ring(rank: number): void {
    this.#keeper.ring(rank);
  }

  close(): void {
    this.#keeper.close();
  }

  /** Whoever looks at words again and again makes no other call: each look takes messages in. */
  #fetch(rank: number, index: number, value: number, op: Handle): number {
    this.#keeper.poll();
    const { owner, address } = this.#places[rank];
    return this.#access.fetch(4, owner, address + index * WORD_BYTES, value, op);
  }

  #fetchRun(rank: number, index: number, words: Int32Array, op: Handle): void {
    this.#keeper.poll();
    const { owner, address } = this.#places[rank];
    this.#access.fetchRun(owner, address + index * WORD_BYTES, words, op);
  }
}
