/** What has become of the ranks of the world, as one rank knows it. */
import { PRESENT, type Fate } from "../node/roster.ts";
import type { Backend } from "./backend.ts";

/** The fates of all ranks: of those that share memory from their roster, of the others by what they have said. */
export class Fates {
  readonly #backend: Pick<Backend, "roster" | "mates">;
  readonly #distant = new Map<number, Fate>();

  constructor(backend: Pick<Backend, "roster" | "mates">) {
    this.#backend = backend;
  }

  /** How many have gone. Local; one load. */
  get gone(): number {
    return this.#backend.roster.gone + this.#distant.size;
  }

  /** Local: what has become of a rank of the world. */
  of(rank: number): Fate {
    const { roster, mates } = this.#backend;
    const place = mates.indexOf(rank);
    return place < 0 ? (this.#distant.get(rank) ?? PRESENT) : roster.fateOf(place);
  }

  /** Local: a rank that shares no memory with this one has gone. */
  note(rank: number, fate: Fate): void {
    this.#distant.set(rank, fate);
  }

  /** How many of those that share no memory with this rank have gone. */
  get goneAfar(): number {
    return this.#distant.size;
  }
}
