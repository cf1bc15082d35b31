/** The ranks that wait on a condition, as a step machine. */
import type { Words } from "../comm/engine.ts";
import type { Losses } from "../comm/losses.ts";
import { BLOCKED, DONE, GOING, type Concern, type Machine, type Outcome } from "../node/machine.ts";
import { EXCLUSIVE, type Entry } from "./entry.ts";

// The words of a condition. The waiting ranks are a linked list, in which rank + 1 stands for a rank and 0 for none. All but
// SIGNAL are touched only with the lock held. A rank that goes while it holds the lock may leave one change half made: FIRST and NEXT
// change by one word each time and so always make a list; LAST is not relied on any more once a rank has gone.

/** On the root: the first in line. */
const FIRST = 0;
/** On the root: the last in line. */
const LAST = 1;
/** On each rank: who is next in line. */
const NEXT = 2;
/** On each rank: 1 once notified. Set by the notifier, who holds the lock; cleared by its owner, or, once that has gone, by any. */
const SIGNAL = 3;

/** Words that a condition takes on each rank. */
export const CONDITION_WORDS = 4;

const IDLE = 0;
const ENLIST = 1;
const LEAVE = 2;
const AWAIT = 3;
const RETURN = 4;
const SETTLE = 5;
const NOTIFY = 6;

/** Why a wait ends without a notification of its own: the lock's holder has gone, */
const MARKED = 1;
/** or one who had been notified. */
const OWED = 2;

/**
 * One rank's side of a condition. `wait` and `notify` begin an operation, with the lock held; step until DONE.
 *
 * No wake-up is lost: a rank stands in line before it leaves the lock, and notifiers hold the lock. A wait that is given up goes back
 * through the lock, and only then looks whether it was notified meanwhile; if so it counts as notified, so no notification
 * goes to a rank that is no longer there. One that went to a rank that has gone since is taken over by a waiting rank, see `heed`.
 */
export class Waiters implements Machine {
  /** 1 when the last `wait` ended by a notification. */
  notified = 0;
  /** What this rank waits for in here, for whoever drives the machine. */
  concern?: Concern;

  readonly #words: Words;
  readonly #rank: number;
  readonly #root: number;
  readonly #entry: Entry;
  readonly #losses: Pick<Losses, "gone" | "isGone">;
  // Plain fields: the search over all schedules saves and restores them.
  private phase = IDLE;
  private leaving = 0;
  private count = 0;
  private roused = 0;

  constructor(
    words: Words,
    rank: number,
    root: number,
    entry: Entry,
    losses: Pick<Losses, "gone" | "isGone">,
  ) {
    this.#losses = losses;
    this.#words = words;
    this.#rank = rank;
    this.#root = root;
    this.#entry = entry;
  }

  /** Begins to stand in line, leave the lock, wait to be notified and enter the lock again. */
  wait(): void {
    this.leaving = 0;
    this.roused = 0;
    this.phase = ENLIST;
  }

  /** Ends the waiting of a `wait` early: step until DONE, which is after entering the lock again. */
  giveUp(): void {
    this.leaving = 1;
  }

  /** True while it waits to be notified, and not for the lock. */
  get awaiting(): boolean {
    return this.phase === AWAIT;
  }

  /** In the midst of a `wait`, after the lock has been looked after: looks whether ranks that have gone should have let this one go on. */
  heed(size: number): void {
    if (this.#entry.isMarked()) this.roused = MARKED;
    for (let rank = 0; rank < size && !this.roused; rank++) {
      if (this.#losses.isGone(rank) && this.#words.exchange(rank, SIGNAL, 0) === 1) this.roused = OWED;
    }
    if (this.roused) this.#words.ring(this.#rank);
  }

  /** Begins to wake the first `count` ranks in line. Never blocks. */
  notify(count: number): void {
    this.count = count;
    this.phase = count > 0 ? NOTIFY : IDLE;
  }

  /** The list is touched only with the lock held, so one step can do all of a change to it. */
  step(): Outcome {
    switch (this.phase) {
      case ENLIST:
        this.#enlist();
        this.#entry.leave(EXCLUSIVE);
        return this.#go(LEAVE);
      case LEAVE:
        return this.#entry.step() === DONE ? this.#go(AWAIT) : GOING;
      case AWAIT:
        return this.#await();
      case RETURN:
        return this.#return();
      case SETTLE:
        return this.#settle();
      case NOTIFY:
        return this.#notifyFirst();
      default:
        return DONE;
    }
  }

  #await(): Outcome {
    if (this.#words.load(this.#rank, SIGNAL) === 0 && !this.leaving && !this.roused) return BLOCKED;
    this.#entry.enter(EXCLUSIVE);
    return this.#go(RETURN);
  }

  #return(): Outcome {
    const outcome = this.#entry.step();
    return outcome === DONE ? this.#go(SETTLE) : outcome;
  }

  #settle(): Outcome {
    const signalled = this.#words.exchange(this.#rank, SIGNAL, 0);
    this.notified = signalled || this.roused ? 1 : 0;
    // A notifier that has gone may have come no further than the signal.
    if (!signalled || this.#losses.gone > 0) this.#delist();
    // Two notifications have come to one rank.
    if (!signalled || this.roused !== OWED) return this.#end();
    this.count = 1;
    return this.#go(NOTIFY);
  }

  #notifyFirst(): Outcome {
    const first = this.#next(0);
    if (first === 0) return this.#end();
    if (this.#losses.gone === 0 || !this.#losses.isGone(first - 1)) {
      this.#words.store(first - 1, SIGNAL, 1);
      if (!this.#returned(first - 1)) this.count--;
      this.#words.ring(first - 1);
    }
    this.#remove(0, first);
    return this.count > 0 ? GOING : this.#end();
  }

  /** True if the rank just notified has gone, and nobody has taken its notification over. */
  #returned(rank: number): boolean {
    if (this.#losses.gone === 0 || !this.#losses.isGone(rank)) return false;
    return this.#words.exchange(rank, SIGNAL, 0) === 1;
  }

  #enlist(): void {
    const none = this.#losses.gone === 0;
    if (!none) this.#link(this.#rank + 1, 0);
    this.#link(none ? this.#words.load(this.#root, LAST) : this.#walkTo(0), this.#rank + 1);
    this.#words.store(this.#root, LAST, this.#rank + 1);
  }

  /** Takes this rank out of the line, if it is there. */
  #delist(): void {
    const me = this.#rank + 1;
    const place = this.#walkTo(me);
    if (this.#next(place) === me) this.#remove(place, me);
  }

  /** The place behind which `who` stands, or the last one. */
  #walkTo(who: number): number {
    let place = 0;
    for (let next = this.#next(0); next !== who && next !== 0; next = this.#next(place)) place = next;
    return place;
  }

  /** Takes `who` out of the line, who stands behind `place`. */
  #remove(place: number, who: number): void {
    const behind = this.#next(who);
    this.#link(place, behind);
    this.#link(who, 0);
    if (behind === 0) this.#words.store(this.#root, LAST, place);
  }

  /** Who stands behind a place in line: a rank + 1, or 0 for the head of the list. */
  #next(place: number): number {
    return place === 0 ? this.#words.load(this.#root, FIRST) : this.#words.load(place - 1, NEXT);
  }

  /** Makes `who` stand behind a place. */
  #link(place: number, who: number): void {
    if (place === 0) this.#words.store(this.#root, FIRST, who);
    else this.#words.store(place - 1, NEXT, who);
  }

  #go(phase: number): Outcome {
    this.phase = phase;
    return GOING;
  }

  #end(): Outcome {
    this.phase = IDLE;
    return DONE;
  }
}
