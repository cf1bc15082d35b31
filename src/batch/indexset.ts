/**
 * A set of task numbers in shared words, from which any rank takes the lowest in a number of steps that does not grow with the
 * set: a tree of bits. A bit on the bottom level stands for a number, a bit further up for a word below that may have bits.
 *
 * Words, all on one rank, all written by any rank:
 *   bottom  one bit for each number;
 *   above   in the low half one bit for each word below; in the high half a count of the insertions that passed through;
 *   tally   a count of the insertions that are through.
 *
 * Order of writes. Insert: the bottom bit, then every word above it, counting, then the tally. Take: the bottom bit; if its word
 * became empty, then upwards: read the word above, read the word below, and if that is empty take its bit away by a
 * compare-exchange with what was read first.
 *
 * Why no number is lost. Say p is the bit for the word c. An insertion sets its bit in c and then counts in p's word, setting p if it
 * is clear. Whoever clears p has read p's word before it read c, and c was empty then. Had the insertion counted before that first
 * read, its bit would have been in c; had it counted after, the compare-exchange would have failed. So p is only
 * cleared before the insertion counts, which then sets p. Hence, once an insertion has returned, the number is found until it is taken,
 * whatever others do meanwhile: `lowest()` says −1 only if the set was empty of such numbers. (The count wraps after 65,536
 * insertions into one subtree between two neighbouring steps of one rank; those two steps would have to last that long.)
 * Bits above may be set over empty words for a while; whoever runs into one clears it.
 *
 * Why a rank may begin where it was. A search reads the tally before it goes down the tree. What had returned by then, it would
 * have found: so all such numbers are in the bottom word that it came to, or above, or taken. While the tally is the same no
 * other insertion has returned, so the lowest number is in that word, if the word has any bits. A claim then costs the
 * same on a tree of any height, and few steps, which matters most where the words are on another node.
 */
import type { Words } from "../comm/engine.ts";

/** How many bits a word has on the bottom level, and on those above (at most 16 there). */
export interface Fanout {
  readonly bottom: number;
  readonly above: number;
}

/** What the package uses: a million numbers on five levels. */
export const SHIPPED_FANOUT: Fanout = { bottom: 32, above: 16 };

const CHILDREN = 0xffff;
const ONE_INSERTION = 0x1_0000;

/** Numbers 0 … size − 1 in the words from `start` on of rank `root`. All members are local, and none ever waits. */
export class IndexSet {
  readonly #words: Words;
  readonly #root: number;
  readonly #fanout: Fanout;
  /** First word of each level, bottom first; the last level has one word. The tally follows. */
  readonly #starts: readonly number[];
  readonly #tally: number;
  /** The tally at the start of this rank's last search, and the bottom word that it came to. */
  #tallySeen = 0;
  #finger = 0;

  constructor(words: Words, root: number, start: number, size: number, fanout: Fanout = SHIPPED_FANOUT) {
    this.#words = words;
    this.#root = root;
    this.#fanout = fanout;
    let next = start;
    this.#starts = levelSizes(size, fanout).map((count) => (next += count) - count);
    this.#tally = next;
  }

  /** Words that a set of numbers below `size` needs. Local. */
  static wordsFor(size: number, fanout: Fanout = SHIPPED_FANOUT): number {
    return levelSizes(size, fanout).reduce((sum, count) => sum + count, 0) + 1;
  }

  /** Puts numbers into a set that no other rank uses yet. */
  fill(numbers: Iterable<number>): void {
    const first = this.#starts[0];
    const bits = new Int32Array(this.#tally - first);
    for (const number of numbers) bits[this.#wordAt(0, number) - first] |= this.#bitAt(0, number);
    for (let level = 1; level < this.#starts.length; level++) {
      for (let word = this.#starts[level - 1]; word < this.#starts[level]; word++) {
        const place = word - this.#starts[level - 1];
        if (bits[word - first] !== 0) bits[this.#wordAt(level, place) - first] |= this.#bitAt(level, place);
      }
    }
    bits.forEach((value, i) => value !== 0 && this.#words.store(this.#root, first + i, value));
  }

  /** Puts all numbers below `size` into a set that no other rank uses yet. No memory beside the set is needed. */
  fillAll(size: number): void {
    let members = size;
    for (let level = 0; level < this.#starts.length; level++) {
      const width = this.#width(level);
      const full = Math.ceil(members / width);
      for (let place = 0; place < full; place++) {
        const count = Math.min(width, members - place * width);
        this.#words.store(this.#root, this.#starts[level] + place, count === 32 ? -1 : (1 << count) - 1);
      }
      members = full;
    }
  }

  /** Puts a number in, if it is not there. */
  insert(number: number): void {
    this.#setBit(this.#wordAt(0, number), this.#bitAt(0, number), this.#load(this.#wordAt(0, number)));
    let place = number;
    for (let level = 1; level < this.#starts.length; level++) {
      place = this.#above(level - 1, place);
      const word = this.#wordAt(level, place);
      const seen = (this.#words.add(this.#root, word, ONE_INSERTION) + ONE_INSERTION) | 0;
      this.#setBit(word, this.#bitAt(level, place), seen);
    }
    this.#words.add(this.#root, this.#tally, 1);
  }

  /** Takes a number out; false if it is not there, for instance because another rank was faster. */
  take(number: number): boolean {
    const word = this.#wordAt(0, number);
    const bit = this.#bitAt(0, number);
    let seen = this.#load(word);
    while (seen & bit) {
      const found = this.#swap(word, seen, seen & ~bit);
      if (found === seen) {
        if (seen === bit) this.#prune(1, this.#above(0, number));
        return true;
      }
      seen = found;
    }
    return false;
  }

  /** The lowest number, or −1 if there is none. */
  lowest(): number {
    const tally = this.#load(this.#tally);
    if (tally === this.#tallySeen) {
      const bits = this.#load(this.#starts[0] + this.#finger);
      if (bits !== 0) return this.#finger * this.#fanout.bottom + lowestBit(bits);
    }
    const number = this.#search();
    if (number >= 0) {
      this.#tallySeen = tally;
      this.#finger = this.#above(0, number);
    }
    return number;
  }

  /** From the top of the tree down to the lowest number, or −1. */
  #search(): number {
    const top = this.#starts.length - 1;
    for (;;) {
      let place = 0;
      let level = top;
      for (; level >= 0; level--) {
        const bits = this.#bitsIn(level, place);
        if (bits === 0) break;
        place = place * this.#width(level) + lowestBit(bits);
      }
      if (level < 0) return place;
      if (level === top) return -1;
      this.#prune(level + 1, place);
    }
  }

  /** Takes away the bit for a word that was seen empty, and so on upwards. Leaves it where the word is not empty any more. */
  #prune(level: number, place: number): void {
    if (level === this.#starts.length) return;
    const word = this.#wordAt(level, place);
    const bit = this.#bitAt(level, place);
    for (;;) {
      const seen = this.#load(word);
      if (!(seen & bit)) return;
      if (this.#bitsIn(level - 1, place) !== 0) return;
      if (this.#swap(word, seen, seen & ~bit) !== seen) continue;
      if ((seen & CHILDREN) === bit) this.#prune(level + 1, this.#above(level, place));
      return;
    }
  }

  /** Sets a bit in a word that was just seen. */
  #setBit(word: number, bit: number, seen: number): void {
    while (!(seen & bit)) {
      const found = this.#swap(word, seen, seen | bit);
      if (found === seen) return;
      seen = found;
    }
  }

  /** The bits, without the count, of the word at `place` on a level. */
  #bitsIn(level: number, place: number): number {
    return this.#load(this.#starts[level] + place) & (level > 0 ? CHILDREN : -1);
  }

  #load(word: number): number {
    return this.#words.load(this.#root, word);
  }

  #swap(word: number, expected: number, value: number): number {
    return this.#words.compareExchange(this.#root, word, expected, value);
  }

  #width(level: number): number {
    return level > 0 ? this.#fanout.above : this.#fanout.bottom;
  }

  /** The place on the level above of what is at `place` on this one. */
  #above(level: number, place: number): number {
    return Math.floor(place / this.#width(level));
  }

  #wordAt(level: number, place: number): number {
    return this.#starts[level] + this.#above(level, place);
  }

  #bitAt(level: number, place: number): number {
    return 1 << (place % this.#width(level));
  }
}

/** Words on each level, bottom first. */
function levelSizes(size: number, fanout: Fanout): number[] {
  const sizes = [Math.max(1, Math.ceil(size / fanout.bottom))];
  while (sizes.at(-1)! > 1) sizes.push(Math.ceil(sizes.at(-1)! / fanout.above));
  return sizes;
}

function lowestBit(bits: number): number {
  return 31 - Math.clz32(bits & -bits);
}
