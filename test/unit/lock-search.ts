/**
 * A search through every schedule of a few ranks that run the shipped step machines on plain words.
 *
 * A state is all words, all fields of all machines, and where each rank is in its script. From each state every rank may take its
 * next step, or lose patience. Sleeping is modelled as `Pace` does it: a machine that is blocked arms its bell and looks
 * again; blocked once more it sleeps, and steps again only when it was rung after arming. A state in which ranks are left
 * but all of them sleep is a lost wake-up, even if one of them might still lose patience.
 */
import type { Words } from "../../dist/comm/engine.js";
import { Entry, EXCLUSIVE, OUTSIDE, SHARED, type Inside } from "../../dist/lock/entry.js";
import { HIGH, HOLDER, LOW, PENDING, SINCE, SLOTS, TICKETS } from "../../dist/lock/layout.js";
import type { Place } from "../../dist/lock/queue.js";
import { Tally } from "../../dist/lock/tally.js";
import { CONDITION_WORDS, Waiters } from "../../dist/lock/waiters.js";
import { BLOCKED, DONE, type Machine } from "../../dist/node/machine.js";
import { WordsInOrder } from "./words-in-order.ts";

/** A promise that a schedule breaks. */
class SearchFailure extends Error {}

/** Words of several ranks in one thread; mutants override a method. */
export class PlainWords extends WordsInOrder {
  readonly count: number;
  readonly memory: Int32Array[];
  rung: (rank: number) => void = () => {};

  constructor(size: number, count: number) {
    super();
    this.count = count;
    this.memory = Array.from({ length: size }, () => new Int32Array(count));
  }

  load(rank: number, index: number): number {
    return this.#own(rank)[index];
  }

  store(rank: number, index: number, value: number): void {
    this.#own(rank)[index] = value;
  }

  add(rank: number, index: number, value: number): number {
    return this.#replace(rank, index, this.memory[rank][index] + value);
  }

  exchange(rank: number, index: number, value: number): number {
    return this.#replace(rank, index, value);
  }

  compareExchange(rank: number, index: number, expected: number, value: number): number {
    const before = this.memory[rank][index];
    return before === expected ? this.#replace(rank, index, value) : before;
  }

  ring(rank: number): void {
    this.rung(rank);
  }

  close(): void {}

  #own(rank: number): Int32Array {
    const own = this.memory[rank];
    if (!own) throw new SearchFailure("a word of no rank");
    return own;
  }

  #replace(rank: number, index: number, value: number): number {
    const before = this.memory[rank][index];
    this.memory[rank][index] = value;
    return before;
  }
}

interface Revocable extends Machine {
  giveUp?(): void;
}

/** What a rank does next: an operation of one of its machines, or something of its own that takes one step. */
export interface Op {
  readonly name: string;
  /** Whether the rank may lose patience meanwhile. */
  readonly patient?: boolean;
  readonly machine?: (actor: Actor) => Revocable;
  begin?(actor: Actor): void;
  /** Returns how many ops to go forward (or, below 0, back). */
  end(actor: Actor, world: World): number;
}

const AWAKE = 0;
const ARMED = 1;
const ASLEEP = 2;

/** One rank: its machines, and where it is. Number fields are state. */
class Actor {
  pc = 0;
  running = 0;
  sleep = AWAKE;
  gaveUp = 0;
  inside: Inside = OUTSIDE;
  readonly rank: number;
  readonly entry: Entry;
  readonly exit: Entry;
  readonly tally: Tally;
  readonly waiters: Waiters;
  readonly script: readonly Op[];

  constructor(place: Place, permits: number, waiting: Words, script: readonly Op[]) {
    this.rank = place.rank;
    this.entry = new Entry(place, permits);
    this.exit = new Entry(place, permits);
    this.tally = new Tally(place);
    this.waiters = new Waiters(waiting, place.rank, place.root, this.entry);
    this.script = script;
  }

  /** The machines that the script runs, with the queues inside them. */
  get machines(): readonly object[] {
    const run = new Set<object>([this.entry, this.entry.queue]);
    for (const { machine } of this.script) if (machine) run.add(machine(this));
    if (run.has(this.tally)) run.add(this.tally.queue);
    return [...run];
  }

  get finished(): boolean {
    return this.pc >= this.script.length;
  }
}

/** What to search. */
export interface Scenario {
  readonly scripts: readonly (readonly Op[])[];
  readonly slots?: number;
  readonly permits?: number;
  readonly root?: number;
  /** What the machines are told of the number of ranks: a mutant lies, so that ranks draw more tickets than there is room for. */
  readonly told?: number;
  /** Builds the words of the lock; a mutant's are broken. */
  readonly words?: (size: number, count: number) => PlainWords;
  /** The same for the words of the condition. */
  readonly waiting?: (size: number, count: number) => PlainWords;
}

/** What a search has seen. */
interface Found {
  readonly states: number;
  readonly steps: number;
  /** Each promise that some schedule breaks: two inside, order, a deadlock … with the steps that lead there. */
  readonly failures: ReadonlyMap<string, string>;
}

/** The first ticket and token of every search: 16-bit tickets wrap and the token carries on the way. */
const FIRST_TICKET = 0xfffe;
const FIRST_TOKEN = 2 ** 32 - 1;

function plain(size: number, count: number): PlainWords {
  return new PlainWords(size, count);
}

/** True if all words are 0 but those at some indices. */
function isClean(words: PlainWords, except: readonly number[] = []): boolean {
  return words.memory.every((own) => own.every((word, index) => word === 0 || except.includes(index)));
}

/** All ranks, their words, and what the checks remember. */
class World {
  readonly actors: readonly Actor[];
  readonly lock: PlainWords;
  readonly waiting: PlainWords;
  readonly permits: number;
  readonly root: number;
  /** Items on the table, guarded by the lock; for conditions. */
  items = 0;
  lastToken = FIRST_TOKEN - 1;
  lastExclusive = FIRST_TOKEN - 1;
  /** One bit for each number drawn from the tally. */
  drawn = 0;

  constructor({
    scripts,
    slots = 4,
    permits = Infinity,
    root = 0,
    told,
    words = plain,
    waiting = plain,
  }: Scenario) {
    const size = scripts.length;
    this.lock = words(size, SLOTS + slots);
    this.waiting = waiting(size, CONDITION_WORDS);
    this.permits = permits;
    this.root = root;
    this.lock.memory[root][TICKETS] = FIRST_TICKET << 16;
    this.lock.memory[root][LOW] = (FIRST_TOKEN - 1) | 0;
    this.actors = scripts.map((script, rank) => {
      return new Actor(
        { words: this.lock, rank, size: told ?? size, root, slots },
        permits,
        this.waiting,
        script,
      );
    });
    this.lock.rung = this.waiting.rung = (rank) => (this.actors[rank].sleep = AWAKE);
  }

  /** Every schedule may go on from here by stepping this rank. */
  canStep(actor: Actor): boolean {
    return !actor.finished && actor.sleep !== ASLEEP;
  }

  canGiveUp(actor: Actor): boolean {
    return actor.running === 1 && actor.gaveUp === 0 && actor.script[actor.pc].patient === true;
  }

  step(actor: Actor): void {
    const op = actor.script[actor.pc];
    if (!actor.running) {
      actor.running = 1;
      actor.sleep = AWAKE;
      op.begin?.(actor);
    }
    const outcome = op.machine?.(actor).step() ?? DONE;
    if (outcome === BLOCKED) actor.sleep = actor.sleep === AWAKE ? ARMED : ASLEEP;
    if (outcome === DONE) this.#finish(actor, op);
    this.#checkInside();
  }

  giveUp(actor: Actor): void {
    actor.script[actor.pc].machine!(actor).giveUp!();
    actor.gaveUp = 1;
    actor.sleep = AWAKE;
  }

  #finish(actor: Actor, op: Op): void {
    const forward = op.end(actor, this);
    actor.running = 0;
    actor.gaveUp = 0;
    actor.sleep = AWAKE;
    actor.pc += forward;
  }

  #checkInside(): void {
    const alone = this.actors.filter((actor) => actor.inside === EXCLUSIVE).length;
    const sharing = this.actors.filter((actor) => actor.inside === SHARED).length;
    if (alone > 1 || (alone === 1 && sharing > 0)) throw new SearchFailure("two are inside");
    const heads = this.actors.filter(
      ({ entry, tally }) => entry.queue.atHead + tally.queue.atHead > 0,
    ).length;
    if (heads > 1) throw new SearchFailure("two are at the head of the queue");
    if (sharing > this.permits) throw new SearchFailure("more are inside than there are permits");
  }

  /** When all are finished nothing may be left in the words. */
  checkClean(): void {
    if ((this.lock.memory[this.root][TICKETS] & PENDING) !== 0) throw new SearchFailure("a ticket is left");
    if (!isClean(this.lock, [TICKETS, LOW, HIGH, SINCE, HOLDER]))
      throw new SearchFailure("the lock's words are not clean");
    if (!isClean(this.waiting)) throw new SearchFailure("the condition's words are not clean");
  }
}

/** True if `before` was drawn earlier than `after`: tickets in use lie close together. */
function earlier(before: number, after: number): boolean {
  const distance = (after - before) & PENDING;
  return distance !== 0 && distance < 0x8000;
}

/** Entry checks: first come, first served among those who still wait, and tokens that rise. */
function checkEntry(actor: Actor, world: World): void {
  const { ticket } = actor.entry.queue;
  for (const other of world.actors) {
    const waits = other !== actor && other.entry.queue.waiting === 1 && other.gaveUp === 0;
    if (waits && earlier(other.entry.queue.ticket, ticket))
      throw new SearchFailure("an earlier ticket still waits");
  }
  const { token, inside } = actor.entry;
  const last = inside === EXCLUSIVE ? world.lastToken : world.lastExclusive;
  if (token <= last) throw new SearchFailure("the token did not rise");
  world.lastToken = Math.max(world.lastToken, token);
  if (inside === EXCLUSIVE) world.lastExclusive = token;
}

function entered(actor: Actor, world: World): number {
  actor.inside = actor.entry.inside;
  if (actor.inside === OUTSIDE) return 2;
  checkEntry(actor, world);
  return 1;
}

/** Enter; if that is given up, skip the op that leaves. */
export function enter(mode: Inside, patient = false): Op {
  return {
    name: "enter",
    patient,
    machine: (actor) => actor.entry,
    begin: (actor) => actor.entry.enter(mode),
    end: (actor, world) => {
      const forward = entered(actor, world);
      if (forward === 2 && !actor.gaveUp) throw new SearchFailure("gave up unasked");
      return forward;
    },
  };
}

/** Enter if nobody is in the way; if not, skip the op that leaves. */
export function tryEnter(mode: Inside): Op {
  return {
    name: "try",
    machine: (actor) => actor.entry,
    begin: (actor) => actor.entry.tryEnter(mode),
    end: entered,
  };
}

/** Leave a lock. */
export function leave(mode: Inside): Op {
  return {
    name: "leave",
    machine: (actor) => actor.entry,
    begin: (actor) => {
      actor.inside = OUTSIDE;
      actor.entry.leave(mode);
    },
    end: () => 1,
  };
}

/** Give a permit back. */
export function giveBack(): Op {
  return {
    name: "give back",
    machine: (actor) => actor.exit,
    begin: (actor) => {
      actor.inside = OUTSIDE;
      actor.exit.leave(SHARED);
    },
    end: () => 1,
  };
}

/** Draw a number from the tally. */
export function draw(): Op {
  return {
    name: "draw",
    machine: (actor) => actor.tally,
    begin: (actor) => actor.tally.add(1),
    end: (actor, world) => {
      const nth = actor.tally.before - (FIRST_TOKEN - 1);
      const draws = world.actors.reduce((sum, { script }) => sum + script.length, 0);
      if (nth < 0 || nth >= draws || (world.drawn & (1 << nth)) !== 0)
        throw new SearchFailure("a wrong number");
      world.drawn |= 1 << nth;
      return 1;
    },
  };
}

/** With the lock held: if nothing is on the table, wait and look again; patience lost, go on without. Else take one. */
export function takeItem(patient: boolean): readonly Op[] {
  const look: Op = {
    name: "look",
    end: (_, world) => {
      if (world.items === 0) return 1;
      world.items--;
      return 2;
    },
  };
  const wait: Op = {
    name: "wait",
    patient,
    machine: (actor) => actor.waiters,
    begin: (actor) => {
      actor.inside = OUTSIDE;
      actor.waiters.wait();
    },
    end: (actor) => {
      actor.inside = EXCLUSIVE;
      if (actor.entry.inside !== EXCLUSIVE) throw new SearchFailure("back without the lock");
      if (!actor.waiters.notified && !actor.gaveUp) throw new SearchFailure("gave up unasked");
      return actor.waiters.notified ? -1 : 1;
    },
  };
  return [look, wait];
}

/** With the lock held: put items on the table and notify as many ranks, or another number of them. */
export function putItems(count: number, notified = count): readonly Op[] {
  const put: Op = {
    name: "put",
    end: (_, world) => {
      world.items += count;
      return 1;
    },
  };
  const notify: Op = {
    name: "notify",
    machine: (actor) => actor.waiters,
    begin: (actor) => actor.waiters.notify(notified),
    end: () => 1,
  };
  return [put, notify];
}

/** Reads and writes all state of a world as one list of numbers. */
class Snapshots {
  readonly #fields: (readonly [object: Record<string, unknown>, key: string])[] = [];
  readonly #memory: readonly Int32Array[];

  constructor(world: World) {
    const constant = new Set(["permits", "root", "rank"]);
    this.#memory = [...world.lock.memory, ...world.waiting.memory];
    for (const object of [world, ...world.actors.flatMap((actor) => [actor, ...actor.machines])]) {
      const record = object as Record<string, unknown>;
      for (const [key, value] of Object.entries(record)) {
        const changes = typeof value === "number" || (Array.isArray(value) && key === "left");
        if (changes && !constant.has(key)) this.#fields.push([record, key]);
      }
    }
  }

  /** Word, or field, or the length and elements of a list, in one fixed order. */
  save(): number[] {
    const state: number[] = [];
    for (const own of this.#memory) for (let i = 0; i < own.length; i++) state.push(own[i]);
    for (const [object, key] of this.#fields) {
      const value = object[key];
      if (typeof value === "number") state.push(value);
      else state.push((value as number[]).length, ...(value as number[]));
    }
    return state;
  }

  restore(state: readonly number[]): void {
    let at = 0;
    for (const own of this.#memory) for (let i = 0; i < own.length; i++) own[i] = state[at++];
    for (const [object, key] of this.#fields) {
      if (typeof object[key] === "number") object[key] = state[at++];
      else {
        const length = state[at++];
        object[key] = state.slice(at, (at += length));
      }
    }
  }
}

const scratch = Buffer.alloc(4096);

/** A short string for a state: signed numbers in base 128, most of them one character. */
function keyOf(state: readonly number[], ignored: number): string {
  let length = 0;
  for (let i = 0; i < state.length; i++) {
    if (i === ignored) continue;
    let rest = state[i] < 0 ? -2 * state[i] - 1 : 2 * state[i];
    for (; rest >= 128; rest = Math.floor(rest / 128)) scratch[length++] = 128 + (rest % 128);
    scratch[length++] = rest;
  }
  return scratch.toString("latin1", 0, length);
}

interface Visit {
  readonly state: readonly number[];
  readonly key: string;
  /** The moves not yet tried: actor index, or −1 − index for giving up. */
  readonly moves: number[];
  readonly how: string;
}

/** Explores every schedule of a scenario. A schedule is not followed beyond the first promise it breaks. */
export function explore(scenario: Scenario): Found {
  const world = new World(scenario);
  const snapshots = new Snapshots(world);
  // The clock is no part of the state: no machine reads it back.
  const clock = world.root * world.lock.count + SINCE;
  const onPath = new Map<string, boolean>();
  const path: Visit[] = [];
  const failures = new Map<string, string>();
  let steps = 0;
  const visit = (how: () => string): void => {
    try {
      const name = how();
      const state = snapshots.save();
      const key = keyOf(state, clock);
      if (onPath.get(key)) throw new SearchFailure("ranks can go round in circles");
      if (onPath.has(key)) return;
      onPath.set(key, true);
      path.push({ state, key, moves: movesOf(world), how: name });
    } catch (error) {
      if (!(error instanceof SearchFailure)) throw error;
      failures.set(error.message, path.map((before) => before.how).join(", "));
    }
  };
  visit(() => "start");
  while (path.length > 0) {
    const top = path.at(-1)!;
    const move = top.moves.pop();
    if (move === undefined) {
      onPath.set(top.key, false);
      path.pop();
      continue;
    }
    snapshots.restore(top.state);
    visit(() => apply(world, move));
    steps++;
  }
  return { states: onPath.size, steps, failures };
}

/** Follows one schedule: each choice picks one of the moves there are. Beyond the last choice, the first move is taken. */
export function wander(scenario: Scenario, choices: readonly number[]): void {
  const world = new World(scenario);
  for (let at = 0; ; at++) {
    const moves = movesOf(world);
    if (moves.length === 0) return;
    apply(world, moves[(choices[at] ?? 0) % moves.length]);
  }
}

function movesOf(world: World): number[] {
  const moves = world.actors.filter((actor) => world.canStep(actor)).map((actor) => actor.rank);
  if (moves.length === 0) {
    if (world.actors.some((actor) => !actor.finished)) throw new SearchFailure("all who are left sleep");
    world.checkClean();
    return moves;
  }
  return [
    ...moves,
    ...world.actors.filter((actor) => world.canGiveUp(actor)).map((actor) => -1 - actor.rank),
  ];
}

function apply(world: World, move: number): string {
  const actor = world.actors[move < 0 ? -1 - move : move];
  const name = actor.script[actor.pc].name;
  if (move < 0) world.giveUp(actor);
  else world.step(actor);
  return `${actor.rank} ${move < 0 ? "gives up" : name}`;
}
