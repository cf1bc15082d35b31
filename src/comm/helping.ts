/** One rank's long data, copied by that rank and a helper that it has, while the other ranks of its node wait and leave their cores. */
import type { Slab } from "../array/slab.ts";
import type { Copier } from "../node/reach.ts";
import type { Writing } from "./engine.ts";
import { LongData } from "./long-data.ts";

/** Shorter data is copied by its owner: most of it is in the caches, and copied before a helper is awake. */
const HELPED_BYTES = 2 ** 22;

/** Writes long data with help. One for all calls of a communicator. */
export class Helping extends LongData {
  readonly #copier: Copier;
  readonly #others: readonly number[];

  /** `others`: the world ranks that wait meanwhile, on this node. */
  constructor(copier: Copier, others: readonly number[]) {
    super(HELPED_BYTES);
    this.#copier = copier;
    this.#others = others;
  }

  /** Local: the same writing, with help; until the next call of this. */
  of(writing: Writing): Writing {
    this.writing = writing;
    return this;
  }

  protected withHelp(source: Uint8Array, slab: Slab): undefined | null {
    return this.#copier.copy(source, this.memory, slab, this.#others) ? undefined : null;
  }
}
