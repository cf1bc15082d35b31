/** Communicators whose ranks are all in this one thread, for tests of what needs no real waiting. */
import type { Communicator } from "../../src/comm/contract.ts";
import { Losses } from "../../src/comm/losses.ts";
import type { Call, Engine, Words } from "../../src/comm/engine.ts";
import { PshmemError } from "../../src/errors.ts";
import {
  BLOCKED,
  DONE,
  type Ending,
  type Machine,
  type Pace,
  type Patience,
} from "../../src/node/machine.ts";
import { DIED, PRESENT, type Fate } from "../../src/node/roster.ts";
import { PlainWords } from "./lock-search.ts";

/** What the ranks have in common. */
interface Together {
  readonly size: number;
  readonly members: readonly number[];
  readonly words: Map<number, PlainWords>;
  readonly bells: Set<() => void>[];
  readonly fates: GoneRanks;
  closedWords: number;
}

/** What has become of the ranks. */
class GoneRanks {
  readonly #gone = new Set<number>();

  get gone(): number {
    return this.#gone.size;
  }

  of(rank: number): Fate {
    return this.#gone.has(rank) ? DIED : PRESENT;
  }

  add(rank: number): void {
    this.#gone.add(rank);
  }
}

/** Blocking waits end at once, since nobody else can run meanwhile: with a time-out, or as a deadlock. */
class OneThreadPace implements Pace {
  readonly glances = 0;
  readonly #bell: Set<() => void>;

  constructor(bell: Set<() => void>) {
    this.#bell = bell;
  }

  run(machine: Machine, patience?: Patience): Ending {
    for (;;) {
      const outcome = machine.step();
      if (outcome === DONE) return "done";
      if (outcome !== BLOCKED) continue;
      if ((patience?.deadline ?? Infinity) < Infinity) return "timeout";
      throw new PshmemError("DEADLOCK", "nobody else can run");
    }
  }

  async runAsync(machine: Machine, patience?: Patience): Promise<Ending> {
    for (;;) {
      const outcome = machine.step();
      if (outcome === DONE) return "done";
      if (patience?.signal?.aborted) return "aborted";
      const left = (patience?.deadline ?? Infinity) - performance.now();
      if (left <= 0) return "timeout";
      // oxlint-disable-next-line no-await-in-loop -- that is what waiting is
      if (outcome === BLOCKED) await this.#rung(left, patience?.signal);
    }
  }

  async #rung(ms: number, signal?: AbortSignal): Promise<void> {
    let wake!: () => void;
    const woken = new Promise<void>((resolve) => (wake = resolve));
    const timer = ms === Infinity ? undefined : setTimeout(wake, ms);
    this.#bell.add(wake);
    signal?.addEventListener("abort", wake);
    await woken;
    this.#bell.delete(wake);
    signal?.removeEventListener("abort", wake);
    clearTimeout(timer);
  }
}

/** What locks use of an engine. */
type Used = Pick<
  Engine,
  "rank" | "size" | "members" | "pace" | "glances" | "losses" | "check" | "nextObject" | "allocateWords"
>;

/** The engine of one rank. */
export class OneThreadEngine implements Used {
  readonly rank: number;
  readonly size: number;
  readonly members: readonly number[];
  readonly losses: Losses;
  readonly pace: Pace;
  readonly glances = 0;
  freed = false;
  readonly #together: Together;
  #objects = 0;

  constructor(rank: number, together: Together) {
    this.rank = rank;
    this.size = together.size;
    this.members = together.members;
    this.losses = new Losses(together.fates, this.members, together.size);
    this.pace = new OneThreadPace(together.bells[rank]);
    this.#together = together;
  }

  /** This rank dies, as far as the others know, and all are woken. */
  die(): void {
    this.#together.fates.add(this.rank);
    for (const bell of this.#together.bells) bell.forEach((wake) => wake());
  }

  get closedWords(): number {
    return this.#together.closedWords;
  }

  check(call: string): void {
    if (this.freed) throw new PshmemError("FREED", `${call}: freed`);
  }

  nextObject(): number {
    return ++this.#objects;
  }

  allocateWords(call: Call, count: number, onRoot = count): Words {
    if (call.fault) throw call.fault;
    const { words, bells, size } = this.#together;
    const shared = words.get(call.object!) ?? new PlainWords(size, Math.max(count, onRoot));
    shared.rung = (rank) => bells[rank].forEach((wake) => wake());
    shared.close = () => this.#together.closedWords++;
    words.set(call.object!, shared);
    return shared;
  }
}

/** Stand-ins for the communicator objects of `size` ranks, one for each rank. */
export function ranks(size: number): Communicator[] {
  const bells = Array.from({ length: size }, () => new Set<() => void>());
  const members = Array.from({ length: size }, (_, member) => member);
  const fates = new GoneRanks();
  const together: Together = { size, members, words: new Map(), bells, fates, closedWords: 0 };
  return Array.from(
    { length: size },
    (_, rank) => new OneThreadEngine(rank, together) as unknown as Communicator,
  );
}

/** The engine behind a stand-in. */
export function engineFor(comm: Communicator): OneThreadEngine {
  return comm as unknown as OneThreadEngine;
}

/** What takes the place of the module `world.ts`. */
export const oneThreadWorld = {
  communicatorOf: (comm: Communicator | null): Communicator => comm ?? ranks(1)[0],
  engineOf: (comm: Communicator | null): OneThreadEngine => engineFor(comm ?? ranks(1)[0]),
};
