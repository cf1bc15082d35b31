/** What has become of the ranks of the world, as one rank knows it. */
import type { Sight } from "../node/company.ts";
import { PRESENT, type Fate } from "../node/roster.ts";
import type { Backend } from "./backend.ts";

/** The fates of all ranks: of those that share memory from their roster, of the others by what they have said. */
export class Fates implements Sight {
  readonly #backend: Pick<Backend, "roster" | "mates">;
  readonly #distant = new Map<number, Fate>();
  /** Of the ranks that share memory, by place, as of the last look; and how many had gone then. */
  #looked: readonly Fate[] = [];
  #lookedGone = 0;
  #goesByLook = false;

  constructor(backend: Pick<Backend, "roster" | "mates">) {
    this.#backend = backend;
  }

  /** How many have gone. Local; one load. */
  get gone(): number {
    return (this.#goesByLook ? this.#lookedGone : this.#backend.roster.gone) + this.#distant.size;
  }

  look(): number {
    const { roster, mates } = this.#backend;
    const { gone } = roster;
    if (gone !== this.#lookedGone) this.#looked = mates.map((_, place) => roster.fateOf(place));
    this.#lookedGone = gone;
    return this.gone;
  }

  asLooked(act: () => void): void {
    this.#goesByLook = true;
    try {
      act();
    } finally {
      this.#goesByLook = false;
    }
  }

  /** Local: what has become of a rank of the world. */
  of(rank: number): Fate {
    const { roster, mates } = this.#backend;
    const place = mates.indexOf(rank);
    if (place < 0) return this.#distant.get(rank) ?? PRESENT;
    return this.#goesByLook ? (this.#looked[place] ?? PRESENT) : roster.fateOf(place);
  }

  /** Local: a rank that shares no memory with this one has gone. */
  note(rank: number, fate: Fate): void {
    this.#distant.set(rank, fate);
  }
}
