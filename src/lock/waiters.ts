/** The ranks that wait on a condition, as a step machine. */
import type { Words } from "../comm/engine.ts";
import { BLOCKED, DONE, GOING, type Concern, type Machine, type Outcome } from "../node/machine.ts";
import { EXCLUSIVE, type Entry } from "./entry.ts";
import { OWED, Outlook } from "./outlook.ts";
import type { Place } from "./queue.ts";
import { wordOf } from "./afar.ts";
import { FREE, kindOfSignal, NOTIFIED, numberOfSignal, SIGNAL, STUCK, VAIN } from "./signal.ts";

// The words of a condition. The waiting ranks are a linked list, in which rank + 1 stands for a rank and 0 for none. All but
// SIGNAL (see signal.ts) are touched only with the lock held. A rank that goes while it holds the lock may leave one change half made: FIRST and NEXT
// change by one word each time and so always make a list; LAST is not relied on any more once a rank has gone.

/** On the root: the first in line. */
const FIRST = 0;
/** On the root: the last in line. */
const LAST = 1;
/** On each rank: who is next in line. */
const NEXT = 2;
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
 * goes to a rank that is no longer there. One that went to a rank that has gone since is taken over by a waiting rank, see {@link Outlook}.
 */
export class Waiters implements Machine {
  /** 1 when the last `wait` ended by a notification. */
  notified = 0;
  /** A rank that has gone, when the last `wait` ended because nobody was left to notify this one; else −1. */
  lost = -1;
  /** Whether there is something to wait for still, once ranks have gone. */
  readonly outlook: Outlook;
  /** What this rank waits for in here, for whoever drives the machine. */
  concern?: Concern;

  readonly #words: Words;
  readonly #rank: number;
  readonly #root: number;
  readonly #entry: Entry;
  readonly #losses: Place["losses"];
  // Plain fields: the search over all schedules saves and restores them.
  private phase = IDLE;
  private leaving = 0;
  private count = 0;
  private endless = 0;

  /** `words`: those of the condition; `place`: this rank's in the lock, which `entry` enters. */
  constructor(words: Words, place: Place, entry: Entry) {
    this.#losses = place.losses;
    this.#words = words;
    this.#rank = place.rank;
    this.#root = place.root;
    this.#entry = entry;
    this.outlook = new Outlook(words, place);
  }

  /** Begins to stand in line, leave the lock, wait to be notified and enter the lock again. `endless`: it will not be given up. */
  wait(endless: boolean): void {
    this.leaving = 0;
    this.endless = endless ? 1 : 0;
    this.outlook.roused = 0;
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

  /** Whether a rank can do nothing until it is notified. */
  isStuck(rank: number): boolean {
    const word = wordOf({ losses: this.#losses }, this.#words, rank, SIGNAL);
    return word === null || kindOfSignal(word) === STUCK;
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

  /** Who goes on by itself says so first: it may notify others. */
  #await(): Outcome {
    const word = this.#words.load(this.#rank, SIGNAL);
    const kind = kindOfSignal(word);
    if (kind === FREE || kind === STUCK) {
      if (!this.leaving && !this.outlook.roused) return BLOCKED;
      if (kind === STUCK) this.#words.compareExchange(this.#rank, SIGNAL, word, FREE);
    }
    this.#entry.enter(EXCLUSIVE);
    return this.#go(RETURN);
  }

  #return(): Outcome {
    const outcome = this.#entry.step();
    return outcome === DONE ? this.#go(SETTLE) : outcome;
  }

  #settle(): Outcome {
    const { roused } = this.outlook;
    const word = this.#words.exchange(this.#rank, SIGNAL, FREE);
    const signalled = kindOfSignal(word) === NOTIFIED;
    this.notified = signalled || roused ? 1 : 0;
    this.lost = kindOfSignal(word) === VAIN ? numberOfSignal(word) : -1;
    // A notifier that has gone may have come no further than the signal.
    if (!signalled || this.#losses.gone > 0) this.#delist();
    // Two notifications have come to one rank.
    if (!signalled || roused !== OWED) return this.#end();
    this.count = 1;
    return this.#go(NOTIFY);
  }

  #notifyFirst(): Outcome {
    const first = this.#next(0);
    if (first === 0) return this.#end();
    if (this.#losses.gone === 0 || !this.#losses.isGone(first - 1)) {
      this.#words.store(first - 1, SIGNAL, NOTIFIED);
      if (!this.#returned(first - 1)) this.count--;
      this.#words.ring(first - 1);
    }
    this.#remove(0, first);
    return this.count > 0 ? GOING : this.#end();
  }

  /** True if the rank just notified has gone, and nobody has taken its notification over. */
  #returned(rank: number): boolean {
    if (this.#losses.gone === 0 || !this.#losses.isGone(rank)) return false;
    return this.#words.exchange(rank, SIGNAL, FREE) === NOTIFIED;
  }

  #enlist(): void {
    if (this.endless) this.#words.store(this.#rank, SIGNAL, this.outlook.stick());
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
