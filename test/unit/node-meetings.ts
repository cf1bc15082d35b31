/** Meetings of a few ranks on a board, as a world that can be stepped. */
import { Board, boardBytes } from "../../dist/node/board.js";
import { BLOCKED, DONE, GOING, type Machine } from "../../dist/node/machine.js";
import { Rendezvous, type Agenda } from "../../dist/node/rendezvous.js";
import { ScheduleFailure, type World } from "./node-schedules.ts";

/** One meeting: who takes turns, and how it ends. */
export interface Plan {
  readonly turns: readonly number[];
  /** The check finds that ranks do not agree. */
  readonly refused?: boolean;
  /** The turn that ends the meeting. */
  readonly failsIn?: number;
}

const AWAKE = 0;
const ARMED = 1;
const ASLEEP = 2;
/** Of a mutant: it has looked for the last time, and asks next who has crashed. */
const ASKING = 3;

/** How a world can be broken, so that the search must find it. */
export interface Mutant {
  readonly board?: new (memory: { buffer: ArrayBufferLike; byteOffset: number }, size: number) => Board;
  /** Rings before the change is there to be seen. */
  readonly ringsEarly?: boolean;
  readonly ringsNobody?: boolean;
  /** The count of arrivals is reset after the release. */
  readonly resetsLate?: boolean;
  /** Who has crashed is asked after the last look at the meeting. */
  readonly asksLate?: boolean;
  /** Nobody is rung when a rank has crashed. */
  readonly crashesUnheard?: boolean;
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
  /** It does nothing more: it crashed, or it gave the meeting up since another one did. */
  end: "crashed" | "lost" | null = null;
  /** It crashed before what it had done in its last step could be seen. */
  cutShort = false;
  /** What it knew when it armed its bell. */
  someCrashed = false;
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
      if (!world.mutant.ringsNobody) this.later(`ring ${other}`, () => world.ranks[other].wake());
    });
  }

  get plan(): Plan {
    return this.world.plans[this.meeting];
  }

  get turns(): readonly number[] {
    return this.plan.turns;
  }

  get finished(): boolean {
    return this.end !== null || (this.meeting === this.world.plans.length && this.pending.length === 0);
  }

  wake(): void {
    if (this.sleep !== ASKING) this.sleep = AWAKE;
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
    if (this.sleep === ASKING) this.#giveUpOrSleep(this.world.someCrashed);
    else if (this.phase === "fill") this.#fill();
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
    if (outcome === BLOCKED) this.#block();
    else this.sleep = AWAKE;
    if (outcome !== DONE) return;
    this.world.allEntered(this.meeting);
    this.world.turnsOver(this.meeting);
    this.phase = "read";
  }

  /** As `BellPace` does it: arms its bell, asks who has gone, looks once more, and then gives up or sleeps. */
  #block(): void {
    if (this.sleep === AWAKE) {
      this.sleep = ARMED;
      this.someCrashed = this.world.someCrashed;
    } else if (this.world.mutant.asksLate) this.sleep = ASKING;
    else this.#giveUpOrSleep(this.someCrashed);
  }

  #giveUpOrSleep(someCrashed: boolean): void {
    this.sleep = ASLEEP;
    if (!someCrashed) return;
    this.end = "lost";
    this.world.gaveUp(this);
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
    return [this.meeting, this.phase, this.sleep, this.someCrashed, this.end, this.events, pending].join("/");
  }
}

/** Ranks on one board. */
export class Meetings implements World {
  readonly plans: readonly Plan[];
  readonly mutant: Mutant;
  readonly ranks: readonly Rank[];
  /** How many ranks may crash yet. */
  crashes: number;
  readonly entered: number[];
  readonly memory: Int32Array;
  /** Turns done in each meeting, and who is in one. */
  readonly done: number[];
  acting: Rank | null = null;

  constructor(size: number, plans: readonly Plan[], firstEpoch: number, mutant: Mutant, crashes = 0) {
    this.plans = plans;
    this.crashes = crashes;
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

  get someCrashed(): boolean {
    return this.ranks.some((rank) => rank.end === "crashed");
  }

  choices(): string[] {
    const steps = this.ranks
      .filter((rank) => !rank.finished && (rank.pending.length > 0 || rank.sleep !== ASLEEP))
      .map((rank) => String(rank.place));
    // A world in which only a crash helps has lost a wake-up.
    if (this.crashes === 0 || steps.length === 0) return steps;
    return [...steps, ...this.ranks.flatMap((rank) => (rank.end ? [] : [`crash ${rank.place}`]))];
  }

  take(choice: string): void {
    if (choice.startsWith("crash")) {
      this.#crash(this.ranks[Number(choice.slice(6))]);
      return;
    }
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

  /** What it had not stored yet is lost; then it is marked as gone, and all are rung. */
  #crash(rank: Rank): void {
    this.crashes--;
    rank.end = "crashed";
    rank.cutShort = rank.pending.some(({ what }) => what.includes("="));
    rank.pending = [];
    if (this.acting === rank) this.acting = null;
    if (!this.mutant.crashesUnheard) for (const other of this.ranks) other.wake();
  }

  /** Who leaves a meeting for a crash must be right: one of those that crashed will never leave it. */
  gaveUp({ meeting }: Rank): void {
    const isOver = (rank: Rank): boolean =>
      !rank.cutShort && (rank.meeting > meeting || (rank.meeting === meeting && rank.phase === "read"));
    if (this.ranks.filter((rank) => rank.end === "crashed").every(isOver)) {
      throw new ScheduleFailure("a meeting that had succeeded was given up");
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
