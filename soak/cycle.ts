/** One round of making, using and closing everything. */
import { MPIShared, type Communicator } from "../dist/index.js";
import { useArrays } from "./arrays.ts";
import { useBatchInMemory, useBatchOnDisk } from "./batches.ts";
import { useCollectives, useCommunicators, useMessages, useWindows } from "./communication.ts";
import { makeErrors } from "./errors.ts";
import { useLocks } from "./locks.ts";

/** Arrays that stay open while others come and go, so that memory is given back in another order than it was taken. */
const OPEN_ARRAYS = 12;

/** The cycles of one rank; collective, like all that they do. */
export class Cycle {
  readonly #comm: Communicator;
  readonly #open: MPIShared[] = [];

  constructor(comm: Communicator) {
    this.#comm = comm;
  }

  /** Collective. `number` is the same on all ranks. */
  async run(number: number): Promise<void> {
    useArrays(this.#comm, number);
    this.#keepOpen(number);
    await useLocks(this.#comm, number);
    await useBatchInMemory(this.#comm, number);
    if (number % 8 === 0) await useBatchOnDisk(this.#comm);
    useWindows(this.#comm, number);
    useCollectives(this.#comm, number);
    useMessages(this.#comm, number);
    await useCommunicators(this.#comm, number);
    makeErrors(this.#comm);
  }

  /** Local: closes what is open. */
  close(): void {
    for (const one of this.#open) one.close();
  }

  /** Each rank closes another one of the open arrays: the memory is free once all have. */
  #keepOpen(number: number): void {
    this.#open.push(new MPIShared([1 + (number % 7) * 500], "float64", this.#comm));
    if (this.#open.length <= OPEN_ARRAYS) return;
    const [gone] = this.#open.splice((number + this.#comm.rank) % OPEN_ARRAYS, 1);
    gone.close();
  }
}
