/** The way into and out of a lock, as a step machine: the head of the queue, then room, then a token. */
import { BLOCKED, DONE, GOING, type Concern, type Machine, type Outcome } from "../node/machine.ts";
import { BROKEN, COUNT, HIGH, HOLDER, LOW, USERS, WAITER } from "./layout.ts";
import { ALONE, TicketQueue, type Place } from "./queue.ts";
import { Recovery } from "./recovery.ts";
import { FOR_ROOM, Stance } from "./stance.ts";

/** Not inside. */
export const OUTSIDE = 0;
/** Inside alone: the rank stays at the head of the queue until it leaves. */
export const EXCLUSIVE = 1;
/** Inside with others: counted in USERS, with the queue passed on. */
export const SHARED = 2;

/** How a rank is inside. */
export type Inside = typeof OUTSIDE | typeof EXCLUSIVE | typeof SHARED;

const IDLE = 0;
const QUEUE = 1;
const LOOK = 2;
const ANNOUNCE = 3;
const WAIT = 4;
const DISMISS = 5;
const JOIN = 6;
const SIGN = 7;
const PASS = 8;
const DEPART = 9;
const WAKE = 10;
const TAKE_MARK = 11;
const ATTEND = 12;

/** A shared entry with a ticket that is a multiple of this clears HOLDER, so that no ticket there is older than one round of all tickets. */
const TICKETS_TO_CLEAR = 0x4000;

/**
 * One rank's side of a lock, or of a semaphore: there every user is shared, and at most `permits` are inside.
 *
 * Everything that must be in order happens at the head of the queue: room is waited for there, so a writer is not overtaken by
 * readers that come later, and tokens are drawn there, so they rise in the order of entry.
 *
 * No wake-up is lost: the head writes WAITER, then looks at USERS; one who leaves lowers USERS, then looks at WAITER. Words are
 * sequentially consistent, so one of the two sees the other. Only the departure that can make room (the last user of
 * a lock, the first from a full semaphore) needs to look.
 */
export class Entry implements Machine {
  /** How this rank is inside, as of the last operation that came to DONE. */
  inside: Inside = OUTSIDE;
  /** The number drawn at the last entry. */
  token = 0;
  /** What this rank waits for in here, for whoever drives the machine. */
  concern?: Concern;
  readonly queue: TicketQueue;
  readonly recovery: Recovery;
  readonly stance: Stance;

  readonly #place: Place;
  readonly #permits: number;
  // Plain fields: the search over all schedules saves and restores them.
  private phase = IDLE;
  private wanted: Inside = OUTSIDE;
  private leaving = 0;
  /** USERS, HIGH and LOW when this rank looked last, at the head. Nobody changes the number until this rank does, or goes. */
  private users = 0;
  private high = 0;
  private low = 0;
  /** On their way from or to the root. */
  readonly #run = new Int32Array(3);
  /** The time, while this rank lingers; else 0. */
  #now = 0;

  /** `permits`: the most users in shared mode at a time; Infinity for a lock. `stance`: that of another machine of this rank. */
  constructor(place: Place, permits: number, stance = new Stance(place)) {
    this.#place = place;
    this.#permits = permits;
    this.stance = stance;
    this.queue = new TicketQueue(place, stance);
    this.recovery = new Recovery(place, stance);
  }

  /** Whether the last entry was the first one after a holder that went without leaving. */
  get broken(): boolean {
    return this.users < 0;
  }

  /** Begins to enter. DONE with `inside` set. */
  enter(mode: Inside): void {
    this.#begin(mode, 0);
    this.queue.take();
  }

  /** Begins to enter if that needs no waiting. DONE, with `inside` telling whether it did. */
  tryEnter(mode: Inside): void {
    this.#begin(mode, 1);
    this.queue.tryTake();
  }

  /** Ends an `enter` early: step on until DONE. The lock may have come meanwhile: look at `inside`. */
  giveUp(): void {
    this.leaving = 1;
    this.queue.giveUp();
  }

  /** Begins to leave, as one who is inside in this mode. Never blocks. */
  leave(mode: Inside): void {
    this.wanted = OUTSIDE;
    if (mode === SHARED) this.phase = DEPART;
    else this.#pass();
  }

  /** Local: whether the next to enter will find that a holder has gone without leaving. */
  isMarked(): boolean {
    return this.#place.words.load(this.#place.root, USERS) < 0;
  }

  /** Steps as long as this rank can go on by itself. A loop of its own, so that the compiler knows what it steps. */
  proceed(): Outcome {
    for (;;) {
      const outcome = this.step();
      if (outcome !== GOING) return outcome;
    }
  }

  /**
   * Looks so often whether a wait is over. A loop of its own as well. What time it is this rank learns here, and not when it has come in, where others
   * wait for it: they may learn of up to as much more as it was kept from its core meanwhile.
   */
  linger(glances: number): Outcome {
    if (glances > 0) this.#now = Date.now();
    let outcome: Outcome = BLOCKED;
    for (let left = glances; left > 0 && outcome === BLOCKED; left--) outcome = this.proceed();
    this.#now = 0;
    return outcome;
  }

  /** The steps of a free lock stand first, in functions that are small enough to become part of their callers. */
  step(): Outcome {
    if (this.phase === QUEUE) return this.#stepQueue();
    if (this.phase === LOOK) return this.#look();
    if (this.phase === PASS) return this.queue.step() === DONE ? this.#passed() : GOING;
    return this.#stepShared();
  }

  #stepShared(): Outcome {
    switch (this.phase) {
      case SIGN:
        return this.#sign();
      case ANNOUNCE:
        this.#write(WAITER, this.#place.rank + 1);
        this.stance.rest(FOR_ROOM, 0);
        return this.#go(WAIT);
      case WAIT:
        return this.#wait();
      case DISMISS:
        this.stance.move();
        this.#write(WAITER, 0);
        return this.wanted === OUTSIDE ? this.#pass() : this.#admit();
      case JOIN:
        this.#place.words.add(this.#place.root, USERS, 1);
        this.stance.share(1);
        return this.#go(SIGN);
      case DEPART:
        return this.#depart();
      case WAKE:
        return this.#wake();
      case TAKE_MARK:
        this.#place.words.add(this.#place.root, USERS, BROKEN);
        return this.wanted === EXCLUSIVE ? this.#end(EXCLUSIVE) : this.#pass();
      case ATTEND:
        return this.recovery.step() === DONE ? this.#end(this.wanted) : GOING;
      default:
        return DONE;
    }
  }

  #begin(mode: Inside, leaving: number): void {
    this.inside = OUTSIDE;
    this.wanted = mode;
    this.leaving = leaving;
    this.phase = QUEUE;
  }

  #stepQueue(): Outcome {
    const outcome = this.queue.step();
    if (outcome !== DONE) return outcome;
    if (this.queue.atHead) return this.#go(LOOK);
    this.wanted = OUTSIDE;
    return this.#settle(ALONE);
  }

  /**
   * In no order, and yet no user is overlooked: USERS is raised at the head of the queue only, to which this rank came from the last one there
   * by atomic operations. One who leaves meanwhile may be counted still; then `#wait` looks again, in order.
   */
  #look(): Outcome {
    const { words, root } = this.#place;
    words.readRun(root, USERS, this.#run);
    this.users = this.#run[0];
    this.high = this.#run[1];
    this.low = this.#run[2];
    // With nobody inside there will be nobody until this rank has signed, and what it writes then is its own: no step of another lies between.
    if (this.users === 0 && this.wanted === EXCLUSIVE) return this.#signAlone();
    if (this.#hasRoom()) return this.#admit();
    return this.leaving ? this.#turnBack() : this.#go(ANNOUNCE);
  }

  #wait(): Outcome {
    this.users = this.#place.words.load(this.#place.root, USERS);
    if (this.#hasRoom()) return this.#go(DISMISS);
    if (!this.leaving) return BLOCKED;
    this.wanted = OUTSIDE;
    return this.#go(DISMISS);
  }

  #hasRoom(): boolean {
    return this.users === 0 || this.#leavesRoom(this.users & COUNT);
  }

  #leavesRoom(users: number): boolean {
    return users < (this.wanted === EXCLUSIVE ? 1 : this.#permits);
  }

  #admit(): Outcome {
    return this.#go(this.wanted === EXCLUSIVE ? SIGN : JOIN);
  }

  #turnBack(): Outcome {
    this.wanted = OUTSIDE;
    return this.#pass();
  }

  /**
   * All in one step: these words are touched only at the head of the queue (and looked at by `state()`), to which the last rank there
   * and this one came by atomic operations on TICKETS, a slot or GRANT. So they need no order of their own.
   */
  #sign(): Outcome {
    return this.wanted === EXCLUSIVE ? this.#signAlone() : this.#signShared(this.#draw());
  }

  #signAlone(): Outcome {
    const { words, root, rank } = this.#place;
    this.#run[0] = this.#draw();
    this.#run[1] = (this.#now || Date.now()) | 0;
    this.#run[2] = (this.queue.ticket << 16) | (rank + 1);
    words.writeRun(root, LOW, this.#run);
    return this.users < 0 ? this.#go(TAKE_MARK) : this.#end(EXCLUSIVE);
  }

  /** The token, and its low half, which is still to be written. */
  #draw(): number {
    const low = (this.low + 1) | 0;
    // Before the low half, so that a rank that goes between the two makes the token jump, and not fall.
    if (low === 0) this.#place.words.write(this.#place.root, HIGH, ++this.high);
    this.token = this.high * 2 ** 32 + (low >>> 0);
    return low;
  }

  #signShared(low: number): Outcome {
    const { words, root } = this.#place;
    words.write(root, LOW, low);
    const clears = this.#permits === Infinity && this.queue.ticket % TICKETS_TO_CLEAR === 0;
    if (clears) words.write(root, HOLDER, 0);
    if (this.users >= 0) return this.#pass();
    this.stance.shareMarked(BROKEN);
    return this.#go(TAKE_MARK);
  }

  #depart(): Outcome {
    this.stance.stir();
    const before = this.#place.words.add(this.#place.root, USERS, -1) & COUNT;
    this.stance.share(-1);
    const madeRoom = before === (this.#permits === Infinity ? 1 : this.#permits);
    return madeRoom ? this.#go(WAKE) : this.#settle(ALONE);
  }

  #wake(): Outcome {
    const { words, root } = this.#place;
    const waiter = words.load(root, WAITER);
    if (waiter !== 0) words.ring(waiter - 1);
    return this.#settle(ALONE);
  }

  #pass(): Outcome {
    this.queue.pass();
    return this.#go(PASS);
  }

  #passed(): Outcome {
    const { passed } = this.queue;
    if (passed !== ALONE || this.inside !== EXCLUSIVE) return this.#settle(passed);
    this.stance.settlePlainly();
    return this.#end(OUTSIDE);
  }

  /** This rank has come to rest. Where ranks have gone, somebody may have waited for that. */
  #settle(passed: number): Outcome {
    this.stance.settle();
    if (this.#place.losses.gone === 0) return this.#end(this.wanted);
    this.recovery.attend(passed);
    return this.#go(ATTEND);
  }

  #write(index: number, value: number): void {
    this.#place.words.store(this.#place.root, index, value);
  }

  #go(phase: number): Outcome {
    this.phase = phase;
    return GOING;
  }

  #end(inside: Inside): Outcome {
    this.phase = IDLE;
    this.inside = inside;
    return DONE;
  }
}
