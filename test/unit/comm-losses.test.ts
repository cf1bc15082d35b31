/**
 * Ranks of several nodes that meet again and again while one of them comes to its end, in every schedule. Of that the ranks of its node know at
 * once; those of other nodes each by itself: when it waits for that rank, or before it enters a meeting.
 */
import { describe, expect, it } from "vitest";
import type { Letters } from "../../dist/comm/letters.js";
import { Losses } from "../../dist/comm/losses.js";
import { Meeting } from "../../dist/comm/meeting.js";
import { GroupTopology } from "../../dist/comm/topology.js";
import { PshmemError } from "../../dist/errors.js";
import { Board, boardBytes } from "../../dist/node/board.js";
import { BLOCKED, DONE, type Machine } from "../../dist/node/machine.js";
import { ENDED, PRESENT, type Fate } from "../../dist/node/roster.js";
import type { Waits } from "../../dist/node/script.js";
import { explore, ScheduleFailure, type World } from "./node-schedules.ts";

interface Scenario {
  /** The node of each rank. */
  readonly nodeOf: readonly number[];
  readonly victim: number;
  /** In how many meetings the victim takes part before it ends. */
  readonly before: number;
  /** Of other nodes: who may learn of the end without waiting for the victim. */
  readonly learners: readonly number[];
  /** What is wrong: a rank that knows throws, and does not enter. */
  readonly throwsAlone?: boolean;
}

/** Meetings of those that stay. */
const MEETINGS = 2;

class Rank {
  /** Of each meeting. */
  readonly outcomes: ("fine" | "lost")[] = [];
  readonly arrived = new Map<string, Uint8Array[]>();
  knows = false;
  sleeps = false;
  /** All that has happened to it: what it keeps to itself follows from that. */
  events = "";
  readonly me: number;
  readonly #world: Ending;
  readonly #meeting: Meeting;
  readonly #losses: Losses;
  #machine: Machine | null = null;

  constructor(world: Ending, me: number, board: ArrayBufferLike) {
    this.me = me;
    this.#world = world;
    const { nodeOf, victim } = world.scenario;
    const knows = () => this.knows;
    const fates = {
      get gone() {
        return Number(knows());
      },
      of: (rank: number): Fate => (knows() && rank === victim ? ENDED : PRESENT),
    };
    const topology = new GroupTopology(me, nodeOf);
    this.#losses = new Losses(
      fates,
      nodeOf.map((_, rank) => rank),
      nodeOf.length,
    );
    this.#meeting = new Meeting(
      me,
      nodeOf.length,
      topology,
      new Board({ buffer: board, byteOffset: 0 }, topology.nodeSize),
      this.#letters(),
      this.#losses,
      (rank) => world.ranks[rank].wake(),
    );
  }

  get isVictim(): boolean {
    return this.me === this.#world.scenario.victim;
  }

  get finished(): boolean {
    return this.outcomes.length === (this.isVictim ? this.#world.scenario.before : MEETINGS);
  }

  get isBetweenCalls(): boolean {
    return this.#machine === null;
  }

  /** What it waits for is the victim, which answers that it has ended. */
  get mustLearn(): boolean {
    const { victim, victimEnded } = this.#world;
    return this.sleeps && !this.knows && victimEnded && this.#meeting.awaited()[0]?.rank === victim;
  }

  wake(): void {
    this.sleeps = false;
  }

  learn(): void {
    this.knows = true;
    this.events += "k";
    this.wake();
  }

  step(): void {
    try {
      this.#step();
    } catch (error) {
      if (!(error instanceof PshmemError) || error.code !== "RANK_LOST") throw error;
      this.#end("lost");
    }
  }

  #step(): void {
    if (!this.#machine) {
      if (this.#world.scenario.throwsAlone && this.knows) throw this.#losses.faultOfAll()!;
      this.#machine = this.#meeting.begin({ op: "barrier" });
    }
    let outcome = this.#machine.step();
    if (outcome === BLOCKED && this.knows) {
      // As `BellPace` does it, which looks again after a while.
      this.#meeting.mind();
      outcome = this.#machine.step();
    }
    this.sleeps = outcome === BLOCKED;
    // A look in vain changes nothing.
    if (!this.sleeps) this.events += outcome;
    if (outcome !== DONE) return;
    this.#meeting.checkOutcome();
    this.#end("fine");
  }

  #end(how: "fine" | "lost"): void {
    this.#machine = null;
    this.sleeps = false;
    this.outcomes.push(how);
    this.events += how;
    this.#world.check(this);
  }

  #letters(): Letters {
    const letters = {
      awaited: null as number | null,
      get needed() {
        return this.awaited === null ? [] : [this.awaited];
      },
      start: (dest: number, tag: number, bytes: Uint8Array) => {
        const { arrived } = this.#world.ranks[dest];
        const key = `${this.me}.${tag}`;
        arrived.set(key, [...(arrived.get(key) ?? []), bytes]);
        this.#world.ranks[dest].wake();
        return { done: true };
      },
      *leaving() {},
      release() {},
      abandonPieces() {},
      receiving: (source: number, tag: number) => this.#receiving(letters, source, tag),
    };
    return letters as unknown as Letters;
  }

  *#receiving(letters: { awaited: number | null }, source: number, tag: number): Waits<Uint8Array> {
    letters.awaited = source;
    for (;;) {
      const bytes = this.arrived.get(`${source}.${tag}`)?.shift();
      if (bytes) {
        letters.awaited = null;
        this.events += `(${bytes.join()})`;
        return bytes;
      }
      yield;
    }
  }
}

/** A world in which the victim ends. */
class Ending implements World {
  readonly scenario: Scenario;
  readonly ranks: readonly Rank[];
  victimEnded = false;

  constructor(scenario: Scenario) {
    this.scenario = scenario;
    const { nodeOf } = scenario;
    const boards = nodeOf.map(() => new SharedArrayBuffer(boardBytes(nodeOf.length)));
    this.ranks = nodeOf.map((node, rank) => new Rank(this, rank, boards[node]));
  }

  get victim(): number {
    return this.scenario.victim;
  }

  get finished(): boolean {
    return this.ranks.every((rank) => rank.finished);
  }

  choices(): string[] {
    return this.ranks.flatMap((rank) => this.#choicesOf(rank));
  }

  #choicesOf(rank: Rank): string[] {
    const { me } = rank;
    if (rank.isVictim && rank.finished) return this.victimEnded ? [] : [`end ${me}`];
    if (rank.finished) return [];
    const { learners } = this.scenario;
    const may = this.victimEnded && !rank.knows && rank.isBetweenCalls && learners.includes(me);
    return [...(rank.sleeps ? [] : [`step ${me}`]), ...(may || rank.mustLearn ? [`learn ${me}`] : [])];
  }

  take(choice: string): void {
    const [what, who] = choice.split(" ");
    const rank = this.ranks[Number(who)];
    if (what === "step") rank.step();
    else if (what === "learn") rank.learn();
    else this.#end();
  }

  /** What the victim took part in has succeeded, and nothing after it. */
  check({ me, outcomes }: Rank): void {
    const wanted = outcomes.length <= this.scenario.before ? "fine" : "lost";
    if (outcomes.at(-1) !== wanted) throw new ScheduleFailure(`rank ${me}: meetings were ${outcomes.join()}`);
  }

  key(): string {
    return [this.victimEnded, ...this.ranks.map(({ events, sleeps }) => `${events}${sleeps}`)].join("/");
  }

  #end(): void {
    const { nodeOf, victim } = this.scenario;
    this.victimEnded = true;
    for (const rank of this.ranks) if (nodeOf[rank.me] === nodeOf[victim] && !rank.isVictim) rank.learn();
  }
}

const PAIRS = [0, 0, 1, 1];
const SCENARIOS: readonly Scenario[] = [
  // The victim leads its node, does not lead it, or is alone on it.
  ...[0, 1].map((victim) => ({ nodeOf: PAIRS, victim })),
  { nodeOf: [0, 1, 0], victim: 1 },
  { nodeOf: [0, 1, 1, 2], victim: 0 },
].flatMap((where) =>
  [0, 1].flatMap((before) => {
    const others = where.nodeOf.flatMap((node, rank) => (node === where.nodeOf[where.victim] ? [] : [rank]));
    return [[], ...others.map((one) => [one]), others].map((learners) => ({ ...where, before, learners }));
  }),
);

const nameOf = ({ nodeOf, victim, before, learners }: Scenario) =>
  `rank ${victim} of nodes ${nodeOf.join()} ends after ${before} meetings, ${learners.join(" and ") || "nobody"} may know`;

describe("a rank that ends", () => {
  it.each(SCENARIOS.map((scenario) => [nameOf(scenario), scenario] as const))("%s", (_, scenario) => {
    const found = explore(() => new Ending(scenario));
    expect(found.failure).toBeNull();
    expect(found.ends).toBeGreaterThan(0);
  });

  it("is noticed to be waited for, where one that knows of it throws without entering", () => {
    for (const learner of [2, 3]) {
      const scenario = { nodeOf: PAIRS, victim: 1, before: 0, learners: [learner], throwsAlone: true };
      expect(explore(() => new Ending(scenario)).failure).toContain("a wake-up was lost");
    }
  });
});

it("a rank alone waits for nobody who could have gone", () => {
  const fates = { gone: 1, of: (rank: number): Fate => (rank === 1 ? ENDED : PRESENT) };
  expect(new Losses(fates, [0], 2).faultOfAny([])).toBe(undefined);
  expect(new Losses(fates, [0, 1], 2).faultOfAny([1])?.code).toBe("RANK_LOST");
});
