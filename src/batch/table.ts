/**
 * The tasks of a batch in the shared words of one rank: a word for each task (see taskword.ts) and, for each state in
 * which tasks can be handed out, the set of those that can.
 *
 * The task's word decides, the sets are where to look. A claim takes a number out of a set and then changes the word by
 * compare-exchange: one rank succeeds. A change of a word that makes a task available puts its number into the set
 * afterwards. So an available task is always in its set, or in the hands of a rank that is about to claim it; a number left in a
 * set by a task that is not available any more is dropped by whoever takes it.
 *
 * Nearly every task becomes DONE, and hardly anybody asks for those: they are put into their set only once somebody has asked. One
 * word tells, written by compare-exchange by any rank:
 *   COMPLETE  nobody has asked, and none is missing in the set;
 *   MISSING   nobody has asked; tasks became DONE that are not in the set;
 *   ASKED     somebody has asked: who makes a task DONE puts it in. Who asks has to look through all tasks first;
 *   KEPT      the set is complete, and stays so.
 * Who makes a task DONE writes its word, then reads this one. Who asks while tasks are missing writes ASKED, then reads the tasks'
 * words. All accesses are in one order, so either the former sees ASKED and puts the task in, or the latter sees the task.
 *
 * A claim in a usual batch is then five accesses (tally, bits, bits by compare-exchange, task, task by compare-exchange), its end two.
 */
import type { Words } from "../comm/engine.ts";
import { IndexSet, SHIPPED_FANOUT, type Fanout } from "./indexset.ts";
import { DONE, OPEN, type TaskState } from "./states.ts";
import { AT_ONCE, claimed, DOORS, doorOf, firstWord, type Door } from "./taskword.ts";

/** A task that was handed out. */
export interface Claim {
  readonly task: number;
  /** Its word as it was. */
  readonly before: number;
  /** Its word as the claim has left it. */
  readonly word: number;
}

const COMPLETE = 0;
const MISSING = 1;
const ASKED = 2;
const KEPT = 3;

/** The words on rank `root`; see above. All members are local; all but `fill` may be used at any time, and none ever waits. */
export class TaskTable {
  readonly #words: Words;
  readonly #root: number;
  readonly #nTask: number;
  readonly #doneSet: number;
  readonly #tasks: number;
  readonly #sets: ReadonlyMap<Door, IndexSet>;
  /** True once this rank has seen KEPT. */
  #doneKept = false;

  constructor(words: Words, root: number, nTask: number, fanout: Fanout = SHIPPED_FANOUT) {
    const setWords = IndexSet.wordsFor(nTask, fanout);
    this.#words = words;
    this.#root = root;
    this.#nTask = nTask;
    this.#sets = new Map(
      DOORS.map((door, i) => [door, new IndexSet(words, root, i * setWords, nTask, fanout)]),
    );
    this.#doneSet = DOORS.length * setWords;
    this.#tasks = this.#doneSet + 1;
  }

  /** Words that a table of `nTask` tasks needs. Local. */
  static wordsFor(nTask: number, fanout: Fanout = SHIPPED_FANOUT): number {
    return DOORS.length * IndexSet.wordsFor(nTask, fanout) + 1 + nTask;
  }

  /** Enters the states at the start, before any other rank uses the table; null: all are OPEN. */
  fill(states: ArrayLike<TaskState> | null): void {
    if (states === null) {
      // The word of such a task is 0, as at the start.
      this.#sets.get(OPEN)!.fillAll(this.#nTask);
      return;
    }
    const numbers = new Map<TaskState, number[]>();
    for (let task = 0; task < states.length; task++) {
      const state = states[task];
      const word = firstWord(state);
      if (word !== 0) this.#words.store(this.#root, this.#tasks + task, word);
      const list = numbers.get(state);
      if (list) list.push(task);
      else numbers.set(state, [task]);
    }
    for (const [door, set] of this.#sets) set.fill(numbers.get(door) ?? []);
  }

  /** The word of a task. */
  read(task: number): number {
    return this.#words.load(this.#root, this.#tasks + task);
  }

  /** Hands out the lowest task that is available through one of the doors, as `hold` says; null if there is none. */
  claim(doors: readonly Door[], hold = AT_ONCE): Claim | null {
    if (doors.includes(DONE)) this.#keepDone();
    for (;;) {
      let lowest = Infinity;
      let through: Door | undefined;
      for (const door of doors) {
        const task = this.#sets.get(door)!.lowest();
        if (task >= 0 && task < lowest) {
          lowest = task;
          through = door;
        }
      }
      if (through === undefined) return null;
      if (!this.#sets.get(through)!.take(lowest)) continue;
      const claim = this.#seize(lowest, through, hold);
      if (claim) return claim;
    }
  }

  /**
   * Replaces a task's word by what `next` makes of it, and makes the task available if the new word says so. `next` may
   * answer null: leave it. Returns the word as it was found. `guess`, the word as it will be found, saves reading it.
   */
  change(task: number, next: (word: number) => number | null, guess?: number): number {
    let seen = guess ?? this.read(task);
    for (;;) {
      const word = next(seen);
      if (word === null) return seen;
      const found = this.#swap(task, seen, word);
      if (found === seen) {
        this.#offer(task, word);
        return seen;
      }
      seen = found;
    }
  }

  /** Claims a task whose number this rank took out of the set of a door; null if it is not available there any more. */
  #seize(task: number, door: Door, hold: number): Claim | null {
    // Most tasks are claimed once, so their word is as at the start: it need not be read first.
    let before = firstWord(door);
    while (doorOf(before) === door) {
      const word = claimed(before, hold);
      const found = this.#swap(task, before, word);
      if (found === before) return { task, before, word };
      before = found;
    }
    return null;
  }

  /** Puts a task whose word was just written into its set. */
  #offer(task: number, word: number): void {
    const door = doorOf(word);
    if (door === null || (door === DONE && !this.#isDoneAsked())) return;
    this.#sets.get(door)!.insert(task);
  }

  /** Whether DONE tasks have to be put into their set; if not, tells those who will ask that one is missing. */
  #isDoneAsked(): boolean {
    let seen = this.#words.load(this.#root, this.#doneSet);
    if (seen === COMPLETE) seen = this.#words.compareExchange(this.#root, this.#doneSet, COMPLETE, MISSING);
    return seen >= ASKED;
  }

  /** Makes the set of DONE tasks complete, for good. */
  #keepDone(): void {
    if (this.#doneKept) return;
    let seen = this.#words.compareExchange(this.#root, this.#doneSet, COMPLETE, KEPT);
    if (seen === MISSING) seen = this.#words.compareExchange(this.#root, this.#doneSet, MISSING, ASKED);
    if (seen === MISSING || seen === ASKED) {
      for (let task = 0; task < this.#nTask; task++) {
        if (doorOf(this.read(task)) === DONE) this.#sets.get(DONE)!.insert(task);
      }
      this.#words.store(this.#root, this.#doneSet, KEPT);
    }
    this.#doneKept = true;
  }

  #swap(task: number, expected: number, word: number): number {
    return this.#words.compareExchange(this.#root, this.#tasks + task, expected, word);
  }
}
