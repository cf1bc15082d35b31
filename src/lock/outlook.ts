/** What a rank that waits in a condition can hope for once ranks have gone, as a step machine. */
import type { Words } from "../comm/engine.ts";
import { DONE, GOING, type Machine, type Outcome } from "../node/machine.ts";
import { PENDING, SHARES, TICKETS, USERS } from "./layout.ts";
import type { Place } from "./queue.ts";
import { wordOf } from "./afar.ts";
import { FREE, kindOfSignal, NOTIFIED, signal, SIGNAL, STUCK, VAIN } from "./signal.ts";

const IDLE = 0;
const COLLECT = 1;
const LOOK = 2;
const COME_FREE = 3;
const TAKE = 4;
const STICK = 5;
const COMPARE = 6;
const TELL = 7;

/** Why a wait ends without a notification of its own: the lock's holder has gone, */
export const MARKED = 1;
/** or one who had been notified. */
export const OWED = 2;

/** What the lock and the signals of those that have gone come to. */
const NOTHING = 0;
const SOMETHING = 1;
const UNDECIDED = 2;

/** Stands for the signal of a rank that has gone; a signal is no negative number. */
const GONE = -1;

/**
 * One rank's look at the others of its condition: whether one of those that have gone should have let it go on; and whether all that live wait here with nobody left to notify them, of which it tells all.
 *
 * That all are STUCK at one moment is known when their signals are the same twice: each wait has a number of its own. Nobody notifies then, nobody is in line for
 * the lock, and so nothing of what is read between the two readings changes any more: no ticket of a lost rank to pass on,
 * no mark, no notification to take over. Whoever takes one of these first ceases to be STUCK.
 *
 * No last look is missed: a rank is STUCK before it looks, and looks again whenever a rank has gone. So the last one to become STUCK, or to learn of
 * the last loss, or to set the lock right, finds all as they will stay.
 */
export class Outlook implements Machine {
  readonly #words: Words;
  readonly #place: Place;
  /** Why the wait is to end, if it is. */
  roused = 0;
  /** 1 when the last look came to nothing because the lock is in use, or is to be set right first. */
  undecided = 0;
  // Plain fields: the search over all schedules saves and restores them.
  private phase = IDLE;
  private serial = 0;
  private wasStuck = 0;
  private seen: number[] = [];
  /** The rank that comes next. */
  private at = 0;

  /** `words`: those of the condition; `place`: this rank's in the lock. */
  constructor(words: Words, place: Place) {
    this.#words = words;
    this.#place = place;
  }

  /** Local: a wait begins that nothing but a notification ends; its signal. */
  stick(): number {
    return signal(STUCK, ++this.serial);
  }

  /** Begins to look. */
  call(): void {
    this.undecided = 0;
    this.#begin();
  }

  step(): Outcome {
    switch (this.phase) {
      case COLLECT:
        return this.#collect();
      case LOOK:
        return this.#look();
      case COME_FREE:
        return this.#comeFree();
      case TAKE:
        return this.#take();
      case STICK:
        return this.#stick();
      case COMPARE:
        return this.#compare();
      case TELL:
        return this.#tell();
      default:
        return DONE;
    }
  }

  /** What is read at different times counts for nothing unless it is read again as it was. */
  #collect(): Outcome {
    const { size, losses } = this.#place;
    const rank = this.at++;
    this.seen = [...this.seen, losses.isGone(rank) ? GONE : this.#words.load(rank, SIGNAL)];
    if (this.seen.length < size && this.#mayBeVain()) return GOING;
    if (!this.#mayBeVain() || !this.seen.includes(GONE)) this.seen = [];
    return this.#go(LOOK);
  }

  /** Whether all of these are STUCK that live, or only one lives and that is this rank. */
  #mayBeVain(): boolean {
    const living = this.seen.filter((word) => word !== GONE);
    const others = this.seen.some((word, rank) => word !== GONE && rank !== this.#place.rank);
    return !others || living.every((word) => kindOfSignal(word) === STUCK);
  }

  #look(): Outcome {
    const found = this.#findLegacy();
    this.undecided = found === UNDECIDED ? 1 : 0;
    if (found === SOMETHING) return this.#go(COME_FREE);
    return found === NOTHING && this.seen.length > 0 ? this.#go(COMPARE) : this.#end();
  }

  /** What ranks that have gone left to those that wait. */
  #findLegacy(): number {
    const { words, root } = this.#place;
    if (words.load(root, USERS) < 0 || this.#find(this.#words, SIGNAL, (word) => word === NOTIFIED) >= 0)
      return SOMETHING;
    const isSettled =
      (words.load(root, TICKETS) & PENDING) === 0 && this.#find(words, SHARES, (word) => word < 0) < 0;
    return isSettled ? NOTHING : UNDECIDED;
  }

  /** The first rank that has gone and left such a word; −1 for none. What went with its node is none. */
  #find(words: Words, index: number, suits: (word: number) => boolean): number {
    const { size, losses } = this.#place;
    for (let rank = 0; rank < size; rank++) {
      const word = losses.isGone(rank) ? wordOf(this.#place, words, rank, index) : null;
      if (word !== null && suits(word)) return rank;
    }
    return -1;
  }

  #comeFree(): Outcome {
    const { rank } = this.#place;
    const word = this.#words.load(rank, SIGNAL);
    this.wasStuck = kindOfSignal(word) === STUCK ? 1 : 0;
    if (this.wasStuck && this.#words.compareExchange(rank, SIGNAL, word, FREE) !== word) return this.#end();
    return this.#go(TAKE);
  }

  /** A mark stays until a rank enters the lock: it may wake several, of which the first is told. */
  #take(): Outcome {
    const { words, root, rank } = this.#place;
    const owed = this.#find(this.#words, SIGNAL, (word) => word === NOTIFIED);
    if (words.load(root, USERS) < 0) this.roused = MARKED;
    else if (owed >= 0 && this.#words.exchange(owed, SIGNAL, FREE) === NOTIFIED) this.roused = OWED;
    if (!this.roused) return this.wasStuck ? this.#go(STICK) : this.#begin();
    this.#words.ring(rank);
    return this.#end();
  }

  /** Another has been quicker. */
  #stick(): Outcome {
    const { rank } = this.#place;
    const before = this.#words.compareExchange(rank, SIGNAL, FREE, this.stick());
    return before === FREE ? this.#begin() : this.#end();
  }

  #compare(): Outcome {
    const rank = this.at++;
    const before = this.seen[rank];
    if (before !== GONE && this.#words.load(rank, SIGNAL) !== before) return this.#end();
    return this.at < this.seen.length ? GOING : this.#go(TELL);
  }

  /** One rank a step, this one last: should it go meanwhile, the others look again. */
  #tell(): Outcome {
    const { rank, size, losses } = this.#place;
    while (this.at < size && (this.at === rank || losses.isGone(this.at))) this.at++;
    const isLast = this.at === size;
    const whom = isLast ? rank : this.at++;
    const lost = this.seen.indexOf(GONE);
    this.#words.compareExchange(whom, SIGNAL, this.seen[whom], signal(VAIN, lost));
    this.#words.ring(whom);
    return isLast ? this.#end() : GOING;
  }

  #begin(): Outcome {
    this.seen = [];
    return this.#go(COLLECT);
  }

  #go(phase: number): Outcome {
    this.phase = phase;
    this.at = 0;
    return GOING;
  }

  #end(): Outcome {
    this.seen = [];
    this.phase = IDLE;
    return DONE;
  }
}
