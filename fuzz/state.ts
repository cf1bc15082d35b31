/** What a program has made so far, as one rank knows it. */
import type { Communicator, MPIShared } from "../dist/index.js";

/** A communicator of the program. Every rank has as many; on ranks outside it stands null. */
export interface Slot {
  readonly comm: Communicator | null;
  /** World ranks, by rank. */
  readonly members: readonly number[];
  freed: boolean;
}

/** A shared array of the program, and what it must hold: element n is `elementOf(dtype, reference[n])`. */
export interface OpenArray {
  readonly shared: MPIShared;
  readonly reference: number[];
  version: number;
}

/** What a program has made. */
export class State {
  readonly slots: Slot[] = [];
  /** The node of each world rank. */
  readonly nodeOf: readonly number[];
  readonly #arrays = new Map<Communicator, OpenArray[]>();

  constructor(whole: Communicator, nodeOf: readonly number[]) {
    this.nodeOf = nodeOf;
    this.slots.push({ comm: whole, members: nodeOf.map((_, rank) => rank), freed: false });
  }

  /** Local: the open arrays on a communicator. */
  arraysOn(comm: Communicator): OpenArray[] {
    const found = this.#arrays.get(comm) ?? [];
    this.#arrays.set(comm, found);
    return found;
  }

  /** Collective: closes and frees all of it, what was made last first. */
  end(): void {
    for (const arrays of this.#arrays.values()) for (const { shared } of arrays) shared.close();
    for (const { comm, freed } of this.slots.toReversed()) if (!freed) comm?.free();
  }
}
