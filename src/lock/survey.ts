/** What the living say of themselves when ranks have gone in the midst of a lock, and what is wrong if all of them are at rest. */
import { COUNT, GRANT, HOLDER, PENDING, SHARES, STANCE, TICKETS, USERS } from "./layout.ts";
import type { Place } from "./queue.ts";
import { wordOf } from "./afar.ts";
import { FOR_ROOM, kindOf, MOVING, ticketOf, WAITING } from "./stance.ts";

/** Stands for the stance of a rank that has gone; a stance is no negative number. */
const GONE = -1;

/**
 * One rank's survey of a lock, in four steps, each one of its machine's: `isHeld`, `collect`, `find`, `isStill`. What is found holds if all
 * goes well to the last.
 *
 * Nothing is asked of what a lost rank left in its own words, as it may have gone between any two steps. What counts is what the living
 * say of themselves: if all of them are at rest, none is inside alone, has been granted, or stands at the head, and yet there are tickets not
 * passed on, then the head is lost. Its ticket is that of the living rank that waits with it, or nobody's. In the same way USERS is to be
 * what the living count for.
 *
 * That all are at rest at one moment is known when the stances are the same twice (a move changes them for good); between the two readings
 * all else is read.
 */
export class Survey {
  /** 1 when the head is lost. */
  headless = 0;
  /** The oldest ticket not passed on. */
  first = 0;
  /** Rank + 1 of the living rank that waits with it; 0 for nobody. */
  waiter = 0;
  /** By how much USERS is above what the living count for. */
  excess = 0;
  /** 1 when the next to enter is to be told that a holder went without leaving, and nothing says so yet. */
  marks = 0;
  /** Rank + 1 of one that was told so, and went itself without leaving; 0 for nobody. */
  reminded = 0;

  readonly #place: Place;
  // A plain field: the search over all schedules saves and restores it.
  private seen: number[] = [];

  constructor(place: Place) {
    this.#place = place;
  }

  /** Whether a living rank is inside alone: it passes the head on when it leaves, and skips the lost. */
  isHeld(): boolean {
    const holder = this.#holder();
    return holder !== 0 && !this.#place.losses.isGone(holder - 1);
  }

  /** Reads the stances: false if some rank is in motion. What is read at different times counts for nothing unless it is read again as it was. */
  collect(): boolean {
    const { size, losses } = this.#place;
    this.seen = Array.from({ length: size }, (_, rank) => {
      return losses.isGone(rank) ? GONE : (this.#wordOf(rank, STANCE) ?? GONE);
    });
    return !this.seen.some((stance) => stance !== GONE && kindOf(stance) === MOVING);
  }

  /** Reads all else, in one step: if the living do not stir until the stances have been read again, none of these words changes. */
  find(): void {
    const { words, root } = this.#place;
    this.marks = this.#holder() === 0 ? 0 : 1;
    const users = words.load(root, USERS);
    this.excess = users & COUNT;
    this.waiter = 0;
    this.reminded = 0;
    for (const [rank, stance] of this.seen.entries()) this.#findOut(rank, stance);
    if (this.reminded !== 0) this.marks = 1;
    if (users < 0) this.marks = 0;
  }

  /** Reads the stances again: whether nobody has stirred. */
  isStill(): boolean {
    return this.seen.every((stance, rank) => stance === GONE || this.#wordOf(rank, STANCE) === stance);
  }

  /** Lets go of what it has read. */
  forget(): void {
    this.seen = [];
  }

  /** Rank + 1 of who holds the head by what TICKETS and HOLDER say; 0 for none. */
  #holder(): number {
    const { words, root } = this.#place;
    const tickets = words.load(root, TICKETS);
    const holder = words.load(root, HOLDER);
    this.first = ((tickets >>> 16) - tickets) & PENDING;
    const current = (tickets & PENDING) !== 0 && holder !== 0 && holder >>> 16 === this.first;
    this.headless = (tickets & PENDING) === 0 ? 0 : 1;
    return current ? holder & PENDING : 0;
  }

  #wordOf(rank: number, index: number): number | null {
    return wordOf(this.#place, this.#place.words, rank, index);
  }

  /** What has gone with its rank's node tells nothing: of one that lived a moment ago, the stances will. */
  #findOut(rank: number, stance: number): void {
    const shares = this.#wordOf(rank, SHARES) ?? 0;
    if (stance === GONE) {
      if (shares < 0) this.reminded = rank + 1;
      return;
    }
    this.excess -= shares & COUNT;
    if (kindOf(stance) === FOR_ROOM) this.headless = 0;
    if (kindOf(stance) !== WAITING || ticketOf(stance) !== this.first) return;
    if (this.#wordOf(rank, GRANT) === 1) this.headless = 0;
    this.waiter = rank + 1;
  }
}
