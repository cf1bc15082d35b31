/** Meetings on a board, through every schedule of two and three ranks. */
import { describe, expect, it } from "vitest";
import { Board, boardBytes } from "../../dist/node/board.js";
import { BLOCKED, DONE, GOING, type Machine } from "../../dist/node/machine.js";
import { Rendezvous, type Agenda } from "../../dist/node/rendezvous.js";
import { explore, ScheduleFailure, type World } from "./node-schedules.ts";

/** One meeting: who takes turns, and how it ends. */
interface Plan {
  readonly turns: readonly number[];
  /** The check finds that ranks do not agree. */
  readonly refused?: boolean;
  /** The turn that ends the meeting. */
  readonly failsIn?: number;
}

const AWAKE = 0;
const ARMED = 1;
const ASLEEP = 2;

/** How a world can be broken, so that the search must find it. */
interface Mutant {
  readonly board?: new (memory: { buffer: ArrayBufferLike; byteOffset: number }, size: number) => Board;
  /** Rings before the change is there to be seen. */
  readonly ringsEarly?: boolean;
  readonly ringsNobody?: boolean;
  /** The count of arrivals is reset after the release. */
  readonly resetsLate?: boolean;
}

/** A store or a ring of a step that others do not see yet: they happen one at a time, in order. */
interface Pending {
  readonly what: string;
  readonly happen: () => void;
}

/** The index of the count of arrivals, as the board has it: the only word that is reset to 0. */
const ARRIVED = 0;

/** One rank: it fills its slot, takes part in the meeting, and reads all slots; then the next meeting. */
class Rank implements Agenda {
  meeting = 0;
  phase: "fill" | "meet" | "read" = "fill";
  sleep = AWAKE;
  pending: Pending[] = [];
  /** What the machine has done in this meeting: with the memory, all there is to its private state. */
  events = "";
  readonly place: number;
  readonly board: Board;
  readonly machine: Rendezvous;
  readonly world: Meetings;

  constructor(place: number, board: Board, world: Meetings) {
    this.place = place;
    this.board = board;
    this.world = world;
    this.machine = new Rendezvous(board, place, (other) => {
      if (!world.mutant.ringsNobody) this.later(`ring ${other}`, () => (world.ranks[other].sleep = AWAKE));
    });
  }

  get plan(): Plan {
    return this.world.plans[this.meeting];
  }

  get turns(): readonly number[] {
    return this.plan.turns;
  }

  get finished(): boolean {
    return this.meeting === this.world.plans.length && this.pending.length === 0;
  }

  later(what: string, happen: () => void): void {
    if (this.world.mutant.ringsEarly && what.startsWith("ring")) happen();
    else this.pending.push({ what, happen });
  }

  check(): boolean {
    this.events += "c";
    this.world.allEntered(this.meeting);
    if (this.plan.refused) this.board.conclude(Uint8Array.of(this.meeting, 99), true);
    return !this.plan.refused;
  }

  act(turn: number): Machine | null {
    this.events += `a${turn}`;
    this.world.begins(this, turn);
    // Every other turn takes time.
    if (turn % 2 === 1) return null;
    let left = 1;
    return {
      step: () => {
        this.events += "s";
        return left-- > 0 ? GOING : DONE;
      },
    };
  }

  acted(turn: number): boolean {
    this.events += `e${turn}`;
    this.world.ends(this, turn);
    const fails = this.plan.failsIn === turn;
    this.board.conclude(Uint8Array.of(this.meeting, turn), fails);
    return !fails;
  }

  step(): void {
    if (this.phase === "fill") this.#fill();
    else if (this.phase === "meet") this.#meet();
    else this.#read();
  }

  #fill(): void {
    const { words } = this.board.slot(this.machine.parity, this.place);
    words[0] = this.#sign(this.place);
    this.machine.begin(this);
    this.phase = "meet";
  }

  #meet(): void {
    if (this.events === "") this.world.entered[this.place]++;
    const outcome = this.machine.step();
    this.events ||= "in";
    if (outcome === BLOCKED) this.sleep = this.sleep === AWAKE ? ARMED : ASLEEP;
    else this.sleep = AWAKE;
    if (outcome !== DONE) return;
    this.world.allEntered(this.meeting);
    this.world.turnsOver(this.meeting);
    this.phase = "read";
  }

  #read(): void {
    for (const { place } of this.world.ranks) {
      const { words } = this.board.slot(1 - this.machine.parity, place);
      if (words[0] !== this.#sign(place))
        throw new ScheduleFailure("a slot was overwritten before it was read");
    }
    const { turns, refused = false, failsIn } = this.plan;
    const last = refused ? 99 : (failsIn ?? turns.length - 1);
    const wanted = turns.length > 0 || refused ? [this.meeting, last] : [];
    if (this.board.result.join() !== wanted.join()) throw new ScheduleFailure("the result is another one");
    if (this.board.failed !== (refused || failsIn !== undefined))
      throw new ScheduleFailure("not all failed alike");
    this.meeting++;
    this.phase = "fill";
    this.events = "";
  }

  #sign(place: number): number {
    return 10 * this.meeting + place + 1;
  }

  key(): string {
    const pending = this.pending.map((one) => one.what).join();
    return [this.meeting, this.phase, this.sleep, this.events, pending].join("/");
  }
}

/** Ranks on one board. */
class Meetings implements World {
  readonly plans: readonly Plan[];
  readonly mutant: Mutant;
  readonly ranks: readonly Rank[];
  readonly entered: number[];
  readonly memory: Int32Array;
  /** Turns done in each meeting, and who is in one. */
  readonly done: number[];
  acting: Rank | null = null;

  constructor(size: number, plans: readonly Plan[], firstEpoch: number, mutant: Mutant) {
    this.plans = plans;
    this.mutant = mutant;
    const buffer = new SharedArrayBuffer(boardBytes(size));
    this.memory = new Int32Array(buffer);
    const make = () => new (mutant.board ?? Board)({ buffer, byteOffset: 0 }, size);
    make().epoch = firstEpoch;
    this.ranks = Array.from({ length: size }, (_, place) => new Rank(place, make(), this));
    this.entered = this.ranks.map(() => 0);
    this.done = plans.map(() => 0);
  }

  get finished(): boolean {
    return this.ranks.every((rank) => rank.finished);
  }

  choices(): string[] {
    return this.ranks
      .filter((rank) => !rank.finished && (rank.pending.length > 0 || rank.sleep !== ASLEEP))
      .map((rank) => String(rank.place));
  }

  take(choice: string): void {
    const rank = this.ranks[Number(choice)];
    const next = rank.pending.shift();
    if (next) next.happen();
    else this.#record(rank);
  }

  /** The atomic stores of a step are kept back: the others see them one at a time, and any number of their steps apart. */
  #record(rank: Rank): void {
    const { store } = Atomics;
    const late: Pending[] = [];
    const delay = (words: Int32Array, index: number, value: number): number => {
      const one = { what: `${index}=${value}`, happen: () => void store(words, index, value) };
      if (this.mutant.resetsLate && index === ARRIVED) late.push(one);
      else rank.pending.push(one);
      return value;
    };
    Atomics.store = delay as typeof Atomics.store;
    try {
      rank.step();
    } finally {
      Atomics.store = store;
      rank.pending.push(...late);
    }
  }

  key(): string {
    return `${this.memory.join()}|${this.ranks.map((rank) => rank.key()).join("|")}`;
  }

  allEntered(meeting: number): void {
    if (this.entered.some((count) => count <= meeting))
      throw new ScheduleFailure("left before all had entered");
  }

  turnsOver(meeting: number): void {
    const { turns, refused, failsIn } = this.plans[meeting];
    const wanted = refused ? 0 : failsIn === undefined ? turns.length : failsIn + 1;
    if (this.done[meeting] !== wanted) throw new ScheduleFailure("left before the turns were over");
  }

  begins(rank: Rank, turn: number): void {
    this.allEntered(rank.meeting);
    if (this.acting) throw new ScheduleFailure("two act at once");
    if (rank.turns[turn] !== rank.place || this.done[rank.meeting] !== turn) {
      throw new ScheduleFailure("a turn was taken by another, or twice, or too early");
    }
    this.acting = rank;
  }

  ends(rank: Rank, turn: number): void {
    if (this.acting !== rank) throw new ScheduleFailure("a turn ended that had not begun");
    this.acting = null;
    this.done[rank.meeting] = turn + 1;
  }
}

/** Epochs from which the count passes the ends of its range within a few meetings. */
const FIRST_EPOCHS = [0, 0x7fff_fffc, -4] as const;

function search(size: number, plans: readonly Plan[], mutant: Mutant = {}, firstEpoch = 0) {
  return explore(() => new Meetings(size, plans, firstEpoch, mutant));
}

const PLAIN: Plan = { turns: [] };

describe("every schedule of a few ranks", () => {
  it.each(FIRST_EPOCHS)("two ranks, meetings with and without turns, from epoch %i", (firstEpoch) => {
    const plans = [PLAIN, { turns: [0, 1] }, { turns: [1] }, { turns: [0, 1, 0] }, PLAIN];
    const { failure, states, ends } = search(2, plans, {}, firstEpoch);
    expect(failure).toBeNull();
    expect(ends).toBeGreaterThan(0);
    expect(states).toBeGreaterThan(300);
  });

  it("two ranks, meetings that end early", () => {
    const plans = [
      { turns: [0, 1], refused: true },
      { turns: [0, 1, 0], failsIn: 0 },
      { turns: [1, 1, 0], failsIn: 1 },
      PLAIN,
    ];
    expect(search(2, plans).failure).toBeNull();
  });

  it.each([
    ["no turns", [PLAIN, PLAIN, PLAIN]],
    ["turns of one, of all, and of one twice", [{ turns: [2] }, { turns: [0, 1, 2] }]],
    ["a turn that ends it all, then another meeting", [{ turns: [1, 2, 1], failsIn: 1 }, { turns: [0] }]],
    ["a refusal, then another meeting", [{ turns: [0, 2], refused: true }, PLAIN]],
  ] satisfies [string, Plan[]][])("three ranks: %s", (_, plans) => {
    const { failure, ends } = search(3, plans);
    expect(failure).toBeNull();
    expect(ends).toBeGreaterThan(0);
  });

  it("one rank meets itself", () => {
    expect(search(1, [PLAIN, { turns: [0, 0] }, PLAIN]).failure).toBeNull();
  });
});

/** Lets the last but one rank in as if it were the last. */
class HastyBoard extends Board {
  #count = 0;
  override enter(): boolean {
    return super.enter() || ++this.#count % 2 === 0;
  }
}

/** Uses one slot for all meetings. */
class NarrowBoard extends Board {
  override slot(_parity: number, place: number) {
    return super.slot(0, place);
  }
}

/** Forgets the turns: a new epoch is a release. */
class BluntBoard extends Board {
  override get epoch(): number {
    return Math.ceil(super.epoch / 4) * 4;
  }
  override set epoch(value: number) {
    super.epoch = value;
  }
}

describe("the search finds what is broken", () => {
  const plans = [PLAIN, { turns: [0, 1] }, PLAIN];

  it.each([
    ["nobody is rung", { ringsNobody: true }, /wake-up was lost/],
    ["the bell is rung before the change", { ringsEarly: true }, /wake-up was lost/],
    ["arrivals are reset after the release", { resetsLate: true }, /wake-up was lost|before all had entered/],
    ["a rank takes itself for the last", { board: HastyBoard }, /before all had entered/],
    ["each rank has one slot", { board: NarrowBoard }, /slot was overwritten/],
    ["turns are not told from the release", { board: BluntBoard }, /turn/],
  ] satisfies [string, Mutant, RegExp][])("%s", (_, mutant, text) => {
    expect(search(2, plans, mutant).failure).toMatch(text);
  });
});
