/**
 * A set of task numbers in shared words, from which any rank takes the lowest in a number of steps that does not grow with the
 * set: a tree of bits. A bit on the bottom level stands for a number, a bit further up for a word below that may have bits.
 *
 * Words, all on one rank, all written by any rank:
 *   bottom  one bit for each number;
 *   above   in the low half one bit for each word below; in the high half a count of the insertions that passed through.
 *
 * Order of writes. Insert: the bottom bit, then every word above it, counting. Take: the bottom bit; if its word became empty,
 * then upwards: read the word above, read the word below, and if that is empty take its bit away by a compare-exchange
 * with what was read first.
 *
 * Why no number is lost. Say p is the bit for the word c. An insertion sets its bit in c and then counts in p's word, setting p if it
 * is clear. Whoever clears p has read p's word before it read c, and c was empty then. Had the insertion counted before that first
 * read, its bit would have been in c; had it counted after, the compare-exchange would have failed. So p is only
 * cleared before the insertion counts, which then sets p. Hence, once an insertion has returned, the number is found until it is taken,
 * whatever others do meanwhile: `lowest()` says −1 only if the set was empty of such numbers. (The count wraps after 65,536
 * insertions into one subtree between two neighbouring steps of one rank; those two steps would have to last that long.)
 * Bits above may be set over empty words for a while; whoever runs into one clears it.
 */
import type { Words } from "../comm/engine.ts";
import type { Protocol } from "./protocol.ts";

/** How many bits a word has on the bottom level, and on those above (at most 16 there). */
export interface Fanout {
  readonly bottom: number;
  readonly above: number;
}

/** What the package uses: a million numbers on five levels. */
export const SHIPPED_FANOUT: Fanout = { bottom: 32, above: 16 };

const CHILDREN = 0xffff;
const ONE_INSERTION = 0x1_0000;

/** Numbers 0 … size − 1 in the words from `start` on of rank `root`. */
export class IndexSet {
  readonly #words: Words;
  readonly #root: number;
  readonly #fanout: Fanout;
  /** First word of each level, bottom first; the last level has one word. */
  readonly #starts: readonly number[];

  constructor(words: Words, root: number, start: number, size: number, fanout: Fanout = SHIPPED_FANOUT) {
    this.#words = words;
    this.#root = root;
    this.#fanout = fanout;
    let next = start;
    this.#starts = levelSizes(size, fanout).map((count) => (next += count) - count);
  }

  /** Words that a set of numbers below `size` needs. Local. */
  static wordsFor(size: number, fanout: Fanout = SHIPPED_FANOUT): number {
    return levelSizes(size, fanout).reduce((sum, count) => sum + count, 0);
  }

  /** Puts numbers into a set that no other rank uses yet. Local. */
  fill(numbers: Iterable<number>): void {
    const bits = new Map<number, number>();
    for (const number of numbers) {
      let place = number;
      for (let level = 0; level < this.#starts.length; level++) {
        const word = this.#wordAt(level, place);
        bits.set(word, (bits.get(word) ?? 0) | this.#bitAt(level, place));
        place = this.#above(level, place);
      }
    }
    for (const [word, value] of bits) this.#words.store(this.#root, word, value);
  }

  /** Puts a number in, if it is not there. */
  *insert(number: number): Protocol {
    yield* this.#setBottom(number);
    let place = number;
    for (let level = 1; level < this.#starts.length; level++) {
      place = this.#above(level - 1, place);
      yield* this.#count(level, place);
    }
  }

  /** Takes a number out; false if it is not there, for instance because another rank was faster. */
  *take(number: number): Protocol<boolean> {
    const [word, bit] = [this.#wordAt(0, number), this.#bitAt(0, number)];
    yield;
    let seen = this.#load(word);
    while (seen & bit) {
      yield;
      const found = this.#swap(word, seen, seen & ~bit);
      if (found === seen) {
        if (seen === bit) yield* this.#prune(1, this.#above(0, number));
        return true;
      }
      seen = found;
    }
    return false;
  }

  /** The lowest number, or −1 if there is none. */
  *lowest(): Protocol<number> {
    const top = this.#starts.length - 1;
    for (;;) {
      let place = 0;
      let level = top;
      for (; level >= 0; level--) {
        yield;
        const bits = this.#load(this.#starts[level] + place) & (level > 0 ? CHILDREN : -1);
        if (bits === 0) break;
        place = place * this.#width(level) + lowestBit(bits);
      }
      if (level < 0) return place;
      if (level === top) return -1;
      yield* this.#prune(level + 1, place);
    }
  }

  *#setBottom(number: number): Protocol {
    const [word, bit] = [this.#wordAt(0, number), this.#bitAt(0, number)];
    yield;
    let seen = this.#load(word);
    while (!(seen & bit)) {
      yield;
      const found = this.#swap(word, seen, seen | bit);
      if (found === seen) return;
      seen = found;
    }
  }

  /** Counts an insertion and makes sure that the bit is set. */
  *#count(level: number, place: number): Protocol {
    const [word, bit] = [this.#wordAt(level, place), this.#bitAt(level, place)];
    yield;
    let seen = (this.#words.add(this.#root, word, ONE_INSERTION) + ONE_INSERTION) | 0;
    while (!(seen & bit)) {
      yield;
      const found = this.#swap(word, seen, seen | bit);
      if (found === seen) return;
      seen = found;
    }
  }

  /** Takes away the bit for a word that was seen empty, and so on upwards. Leaves it where the word is not empty any more. */
  *#prune(level: number, place: number): Protocol {
    if (level === this.#starts.length) return;
    const [word, bit] = [this.#wordAt(level, place), this.#bitAt(level, place)];
    for (;;) {
      yield;
      const seen = this.#load(word);
      if (!(seen & bit)) return;
      yield;
      const below = this.#load(this.#starts[level - 1] + place) & (level > 1 ? CHILDREN : -1);
      if (below !== 0) return;
      yield;
      if (this.#swap(word, seen, seen & ~bit) !== seen) continue;
      if ((seen & CHILDREN) === bit) yield* this.#prune(level + 1, this.#above(level, place));
      return;
    }
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
