/** What a rank waits for in the line of a lock: what the report of a stall says of it, and what is done when ranks have gone. */
import type { Engine } from "../comm/engine.ts";
import { RankLostError } from "../errors.ts";
import type { Awaited, Concern, Machine } from "../node/machine.ts";
import { SHARES, STANCE } from "./layout.ts";
import { drive } from "./procedure.ts";
import type { Place } from "./queue.ts";
import { wordOf } from "./afar.ts";
import type { Recovery } from "./recovery.ts";
import { FOR_ROOM, kindOf, MOVING, WAITING } from "./stance.ts";
import { readState } from "./state.ts";

/** How often (ms) a waiting rank looks after the lost without any sign: ranks of other nodes may not know yet of one that has gone. */
const LOOK_MS = 1_000;

/** A machine that looks after the lost. */
interface Look extends Machine {
  call(): void;
}

/** The {@link Concern} of one rank in one line. All members are local. */
export class LineConcern implements Concern {
  /** The call that waits. */
  call = "";
  readonly #engine: Engine;
  readonly #place: Place;
  readonly #recovery: Recovery;
  readonly #id: number;
  #lastLook = -Infinity;

  /** `id`: number of the object. */
  constructor(engine: Engine, place: Place, recovery: Recovery, id: number) {
    this.#engine = engine;
    this.#place = place;
    this.#recovery = recovery;
    this.#id = id;
  }

  describe(): string {
    return `${this.call} of object ${this.#id}${this.#engine.losses.where}`;
  }

  /** Those inside; where nobody is, whoever may be on the way in or out, and those in line. */
  awaited(): readonly Awaited[] {
    const inside = this.inside();
    return inside.length > 0 ? inside : this.#others(({ stance }) => ABOUT[kindOf(stance)] ?? null);
  }

  /** Those inside, alone or sharing. */
  inside(): readonly Awaited[] {
    const { holder, token, heldFor } = readState(this.#place);
    if (holder === null) return this.#others(({ shares }) => (shares === 0 ? null : "is inside, sharing"));
    const last = `has held it for ${Math.round(heldFor / 1000)} s with token ${token}`;
    return [{ rank: this.#engine.members[holder], last }];
  }

  mind(): void {
    if (this.#recovery.due || performance.now() - this.#lastLook > LOOK_MS) this.mend();
  }

  /**
   * Sets right what ranks that have gone have left behind, as far as that can be told at this moment.
   *
   * @throws RankLostError when the rank that keeps the words has gone, and they are out of reach
   */
  mend(): void {
    if (this.#place.losses.gone === 0) return;
    this.#lastLook = performance.now();
    this.look(this.#recovery);
  }

  /**
   * Looks after the lost, as far as they can be reached.
   *
   * @throws as {@link mend}
   */
  look(machine: Look): void {
    try {
      machine.call();
      drive(machine);
    } catch (error) {
      // A rank of another node that went while it was asked: `due` knows.
      if (!(error instanceof RankLostError) || this.#place.losses.isGone(this.#place.root)) throw error;
    }
  }

  #others(tell: (words: { stance: number; shares: number }) => string | null): readonly Awaited[] {
    const { words, size, rank } = this.#place;
    const others = Array.from({ length: size }, (_, other) => other).filter((other) => other !== rank);
    return others.flatMap((other) => {
      const stance = wordOf(this.#place, words, other, STANCE);
      const shares = wordOf(this.#place, words, other, SHARES);
      // What has gone does nothing any more, and whoever waits sets right what it left.
      const last = stance === null || shares === null ? null : tell({ stance, shares });
      return last === null ? [] : [{ rank: this.#engine.members[other], last }];
    });
  }
}

/** What a rank does that is not out, by the kind of its stance. */
const ABOUT: Readonly<Record<number, string>> = {
  [MOVING]: "was about to enter or leave",
  [WAITING]: "stands in line",
  [FOR_ROOM]: "stands first in line",
};
