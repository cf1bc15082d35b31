/**
 * Claims of tasks, in simulated time. `batch/table.ts` never waits, so it cannot be stopped between two accesses: its claim of an OPEN
 * task is written here once more, as a generator that yields each access. A test compares the accesses of the two.
 */
import { SHIPPED_FANOUT } from "../../src/batch/indexset.ts";
import { claimed, doorOf, firstWord } from "../../src/batch/taskword.ts";
import { OPEN } from "../../src/batch/states.ts";
import type { Network } from "./network.ts";

/** An access to a word of the root: a load, or a compare-exchange. Its answer is what the word was. */
export interface Access {
  readonly index: number;
  readonly swap?: readonly [expected: number, value: number];
}

/** Something that makes accesses. */
export type Accessing<T> = Generator<Access, T, number>;

const { bottom: BOTTOM, above: ABOVE } = SHIPPED_FANOUT;
const CHILDREN = 0xffff;

/** Where the words of a table with all tasks OPEN are, which begins with the set of these; see `batch/table.ts`. */
export interface Layout {
  /** First word of each level of the set's tree, bottom first. */
  readonly starts: readonly number[];
  readonly tally: number;
  /** The first task's word. */
  readonly tasks: number;
}

/** Local: the layout for so many tasks. */
export function layoutOf(tasks: number): Layout {
  const sizes = [Math.max(1, Math.ceil(tasks / BOTTOM))];
  while (sizes.at(-1)! > 1) sizes.push(Math.ceil(sizes.at(-1)! / ABOVE));
  const starts = sizes.map((_, level) => sizes.slice(0, level).reduce((sum, size) => sum + size, 0));
  const tally = starts.at(-1)! + sizes.at(-1)!;
  // Four sets, and the word that says whether DONE tasks are kept.
  return { starts, tally, tasks: 4 * (tally + 1) + 1 };
}

/** One rank that claims OPEN tasks, where none is ever put back. */
export class Claimer {
  readonly #at: Layout;
  #finger = 0;

  constructor(layout: Layout) {
    this.#at = layout;
  }

  /** The lowest OPEN task; −1 if there is none. */
  *claim(): Accessing<number> {
    for (;;) {
      const task = yield* this.#lowest();
      if (task < 0) return -1;
      if (!(yield* this.#take(task))) continue;
      const before = firstWord(OPEN);
      const found = yield { index: this.#at.tasks + task, swap: [before, claimed(before)] };
      if (doorOf(found) === OPEN) return task;
    }
  }

  *#lowest(): Accessing<number> {
    yield { index: this.#at.tally };
    const bits = yield { index: this.#finger };
    if (bits !== 0) return this.#finger * BOTTOM + lowestBit(bits);
    const task = yield* this.#search();
    if (task >= 0) this.#finger = Math.floor(task / BOTTOM);
    return task;
  }

  *#search(): Accessing<number> {
    const top = this.#at.starts.length - 1;
    for (;;) {
      let place = 0;
      let level = top;
      for (; level >= 0; level--) {
        const bits = yield* this.#bitsIn(level, place);
        if (bits === 0) break;
        place = place * (level > 0 ? ABOVE : BOTTOM) + lowestBit(bits);
      }
      if (level < 0) return place;
      if (level === top) return -1;
      yield* this.#prune(level + 1, place);
    }
  }

  *#take(task: number): Accessing<boolean> {
    const index = Math.floor(task / BOTTOM);
    const bit = 1 << (task % BOTTOM);
    let seen = yield { index };
    while (seen & bit) {
      const found = yield { index, swap: [seen, seen & ~bit] };
      if (found === seen) {
        if (seen === bit) yield* this.#prune(1, index);
        return true;
      }
      seen = found;
    }
    return false;
  }

  *#prune(level: number, place: number): Accessing<void> {
    if (level === this.#at.starts.length) return;
    const above = Math.floor(place / ABOVE);
    const index = this.#at.starts[level] + above;
    const bit = 1 << (place % ABOVE);
    for (;;) {
      const seen = yield { index };
      if (!(seen & bit)) return;
      if ((yield* this.#bitsIn(level - 1, place)) !== 0) return;
      if ((yield { index, swap: [seen, seen & ~bit] }) !== seen) continue;
      if ((seen & CHILDREN) === bit) yield* this.#prune(level + 1, above);
      return;
    }
  }

  *#bitsIn(level: number, place: number): Accessing<number> {
    const bits = yield { index: this.#at.starts[level] + place };
    return bits & (level > 0 ? CHILDREN : -1);
  }
}

function lowestBit(bits: number): number {
  return 31 - Math.clz32(bits & -bits);
}

/** Local: what an access comes to. */
export function perform(words: Int32Array, { index, swap }: Access): number {
  const old = words[index];
  if (swap && old === swap[0]) words[index] = swap[1];
  return old;
}

/** Local: the words of a table with all tasks OPEN. */
export function openTable(tasks: number): Int32Array {
  const { starts, tally, tasks: first } = layoutOf(tasks);
  const words = new Int32Array(first + tasks);
  const set = (index: number, place: number, width: number) =>
    (words[index + Math.floor(place / width)] |= 1 << (place % width));
  for (let task = 0; task < tasks; task++) set(0, task, BOTTOM);
  for (let level = 1; level < starts.length; level++) {
    for (let place = 0; place < starts[level] - starts[level - 1]; place++) set(starts[level], place, ABOVE);
  }
  return words.fill(0, tally, first);
}

/** How workers that all want a task at once got one. */
export interface Start {
  readonly workers: number;
  /** Until the last has its task. */
  readonly µs: number;
  readonly accesses: number;
}

/** Local: each of so many workers, of other nodes than the root's, claims one task; all begin at the same moment. */
export function simulateStart(network: Network, workers: number): Start {
  const { overhead, handling, latency } = network;
  const own = overhead + handling;
  const words = openTable(workers);
  const layout = layoutOf(workers);
  // All have the same way to the root, so that requests are served in the order of the answers before them: a ring is enough.
  const ring = Array.from({ length: workers }, () => {
    const claim = new Claimer(layout).claim();
    return { claim, access: claim.next(), at: own + latency };
  });
  let [busyUntil, accesses, end] = [0, 0, 0];
  for (let left = workers, next = 0; left > 0; next = next + 1 === workers ? 0 : next + 1) {
    const one = ring[next];
    if (one.access.done) continue;
    accesses++;
    busyUntil = Math.max(busyUntil, one.at) + 2 * own;
    one.access = one.claim.next(perform(words, one.access.value));
    const back = busyUntil + latency + own;
    one.at = back + own + latency;
    if (one.access.done) {
      left--;
      end = back;
    }
  }
  return { workers, µs: end, accesses };
}
