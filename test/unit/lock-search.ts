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
import {
  GRANT,
  HIGH,
  HOLDER,
  LOW,
  NEED,
  NEXT_HIGH,
  NEXT_LOW,
  PENDING,
  RANK_WORDS,
  SHARES,
  SINCE,
  SLOTS,
  STANCE,
  TICKETS,
  USERS,
} from "../../dist/lock/layout.js";
import { TicketQueue, type Place } from "../../dist/lock/queue.js";
import { Recovery } from "../../dist/lock/recovery.js";
import { Stance } from "../../dist/lock/stance.js";
import { Survey } from "../../dist/lock/survey.js";
import { Tally } from "../../dist/lock/tally.js";
import { Outlook } from "../../dist/lock/outlook.js";
import { kindOfSignal, SIGNAL, STUCK, VAIN } from "../../dist/lock/signal.js";
import { CONDITION_WORDS, Waiters } from "../../dist/lock/waiters.js";
import { RankLostError } from "../../dist/errors.js";
import { drive } from "../../dist/lock/procedure.js";
import { BLOCKED, DONE, type Machine } from "../../dist/node/machine.js";
import { WordsInOrder } from "./words-in-order.ts";

/** A promise that a schedule breaks. */
class SearchFailure extends Error {}

/** Stops a rank between two writes of one step. */
class Death extends Error {}

/** Words of several ranks in one thread; mutants override a method. */
export class PlainWords extends WordsInOrder {
  readonly count: number;
  readonly memory: Int32Array[];
  rung: (rank: number) => void = () => {};
  /** Throws where a rank has gone and its words with it. */
  reach: (rank: number) => void = () => {};
  /** How many writes are left to whoever steps now, before it dies. */
  life = Infinity;

  constructor(size: number, count: number) {
    super();
    this.count = count;
    this.memory = Array.from({ length: size }, () => new Int32Array(count));
  }

  load(rank: number, index: number): number {
    return this.#own(rank)[index];
  }

  store(rank: number, index: number, value: number): void {
    const own = this.#own(rank);
    this.#live();
    own[index] = value;
  }

  add(rank: number, index: number, value: number): number {
    return this.#replace(rank, index, this.#own(rank)[index] + value);
  }

  exchange(rank: number, index: number, value: number): number {
    return this.#replace(rank, index, value);
  }

  compareExchange(rank: number, index: number, expected: number, value: number): number {
    const before = this.#own(rank)[index];
    return before === expected ? this.#replace(rank, index, value) : before;
  }

  ring(rank: number): void {
    this.rung(rank);
  }

  close(): void {}

  #own(rank: number): Int32Array {
    const own = this.memory[rank];
    if (!own) throw new SearchFailure("a word of no rank");
    this.reach(rank);
    return own;
  }

  #live(): void {
    if (this.life-- <= 0) throw new Death();
  }

  #replace(rank: number, index: number, value: number): number {
    const own = this.#own(rank);
    this.#live();
    const before = own[index];
    own[index] = value;
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
  /** What it does before it sleeps when ranks have gone; run if due. */
  readonly recovery?: (actor: Actor) => Recovery;
  begin?(actor: Actor): void;
  /** Returns how many ops to go forward (or, below 0, back). */
  end(actor: Actor, world: World): number;
}

const AWAKE = 0;
const ARMED = 1;
const ASLEEP = 2;

/** What a rank minds: nothing, */
const NOT_MINDING = 0;
/** what the lost have left in the lock, */
const MENDING = 1;
/** what it can hope for in the condition, */
const LOOKING_OUT = 2;
/** or that once more, after it has mended the lock. */
const LOOKING_AGAIN = 3;

function partsOf({ queue, recovery, stance }: Pick<Entry, "queue" | "recovery" | "stance">): object[] {
  return [queue, recovery, recovery.queue, recovery.survey, stance];
}

/** One rank: its machines, and where it is. Number fields are state. */
class Actor {
  pc = 0;
  running = 0;
  sleep = AWAKE;
  /** How many had gone when it armed its bell. */
  goneThen = 0;
  /** What it looks after before it sleeps, if anything. */
  minding = NOT_MINDING;
  gaveUp = 0;
  dead = 0;
  /** 1 once others are told that it is dead. */
  gone = 0;
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
    this.exit = new Entry(place, permits, this.entry.stance);
    this.tally = new Tally(place);
    this.waiters = new Waiters(waiting, place, this.entry);
    this.script = script;
  }

  /** The machines that the script runs, with the queues inside them. */
  get machines(): readonly object[] {
    const run = new Set<object>([this.entry, ...partsOf(this.entry)]);
    for (const { machine } of this.script) if (machine) run.add(machine(this));
    if (run.has(this.waiters)) run.add(this.waiters.outlook);
    if (run.has(this.tally)) for (const part of partsOf(this.tally)) run.add(part);
    if (run.has(this.exit)) for (const part of partsOf(this.exit)) run.add(part);
    return [...run];
  }

  get finished(): boolean {
    return this.pc >= this.script.length;
  }

  /** Dies: what it had in its own head is no part of the state any more. */
  end(): void {
    for (const object of this.machines) clear(object);
    Object.assign(this, {
      running: 0,
      sleep: AWAKE,
      goneThen: 0,
      minding: NOT_MINDING,
      gaveUp: 0,
      inside: OUTSIDE,
    });
    this.pc = this.script.length;
    this.dead = 1;
  }
}

function clear(machine: object): void {
  const fields = machine as Record<string, unknown>;
  for (const [key, value] of Object.entries(fields)) {
    if (typeof value === "number") fields[key] = 0;
    else if (isList(key, value)) fields[key] = [];
  }
}

/** A field of a machine that is a list of numbers. */
function isList(key: string, value: unknown): boolean {
  return Array.isArray(value) && (key === "left" || key === "seen");
}

/** What to search. */
export interface Scenario {
  readonly scripts: readonly (readonly Op[])[];
  readonly slots?: number;
  readonly permits?: number;
  readonly root?: number;
  /** How many ranks may die, at any step, and between two writes of a step. Default 0. */
  readonly deaths?: number;
  /** Which ranks may die. Default: all. */
  readonly mortals?: readonly number[];
  /** Whether each rank is on a node of its own, and its words go with it. The root must not die then. Default: words stay. */
  readonly apart?: boolean;
  /** Whether a rank may sleep until it loses patience. Default: somebody must always be awake. */
  readonly tires?: boolean;
  /** Ranks that have gone as far as they can alone, one after the other, before the search begins. */
  readonly first?: readonly number[];
  /** Whether others are told of ranks that have come to their ends, too. Default: only of those that died. */
  readonly ends?: boolean;
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

/** Words that need not be 0 in the end. */
const LASTING = new Set([TICKETS, LOW, HIGH, SINCE, HOLDER, NEED, NEXT_LOW, NEXT_HIGH]);
/** Words of each rank's own; those of a dead one stay as they are. */
const OWN = new Set([GRANT, STANCE, SHARES]);
/** The phases of an entry in which it remembers the number it has read. */
const [ANNOUNCE, SIGN] = [3, 7];
/** In STANCE: all but the count of moves. */
export const STANCE_BITS = 0x3ffff;

/** All ranks, their words, and what the checks remember. */
class World {
  readonly actors: readonly Actor[];
  readonly lock: PlainWords;
  readonly waiting: PlainWords;
  readonly permits: number;
  readonly root: number;
  deathsLeft: number;
  /** 0: nobody dies, and nobody looks at what ranks say of themselves. */
  readonly mortal: number;
  readonly mortals: readonly number[];
  readonly ends: boolean;
  readonly tires: boolean;
  /** How many ranks are known to have gone. */
  gone = 0;
  /** 1: the next to enter must be told that a holder has gone. */
  mustTell = 0;
  /** 1: some later one may be told so. */
  mayTell = 0;
  /** 1 once a rank has been told that nobody is left to notify it. */
  vain = 0;
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
    deaths = 0,
    mortals = scripts.map((_, rank) => rank),
    ends = false,
    apart = false,
    tires = false,
    first = [],
    told,
    words = plain,
    waiting = plain,
  }: Scenario) {
    const size = scripts.length;
    this.lock = words(size, SLOTS + slots);
    this.waiting = waiting(size, CONDITION_WORDS);
    this.permits = permits;
    this.root = root;
    this.deathsLeft = this.mortal = deaths;
    this.mortals = mortals;
    this.ends = ends;
    this.tires = tires;
    this.lock.memory[root][TICKETS] = FIRST_TICKET << 16;
    this.lock.memory[root][LOW] = (FIRST_TOKEN - 1) | 0;
    const losses = lossesOf(this);
    this.actors = scripts.map((script, rank) => {
      return new Actor(
        { words: this.lock, rank, size: told ?? size, root, slots, losses },
        permits,
        this.waiting,
        script,
      );
    });
    if (apart) this.lock.reach = this.waiting.reach = (rank) => this.#ask(this.actors[rank]);
    this.lock.rung = this.waiting.rung = (rank) => (this.actors[rank].sleep = AWAKE);
    for (const rank of first) while (this.canStep(this.actors[rank])) this.step(this.actors[rank]);
  }

  /** Every schedule may go on from here by stepping this rank. */
  canStep(actor: Actor): boolean {
    return !actor.finished && (actor.sleep !== ASLEEP || actor.minding !== NOT_MINDING);
  }

  /** Whether others can be told now that a rank has gone. */
  isNews({ dead, gone, finished }: Actor): boolean {
    return gone === 0 && (dead === 1 || (this.ends && finished));
  }

  canGiveUp(actor: Actor): boolean {
    const waits = actor.running === 1 && actor.gaveUp === 0 && !actor.minding && !actor.finished;
    return waits && actor.script[actor.pc].patient === true;
  }

  step(actor: Actor): void {
    const op = actor.script[actor.pc];
    if (actor.minding) this.#mind(actor, op);
    else this.#advance(actor, op);
    this.#checkInside();
    this.#checkVain();
  }

  #advance(actor: Actor, op: Op): void {
    this.#begin(actor, op);
    const outcome = op.machine?.(actor).step() ?? DONE;
    if (outcome === BLOCKED) this.#block(actor, op);
    if (outcome === DONE) this.#finish(actor, op);
  }

  #begin(actor: Actor, op: Op): void {
    if (actor.running) return;
    actor.running = 1;
    actor.sleep = AWAKE;
    op.begin?.(actor);
  }

  /** As `BellPace` does it: arms, looks again, minds those that had gone when it armed, sleeps. */
  #block(actor: Actor, op: Op): void {
    if (actor.sleep === AWAKE) {
      actor.sleep = ARMED;
      actor.goneThen = this.gone;
    } else if (actor.goneThen > 0 && actor.waiters.awaiting) {
      this.#beginMinding(actor, op, LOOKING_OUT);
    } else if (actor.goneThen > 0 && op.recovery?.(actor).due) {
      this.#beginMinding(actor, op, MENDING);
    } else actor.sleep = ASLEEP;
  }

  #mind(actor: Actor, op: Op): void {
    if (this.#minder(actor, op).step() !== DONE) return;
    const { waiters, minding } = actor;
    actor.minding = NOT_MINDING;
    if (minding === LOOKING_OUT && waiters.outlook.undecided) this.#beginMinding(actor, op, MENDING);
    else if (minding === MENDING && waiters.awaiting) this.#beginMinding(actor, op, LOOKING_AGAIN);
    else if (actor.sleep === ARMED) actor.sleep = ASLEEP;
  }

  #beginMinding(actor: Actor, op: Op, minding: number): void {
    actor.minding = minding;
    this.#minder(actor, op).call();
  }

  #minder(actor: Actor, op: Op): Recovery | Outlook {
    return actor.minding === MENDING ? op.recovery!(actor) : actor.waiters.outlook;
  }

  /** The rank does so many more writes of its next step, and nothing after that. False if there are no more. */
  die(actor: Actor, writes: number): boolean {
    const op = actor.script[actor.pc];
    if (writes > 0 && !this.#lastWrites(actor, op, writes)) return false;
    this.#noteMark(actor);
    actor.end();
    this.deathsLeft--;
    return true;
  }

  /** False if the step has no more writes than that: to die then is to die before the next step. */
  #lastWrites(actor: Actor, op: Op, writes: number): boolean {
    this.lock.life = this.waiting.life = writes;
    try {
      if (actor.minding) this.#minder(actor, op).step();
      else {
        this.#begin(actor, op);
        op.machine?.(actor).step();
      }
      return false;
    } catch (error) {
      if (!(error instanceof Death)) throw error;
    } finally {
      this.lock.life = this.waiting.life = Infinity;
    }
    return true;
  }

  /** What the next ones to enter must, or may, be told if this rank dies now. */
  #noteMark(actor: Actor): void {
    const root = this.lock.memory[this.root];
    const first = ((root[TICKETS] >>> 16) - root[TICKETS]) & PENDING;
    const holds = root[HOLDER] >>> 16 === first && (root[HOLDER] & PENDING) === actor.rank + 1;
    if (actor.inside === EXCLUSIVE) this.mustTell = 1;
    else if (holds && (root[TICKETS] & PENDING) !== 0) this.mayTell = 1;
    // It may have been told, or be about to be.
    if (actor.inside !== EXCLUSIVE && actor.entry.broken) {
      this.mayTell = 1;
      this.mustTell = 0;
    }
  }

  /** All are told that a dead rank is dead, and woken. */
  tell(dead: Actor): void {
    dead.gone = 1;
    this.gone++;
    for (const actor of this.actors) actor.sleep = AWAKE;
  }

  /** Who asks a dead rank for its words waits until it knows. */
  #ask(asked: Actor): void {
    if (asked.dead === 0) return;
    if (asked.gone === 0) this.tell(asked);
    throw new RankLostError("gone with its words", { lost: [asked.rank] });
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

  /** When the first rank is told that nobody can notify it, all that live must wait for ever, with nothing left to come to them. */
  #checkVain(): void {
    if (this.vain || !this.waiting.memory.some((own) => kindOfSignal(own[SIGNAL]) === VAIN)) return;
    this.vain = 1;
    const living = this.actors.filter(({ dead, gone }) => dead + gone === 0);
    const waits = ({ waiters, script, pc, gaveUp, rank }: Actor) =>
      script[pc]?.patient === false &&
      !gaveUp &&
      !waiters.outlook.roused &&
      kindOfSignal(this.waiting.memory[rank][SIGNAL]) >= STUCK;
    const isMarked = this.lock.memory[this.root][USERS] < 0 || this.mustTell === 1;
    if ((living.length > 1 && !living.every(waits)) || isMarked)
      throw new SearchFailure("it was told that nobody is left to notify it");
  }

  /** When all are finished nothing may be left in the words, and a lock must serve whoever comes next. */
  checkClean(): void {
    const next = this.actors.find(({ dead }) => dead === 0);
    if (!next) return;
    if (this.gone > 0) this.#comeNext(next);
    if ((this.lock.memory[this.root][TICKETS] & PENDING) !== 0) throw new SearchFailure("a ticket is left");
    if (!this.#isLockClean()) throw new SearchFailure("the lock's words are not clean");
    if (this.gone === 0 && !this.waiting.memory.every((own) => own.every((word) => word === 0)))
      throw new SearchFailure("the condition's words are not clean");
  }

  #comeNext(actor: Actor): void {
    const { entry } = actor;
    const mode = this.permits === Infinity ? EXCLUSIVE : SHARED;
    entry.recovery.call();
    drive(entry.recovery);
    for (let turns = Math.min(this.permits, 2); turns > 0; turns--) {
      entry.tryEnter(mode);
      entry.proceed();
      if (entry.inside !== mode) throw new SearchFailure("nobody can enter any more");
      checkEntry(actor, this);
      if (mode === EXCLUSIVE) {
        entry.leave(mode);
        entry.proceed();
      }
    }
    for (let turns = mode === SHARED ? Math.min(this.permits, 2) : 0; turns > 0; turns--) {
      actor.exit.leave(SHARED);
      actor.exit.proceed();
    }
  }

  #isLockClean(): boolean {
    return this.lock.memory.every((own, rank) =>
      own.every((word, index) => {
        if (this.actors[rank].dead && OWN.has(index)) return true;
        if (this.mortal === 0 && (index === STANCE || index === SHARES)) return true;
        const rest = index === STANCE ? word & STANCE_BITS : word;
        return rest === 0 || LASTING.has(index);
      }),
    );
  }
}

function lossesOf(world: World): Place["losses"] {
  return {
    get gone() {
      return world.gone;
    },
    isGone: (rank) => world.actors[rank].gone === 1,
  };
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
  checkTold(actor, world);
  const { token, inside } = actor.entry;
  const last = inside === EXCLUSIVE ? world.lastToken : world.lastExclusive;
  if (token <= last) throw new SearchFailure("the token did not rise");
  world.lastToken = Math.max(world.lastToken, token);
  if (inside === EXCLUSIVE) world.lastExclusive = token;
}

/** The first to enter after a holder died inside is told so, and nobody else. */
function checkTold({ entry }: Actor, world: World): void {
  if (world.mustTell && !entry.broken && !isTold(entry.token, world))
    throw new SearchFailure("it was not told that the holder died");
  if (!entry.broken) return;
  if (!world.mustTell && !world.mayTell) throw new SearchFailure("it was told that a holder died");
  world.mustTell = world.mayTell = 0;
}

/** Whether one who came before, to share, has been told and is just not through with entering. */
function isTold(token: number, { actors }: World): boolean {
  return actors.some(({ running, entry }) => running === 1 && entry.broken && entry.token < token);
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
    recovery: (actor) => actor.entry.recovery,
    begin: (actor) => actor.entry.enter(mode),
    end: (actor, world) => {
      const forward = entered(actor, world);
      if (forward === 2 && !actor.gaveUp) throw new SearchFailure("gave up unasked");
      return forward;
    },
  };
}

/** Set right what the dead have left behind, as is done before a try. */
export function mend(): Op {
  return {
    name: "mend",
    machine: (actor) => actor.entry.recovery,
    begin: (actor) => actor.entry.recovery.call(),
    end: () => 1,
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
    recovery: (actor) => actor.tally.recovery,
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

/** With the lock held: if nothing is on the table, wait and look again; patience lost, go on without. Else take one. `endless`: what it says of its wait. */
export function takeItem(patient: boolean, endless = !patient): readonly Op[] {
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
    recovery: (actor) => actor.entry.recovery,
    begin: (actor) => {
      actor.inside = OUTSIDE;
      actor.waiters.wait(endless);
    },
    end: (actor, world) => {
      actor.inside = EXCLUSIVE;
      checkTold(actor, world);
      if (actor.entry.inside !== EXCLUSIVE) throw new SearchFailure("back without the lock");
      const { notified, lost } = actor.waiters;
      if (!notified && !actor.gaveUp && lost < 0) throw new SearchFailure("gave up unasked");
      return notified ? -1 : 1;
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

type Fields = Record<string, unknown>;
type Field = readonly [object: Fields, key: string];

const CONSTANT = new Set(["permits", "root", "rank"]);

/** The fields of an object that are state. */
function fieldsOf(object: object): Field[] {
  const fields = object as Fields;
  const changing = Object.entries(fields).filter(
    ([key, value]) => (typeof value === "number" || isList(key, value)) && !CONSTANT.has(key),
  );
  return changing.map(([key]) => [fields, key]);
}

/** Reads and writes all state of a world as one list of numbers. */
class Snapshots {
  readonly #numbers: readonly Field[];
  readonly #lists: readonly Field[];
  readonly #memory: readonly Int32Array[];

  constructor(world: World) {
    const parts = world.actors.flatMap((actor) => [actor, ...actor.machines]);
    const fields = [world, ...parts.filter((part) => world.mortal || !isOfLosses(part))].flatMap(fieldsOf);
    this.#memory = [...world.lock.memory, ...world.waiting.memory];
    this.#numbers = fields.filter(([object, key]) => typeof object[key] === "number");
    this.#lists = fields.filter(([object, key]) => typeof object[key] !== "number");
  }

  /** Words, fields, and lists with their lengths, in one fixed order. */
  save(): number[] {
    const state: number[] = [];
    for (const own of this.#memory) for (let i = 0; i < own.length; i++) state.push(own[i]);
    for (const [object, key] of this.#numbers) state.push(object[key] as number);
    for (const [object, key] of this.#lists) push(state, object[key] as number[]);
    return state;
  }

  restore(state: readonly number[]): void {
    let at = 0;
    for (const own of this.#memory) for (let i = 0; i < own.length; i++) own[i] = state[at++];
    for (const [object, key] of this.#numbers) object[key] = state[at++];
    for (const [object, key] of this.#lists) {
      const { length: size } = object[key] as number[];
      const wanted = state[at++];
      if (size + wanted > 0) object[key] = state.slice(at, at + wanted);
      at += wanted;
    }
  }
}

/** Parts that do nothing, and are not looked at, while nobody dies. */
function isOfLosses(part: object): boolean {
  return [Recovery, Survey, Stance, Outlook].some((kind) => part instanceof kind);
}

function push(state: number[], list: readonly number[]): void {
  state.push(list.length, ...list);
}

/**
 * What tells two states apart: all but the clock, which no machine reads back, fields that are written before they are read again, and
 * the counts in stances and signals. Of these only matters whether one is what it was when it was read.
 */
class Keys {
  readonly #world: World;
  readonly #plain: readonly Field[];
  readonly #queues: readonly Part[];
  readonly #recoveries: readonly Part[];
  /** One for each recovery. */
  readonly #surveys: readonly Part[];
  readonly #outlooks: readonly Part[];

  constructor(world: World) {
    const parts = world.actors.flatMap((actor) => actor.machines);
    const queues = parts.filter((part) => part instanceof TicketQueue);
    const recoveries = parts.filter((part) => part instanceof Recovery);
    const outlooks = parts.filter((part) => part instanceof Outlook);
    const surveys = recoveries.map(({ survey }) => survey);
    const special = new Set<object>([...queues, ...recoveries, ...surveys, ...outlooks]);
    const state = parts.filter((part) => !special.has(part) && (world.mortal || !isOfLosses(part)));
    const others = [world, ...world.actors, ...state];
    this.#world = world;
    this.#plain = others.flatMap((object) => fieldsBut(object, ["serial", "rests", "users", "high", "low"]));
    this.#queues = queues.map((queue) => partOf(queue, ["seen", "owner", "passed"]));
    this.#outlooks = world.mortal === 0 ? [] : outlooks.map((one) => partOf(one, ["seen", "serial"]));
    this.#recoveries = world.mortal === 0 ? [] : recoveries.map((one) => partOf(one, ["restsThen"]));
    this.#surveys = world.mortal === 0 ? [] : surveys.map((one) => partOf(one, ["seen"]));
  }

  key(): string {
    length = 0;
    this.#packWords();
    packFields(this.#plain);
    for (const { entry, inside } of this.#world.actors) {
      const idle = (entry as unknown as Fields)["phase"] === 0 && inside === OUTSIDE;
      pack(!idle && entry.broken ? 1 : 0);
      this.#packSeen(entry as unknown as Fields);
    }
    for (const { object, all, lasting } of this.#queues) packFields(object["phase"] === 0 ? lasting : all);
    for (let i = 0; i < this.#recoveries.length; i++)
      this.#packRecovery(this.#recoveries[i], this.#surveys[i]);
    for (const outlook of this.#outlooks) this.#packOutlook(outlook);
    return scratch.toString("latin1", 0, length);
  }

  #packWords(): void {
    const { lock, waiting, root, mortal } = this.#world;
    for (let rank = 0; rank < lock.memory.length; rank++) {
      const own = lock.memory[rank];
      const end = rank === root ? own.length : RANK_WORDS;
      for (let index = 0; index < end; index++) {
        if (index === STANCE) pack(mortal ? own[index] & STANCE_BITS : 0);
        else if (index !== SINCE && (index !== SHARES || mortal)) pack(own[index]);
      }
    }
    for (const own of waiting.memory)
      for (let i = 0; i < own.length; i++) pack(i === SIGNAL ? kindOfSignal(own[i]) : own[i]);
  }

  /** The number that an entry has read counts from its look on until it writes the next one. */
  #packSeen(entry: Fields): void {
    const own = this.#world.lock.memory[this.#world.root];
    const phase = entry["phase"] as number;
    const isStale = entry["high"] !== own[HIGH] || entry["low"] !== own[LOW];
    const counts = phase >= ANNOUNCE && phase <= SIGN;
    pack(counts && isStale ? 1 : 0);
    if (counts && isStale) for (const half of ["high", "low"]) pack(entry[half] as number);
  }

  #packOutlook({ object, lasting }: Part): void {
    pack((object as unknown as Outlook).roused);
    if (object["phase"] === 0) return;
    packFields(lasting);
    const { memory } = this.#world.waiting;
    const seen = object["seen"] as number[];
    pack(seen.length);
    for (let rank = 0; rank < seen.length; rank++)
      pack(seen[rank] < 0 ? 2 : seen[rank] === memory[rank][SIGNAL] ? 1 : 0);
  }

  #packRecovery({ object, lasting }: Part, survey: Part): void {
    pack((object as unknown as Recovery).due ? 1 : 0);
    pack(object["phase"] as number);
    if (object["phase"] === 0) return;
    packFields(lasting);
    packFields(survey.lasting);
    const seen = survey.object["seen"] as number[];
    for (let rank = 0; rank < seen.length; rank++) {
      const { memory } = this.#world.lock;
      pack(seen[rank] < 0 ? 2 : seen[rank] === memory[rank][STANCE] ? 1 : 0);
    }
  }
}

/** An object with fields that count only while it is at work. */
interface Part {
  readonly object: Fields;
  readonly all: readonly Field[];
  readonly lasting: readonly Field[];
}

function partOf(object: object, passing: readonly string[]): Part {
  return { object: object as Fields, all: fieldsOf(object), lasting: fieldsBut(object, passing) };
}

function fieldsBut(object: object, but: readonly string[]): Field[] {
  return fieldsOf(object).filter(([, key]) => !but.includes(key));
}

const scratch = Buffer.alloc(4096);

/** How much of it is in use. */
let length = 0;

/** Adds a signed number in base 128: most take one byte. */
function pack(value: number): void {
  let rest = value < 0 ? -2 * value - 1 : 2 * value;
  for (; rest >= 128; rest = Math.floor(rest / 128)) scratch[length++] = 128 + (rest % 128);
  scratch[length++] = rest;
}

function packFields(fields: readonly Field[]): void {
  for (let i = 0; i < fields.length; i++) {
    const value = fields[i][0][fields[i][1]];
    if (typeof value === "number") pack(value);
    else packList(value as number[]);
  }
}

function packList(list: readonly number[]): void {
  pack(list.length);
  for (let i = 0; i < list.length; i++) pack(list[i]);
}

interface Visit {
  readonly state: readonly number[];
  readonly key: string;
  /** The moves not yet tried: actor index, or −1 − index for giving up. */
  readonly moves: number[];
  readonly how: string;
}

/**
 * Explores every schedule of a scenario, or until one breaks the promise that is `wanted` to be broken. A schedule is not followed beyond the
 * first promise it breaks.
 */
export function explore(scenario: Scenario, wanted?: string): Found {
  const world = new World(scenario);
  const snapshots = new Snapshots(world);
  const keys = new Keys(world);
  const onPath = new Map<string, boolean>();
  const path: Visit[] = [];
  const failures = new Map<string, string>();
  let steps = 0;
  /** The state that the world is in, where that is known. */
  let current: readonly number[] | null = null;
  const visit = (how: () => string | null): void => {
    try {
      const name = how();
      if (name === null) return;
      const key = keys.key();
      const before = onPath.get(key);
      if (before === true) throw new SearchFailure("ranks can go round in circles");
      if (before === false) return;
      onPath.set(key, true);
      const state = snapshots.save();
      const moves = movesOf(world);
      path.push({ state, key, moves, how: name });
      // The check of an end has changed the world.
      if (moves.length > 0) current = state;
    } catch (error) {
      if (!(error instanceof SearchFailure)) throw error;
      failures.set(error.message, path.map((before) => before.how).join(", "));
    }
  };
  visit(() => "start");
  const isFound = (): boolean => wanted !== undefined && failures.has(wanted);
  while (path.length > 0 && !isFound()) {
    const top = path.at(-1)!;
    const move = top.moves.pop();
    if (move === undefined) {
      onPath.set(top.key, false);
      path.pop();
      continue;
    }
    if (current !== top.state) snapshots.restore(top.state);
    current = null;
    visit(() => apply(world, move));
    steps++;
  }
  return { states: onPath.size, steps, failures };
}

/** Follows one schedule: each choice picks one of the moves there are. Beyond the last choice, the first move is taken. */
export function wander(scenario: Scenario, choices: readonly number[]): void {
  const world = new World(scenario);
  for (let at = 0; ; at++) {
    const all = movesOf(world);
    if (all.length === 0) return;
    const choice = choices[at] ?? 0;
    // So that ranks live for a while: most moves there are would be deaths.
    const moves = choice % DEATH_EVERY === 0 ? all : all.filter((move) => kindOf(move) !== DIE);
    apply(world, moves[choice % moves.length]);
  }
}

// A move is a kind, a rank, and for a death the writes that the rank still does.
const STEP = 0;
const GIVE_UP = 1;
const DIE = 2;
const TELL = 3;
const RANKS = 16;
const KINDS = 4;

/** In a random way, one choice in so many may be a death. */
const DEATH_EVERY = 19;

/** The most writes in one step. */
const MOST_WRITES = 4;

function moveOf(kind: number, { rank }: Actor, writes = 0): number {
  return (writes * KINDS + kind) * RANKS + rank;
}

function kindOf(move: number): number {
  return Math.floor(move / RANKS) % KINDS;
}

function movesOf(world: World): number[] {
  const { actors } = world;
  const steps = actors.filter((actor) => world.canStep(actor)).map((actor) => moveOf(STEP, actor));
  const news = actors.filter((actor) => world.isNews(actor)).map((actor) => moveOf(TELL, actor));
  const givesUp = actors.filter((actor) => world.canGiveUp(actor)).map((actor) => moveOf(GIVE_UP, actor));
  if (steps.length + news.length === 0) {
    if (world.tires && givesUp.length > 0) return givesUp;
    if (actors.some((actor) => !actor.finished)) throw new SearchFailure("all who are left sleep");
    world.checkClean();
    return [];
  }
  return [...steps, ...news, ...givesUp, ...deathsOf(world)];
}

function deathsOf(world: World): number[] {
  if (world.deathsLeft === 0) return [];
  const living = world.actors.filter((actor) => !actor.finished && world.mortals.includes(actor.rank));
  return living.flatMap((actor) => {
    const most = world.canStep(actor) ? MOST_WRITES : 0;
    return Array.from({ length: most + 1 }, (_, writes) => moveOf(DIE, actor, writes));
  });
}

/** Local: what was done; null if it is nothing new. */
function apply(world: World, move: number): string | null {
  const actor = world.actors[move % RANKS];
  const kind = kindOf(move);
  const writes = Math.floor(move / RANKS / KINDS);
  const name = actor.script[actor.pc]?.name;
  if (kind === STEP) {
    const how = ["", "minds", "looks out", "looks again"][actor.minding] || name;
    world.step(actor);
    return `${actor.rank} ${how}`;
  }
  if (kind === GIVE_UP) world.giveUp(actor);
  else if (kind === DIE && !world.die(actor, writes)) return null;
  else if (kind === TELL) world.tell(actor);
  return `${actor.rank} ${["", "gives up", `dies after ${writes} writes in ${name}`, "is known to be dead"][kind]}`;
}
