/**
 * The tasks of a batch in the shared words of one rank: a word for each task (see taskword.ts) and, for each state in
 * which tasks can be handed out, the set of those that can.
 *
 * The task's word decides, the sets are where to look. A claim takes a number out of a set and then changes the word by
 * compare-exchange: one rank succeeds. A change of a word that makes a task available puts its number into the set
 * afterwards. So an available task is always in its set, or in the hands of a rank that is about to claim it; a number left in a
 * set by a task that is not available any more is dropped by whoever takes it.
 */
import type { Words } from "../comm/engine.ts";
import { IndexSet, SHIPPED_FANOUT, type Fanout } from "./indexset.ts";
import type { Protocol } from "./protocol.ts";
import type { TaskState } from "./states.ts";
import { claimed, DOORS, doorOf, firstWord, type Door } from "./taskword.ts";

/** A task that was handed out. */
export interface Claim {
  readonly task: number;
  /** Its word as it was. */
  readonly before: number;
  /** Its word as the claim has left it. */
  readonly word: number;
}

/** The words on rank `root`; see above. All members but `fill` may be used by any rank at any time. */
export class TaskTable {
  readonly #words: Words;
  readonly #root: number;
  readonly #tasks: number;
  readonly #sets: ReadonlyMap<Door, IndexSet>;

  constructor(words: Words, root: number, nTask: number, fanout: Fanout = SHIPPED_FANOUT) {
    const setWords = IndexSet.wordsFor(nTask, fanout);
    this.#words = words;
    this.#root = root;
    this.#sets = new Map(
      DOORS.map((door, i) => [door, new IndexSet(words, root, i * setWords, nTask, fanout)]),
    );
    this.#tasks = DOORS.length * setWords;
  }

  /** Words that a table of `nTask` tasks needs. Local. */
  static wordsFor(nTask: number, fanout: Fanout = SHIPPED_FANOUT): number {
    return DOORS.length * IndexSet.wordsFor(nTask, fanout) + nTask;
  }

  /** Enters the states at the start, before any other rank uses the table. Local. */
  fill(states: ArrayLike<TaskState>): void {
    const numbers = new Map<TaskState, number[]>();
    for (let task = 0; task < states.length; task++) {
      const state = states[task];
      this.#words.store(this.#root, this.#tasks + task, firstWord(state));
      const list = numbers.get(state);
      if (list) list.push(task);
      else numbers.set(state, [task]);
    }
    for (const [door, set] of this.#sets) set.fill(numbers.get(door) ?? []);
  }

  /** The word of a task. */
  *read(task: number): Protocol<number> {
    yield;
    return this.#words.load(this.#root, this.#tasks + task);
  }

  /** Hands out the lowest task that is available through one of the doors; null if there is none. */
  *claim(doors: readonly Door[]): Protocol<Claim | null> {
    for (;;) {
      let lowest = Infinity;
      let through: Door | undefined;
      for (const door of doors) {
        const task = yield* this.#sets.get(door)!.lowest();
        if (task >= 0 && task < lowest) [lowest, through] = [task, door];
      }
      if (through === undefined) return null;
      if (!(yield* this.#sets.get(through)!.take(lowest))) continue;
      const claim = yield* this.#seize(lowest, through);
      if (claim) return claim;
    }
  }

  /**
   * Replaces a task's word by what `next` makes of it, and makes the task available if the new word says so. `next` may
   * answer null: leave it. Returns the word as it was found.
   */
  *change(task: number, next: (word: number) => number | null): Protocol<number> {
    yield;
    let seen = this.#words.load(this.#root, this.#tasks + task);
    for (;;) {
      const word = next(seen);
      if (word === null) return seen;
      yield;
      const found = this.#words.compareExchange(this.#root, this.#tasks + task, seen, word);
      if (found === seen) {
        const door = doorOf(word);
        if (door !== null) yield* this.#sets.get(door)!.insert(task);
        return seen;
      }
      seen = found;
    }
  }

  /** Claims a task whose number this rank took out of the set of a door; null if it is not available there any more. */
  *#seize(task: number, door: Door): Protocol<Claim | null> {
    yield;
    let before = this.#words.load(this.#root, this.#tasks + task);
    while (doorOf(before) === door) {
      yield;
      const word = claimed(before);
      const found = this.#words.compareExchange(this.#root, this.#tasks + task, before, word);
      if (found === before) return { task, before, word };
      before = found;
    }
    return null;
  }
}
