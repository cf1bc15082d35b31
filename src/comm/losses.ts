/** What it means for a communicator that ranks have gone. */
import { RankLostError } from "../errors.ts";
import type { Awaited, Concern } from "../node/machine.ts";
import { ranksText } from "../node/ranks-text.ts";
import { DIED, PRESENT, type Fate } from "../node/roster.ts";
import { throwFault } from "./arguments.ts";
import type { Fates } from "./fates.ts";

/** How ranks have gone, by their fates. Of the first kind others have told. */
const HOW = ["gone", "ended", "died"] as const;

/** The losses of one communicator. All members are local. */
export class Losses {
  /** For texts: `, in a communicator of ranks 0, 2`; "" for one of all ranks. */
  readonly where: string;
  readonly #fates: Pick<Fates, "gone" | "of">;
  readonly #members: readonly number[];

  /** `members`: the world rank of each rank, in a world of `size`. */
  constructor(fates: Pick<Fates, "gone" | "of">, members: readonly number[], size: number) {
    this.#fates = fates;
    this.#members = members;
    this.where = members.length === size ? "" : `, in a communicator of ${ranksText(members)}`;
  }

  /** How many ranks of the world have gone: while it is 0 nobody has. One load. */
  get gone(): number {
    return this.#fates.gone;
  }

  /** Whether a rank of the communicator has gone. */
  isGone(rank: number): boolean {
    return this.#fateOf(rank) !== PRESENT;
  }

  /** What is wrong if any rank of the communicator has gone: for a call that needs all. */
  faultOfAll(): RankLostError | undefined {
    const gone = this.#gone();
    return gone.length === 0 ? undefined : this.#fault(gone);
  }

  /**
   * What is wrong if a rank of `needed` has gone, or any rank has died: for a wait within a call that all have entered. One that has come
   * to its end has done its part before; one that died need not have, and those who waited for it may have left the call since.
   */
  faultWithin(needed: readonly number[]): RankLostError | undefined {
    const gone = this.#gone();
    const matter = gone.some((rank) => needed.includes(rank) || this.#fateOf(rank) === DIED);
    return matter ? this.#fault(gone) : undefined;
  }

  /** What is wrong if a rank of `needed` has gone, whatever became of others: for a wait for these alone. */
  faultOfPeers(needed: readonly number[]): RankLostError | undefined {
    const gone = needed.filter((rank) => this.isGone(rank));
    return gone.length === 0 ? undefined : this.#fault(gone);
  }

  /** What is wrong if one of these has died, or all have gone: for a wait for any of them. */
  faultOfAny(others: readonly number[]): RankLostError | undefined {
    const gone = others.filter((rank) => this.isGone(rank));
    // Of nobody nobody has gone: a rank alone can still send to itself.
    const vain =
      (gone.length > 0 && gone.length === others.length) || gone.some((rank) => this.#fateOf(rank) === DIED);
    return vain ? this.#fault(gone) : undefined;
  }

  /** What is wrong if a rank has gone of which another rank has told, whether this one knows of it or not. */
  faultOfTold(told: number): RankLostError {
    const all = new Set([...this.#gone(), told]);
    return this.#fault(Array.from(all).toSorted((a, b) => a - b));
  }

  /** A wait for some ranks: `call` names it, `needed` says for whom now, `fault` what is wrong. */
  concern(
    call: () => string,
    needed: () => readonly number[],
    fault: () => RankLostError | undefined,
  ): Concern {
    return {
      describe: () => call() + this.where,
      awaited: () => this.awaited(needed()),
      mind: () => throwFault(fault(), call()),
    };
  }

  /** Those of these ranks that are not known to have gone, as ranks of the world. */
  left(ranks: readonly number[]): readonly number[] {
    return ranks.flatMap((rank) => (this.isGone(rank) ? [] : [this.#members[rank]]));
  }

  /** The ranks as those of the world. */
  awaited(ranks: readonly number[]): readonly Awaited[] {
    return ranks.map((rank) => ({ rank: this.#members[rank] }));
  }

  #gone(): number[] {
    if (this.#fates.gone === 0) return [];
    return this.#members.flatMap((member, rank) => (this.#fates.of(member) === PRESENT ? [] : [rank]));
  }

  #fateOf(rank: number): Fate {
    return this.#fates.of(this.#members[rank]);
  }

  #fault(gone: readonly number[]): RankLostError {
    const how = gone.map((rank) => `rank ${rank} has ${HOW[this.#fateOf(rank)]}`);
    const text =
      `${how.join(", ")}, and can take no part any more. See why it left (its output and exit code). This communicator can only be ` +
      "closed; go on in one without the ranks that have gone";
    return new RankLostError(text, { lost: gone });
  }
}
