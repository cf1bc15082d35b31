/** The ranks that wait on a condition, as a step machine. */
import type { Words } from "../comm/engine.ts";
import { BLOCKED, DONE, GOING, type Machine, type Outcome } from "../node/machine.ts";
import { EXCLUSIVE, type Entry } from "./entry.ts";

// The words of a condition. The waiting ranks are a linked list, in which rank + 1 stands for a rank and 0 for none. All but
// SIGNAL are touched only with the lock held.

/** On the root: the first in line. */
const FIRST = 0;
/** On the root: the last in line. */
const LAST = 1;
/** On each rank: who is next in line. */
const NEXT = 2;
/** On each rank: 1 once notified. Set by the notifier, who holds the lock; cleared by its owner. */
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

/**
 * One rank's side of a condition. `wait` and `notify` begin an operation, with the lock held; step until DONE.
 *
 * No wake-up is lost: a rank stands in line before it leaves the lock, and notifiers hold the lock. A wait that is given up goes back
 * through the lock, and only then looks whether it was notified meanwhile; if so it counts as notified, so no notification
 * goes to a rank that is no longer there.
 */
export class Waiters implements Machine {
  /** 1 when the last `wait` ended by a notification. */
  notified = 0;

  readonly #words: Words;
  readonly #rank: number;
  readonly #root: number;
  readonly #entry: Entry;
  // Plain fields: the search over all schedules saves and restores them.
  private phase = IDLE;
  private leaving = 0;
  private count = 0;

  constructor(words: Words, rank: number, root: number, entry: Entry) {
    this.#words = words;
    this.#rank = rank;
    this.#root = root;
    this.#entry = entry;
  }

  /** Begins to stand in line, leave the lock, wait to be notified and enter the lock again. */
  wait(): void {
    this.leaving = 0;
    this.phase = ENLIST;
  }

  /** Ends the waiting of a `wait` early: step until DONE, which is after entering the lock again. */
  giveUp(): void {
    this.leaving = 1;
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
        this.notified = this.#words.exchange(this.#rank, SIGNAL, 0);
        if (!this.notified) this.#delist();
        return this.#end();
      case NOTIFY:
        return this.#notifyFirst();
      default:
        return DONE;
    }
  }

  #await(): Outcome {
    if (this.#words.load(this.#rank, SIGNAL) === 0 && !this.leaving) return BLOCKED;
    this.#entry.enter(EXCLUSIVE);
    return this.#go(RETURN);
  }

  #return(): Outcome {
    const outcome = this.#entry.step();
    return outcome === DONE ? this.#go(SETTLE) : outcome;
  }

  #notifyFirst(): Outcome {
    const first = this.#next(0);
    if (first === 0) return this.#end();
    this.#remove(0, first);
    this.#words.store(first - 1, SIGNAL, 1);
    this.#words.ring(first - 1);
    this.count--;
    return this.count > 0 ? GOING : this.#end();
  }

  #enlist(): void {
    this.#link(this.#words.load(this.#root, LAST), this.#rank + 1);
    this.#words.store(this.#root, LAST, this.#rank + 1);
  }

  #delist(): void {
    let place = 0;
    while (this.#next(place) !== this.#rank + 1) place = this.#next(place);
    this.#remove(place, this.#rank + 1);
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
