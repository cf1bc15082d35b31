/**
 * Work in parts, between a thread that has it and one that helps: each takes part after part until none is left, the owner from the first on,
 * the helper from the last. Who comes late takes fewer. Who does a like work again finds its parts in its own core's cache, but for those
 * where the two meet.
 *
 * Words: LEFT says which parts are left: the first in its lower half, one more than the last in its upper half, and 0 for none. The owner
 * stores it when nothing is left and nothing is being done; both take parts by compare-exchange. DONE counts what the helper has ever done,
 * and wraps; only the helper adds to it.
 *
 * Memory order: the owner writes what the work is, then stores LEFT. The helper reads what the work is between taking a part and adding to DONE;
 * until then the owner begins no other. What the helper has done precedes its addition, and the owner leaves only when it has seen all of these.
 */
import type { Words } from "./words.ts";

/** Names of the words. */
export const LEFT = 0;
export const DONE = 1;
/** How many words there are. */
export const HANDOUT_WORDS = 2;

/** Whose words they are, for {@link Words}. */
const OWNER = 0;

/** The bits of LEFT that hold the first part. */
const FIRST_BITS = 16;
/** So many parts a work may have. */
const MOST_PARTS = 2 ** 15 - 1;

/** How long a part of a copy is: some 10 to 50 µs of copying, for which one waits for another at the end; to take one needs less than 1 µs. */
const PART_BYTES = 2 ** 18;
/** Parts end where pages do, so that ranks seldom write to one line of the cache. */
const PAGE_BYTES = 4096;

/** Local: how long the parts are into which a copy by so many is cut: at least one for each. `least`: shorter ones are slow. */
export function partBytesOf(bytes: number, takers: number, least = 0): number {
  const atMost = Math.max(PART_BYTES, least, bytes / MOST_PARTS);
  return Math.ceil(Math.min(atMost, bytes / takers) / PAGE_BYTES) * PAGE_BYTES;
}

/** Takes the last of the parts that are left. Local, not blocking. Returns its number, or −1 when there is none. */
export function takeLast(words: Words): number {
  for (;;) {
    const left = words.load(OWNER, LEFT);
    if (left === 0) return -1;
    const end = left >> FIRST_BITS;
    if (words.compareExchange(OWNER, LEFT, left, leftOf(firstOf(left), end - 1)) === left) return end - 1;
  }
}

/** As {@link takeLast}, the first. */
function takeFirst(words: Words): number {
  for (;;) {
    const left = words.load(OWNER, LEFT);
    if (left === 0) return -1;
    const first = firstOf(left);
    if (words.compareExchange(OWNER, LEFT, left, leftOf(first + 1, left >> FIRST_BITS)) === left)
      return first;
  }
}

function firstOf(left: number): number {
  return left & (2 ** FIRST_BITS - 1);
}

/** None at all is 0, whichever was the last: that is what the helper sleeps on. */
function leftOf(first: number, end: number): number {
  return first === end ? 0 : (end << FIRST_BITS) | first;
}

/** The helper has done the part that it took. Local. */
export function partDone(words: Words): void {
  words.add(OWNER, DONE, 1);
}

/** The owner's side. All members are local; none blocks. */
export class Handout {
  readonly #words: Words;
  /** What DONE comes to when the helper has done all that is not this thread's. */
  #theirs = 0;

  constructor(words: Words) {
    this.#words = words;
  }

  /** Begins a work of so many parts, no more than 32 767, which has been described. The helper may have to be woken. */
  begin(parts: number): void {
    this.#theirs = (this.#theirs + parts) | 0;
    this.#words.store(OWNER, LEFT, leftOf(0, parts));
  }

  /** The next part for the owner, −1 when there is none. */
  take(): number {
    const part = takeFirst(this.#words);
    if (part >= 0) this.#theirs = (this.#theirs - 1) | 0;
    return part;
  }

  /** When there is no part to take: DONE as it is if the helper is still at one, else null: the work is done. */
  awaited(): number | null {
    const done = this.#words.load(OWNER, DONE);
    return done === this.#theirs ? null : done;
  }
}
