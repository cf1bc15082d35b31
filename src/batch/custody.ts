/**
 * Custody of the files of a batch's tasks: the state file and the claim beside it. While a task's word is busy, the rank that made it
 * so by compare-exchange has them to itself, as far as this batch goes; for other batches there are the claims (claimfile.ts).
 *
 * Nobody who sets a state waits for a keeper. Who sets that of a busy task only puts it into the word, and that is all: the keeper finds it when
 * it wants to give the word back, by a compare-exchange that then fails, and brings the files there first. So in the end the files say what was
 * set last; if they cannot be written, the keeper throws, and memory follows the files later.
 *
 * A keeper that dies leaves the task busy: in this batch nobody gets it any more, in the next one on the directory it is as its files say.
 *
 * All members are local and blocking, and throw FILE_SYSTEM. If the files cannot be brought to a state, the word goes back all the same.
 */
import type { TaskDirectory } from "./directory.ts";
import { succeeds } from "./files.ts";
import { RUNNING, type TaskState } from "./states.ts";
import type { TaskTable } from "./table.ts";
import { abandoned, busy, isBusy, isLive, stateOf, throughAs } from "./taskword.ts";

/** What one rank of a batch does to the files of tasks. */
export class Custody {
  readonly #table: TaskTable;
  readonly #directory: TaskDirectory;

  constructor(table: TaskTable, directory: TaskDirectory) {
    this.#table = table;
    this.#directory = directory;
  }

  /** Takes the files of a task whose word is known; returns the busy word, or null if the word is another one by now. */
  take(task: number, word: number): number | null {
    const mine = busy(word, stateOf(word));
    return this.#replace(task, word, mine) ? mine : null;
  }

  /**
   * For a rank that is at work on a task, with the word `held`, and leaves it to the keeper that has it: should that fail to set its state, the task is not to
   * be in this rank's hands again.
   */
  letGo(task: number, held: number): void {
    const next = (word: number) => (word === busy(held, stateOf(word)) ? busy(word, stateOf(word)) : null);
    this.#table.change(task, next);
  }

  /**
   * Gives them back, with the word that the task is to have; false if a state was set meanwhile: then the files say that, and the task has been
   * through the doors that `through` has been through.
   */
  giveBack(task: number, mine: number, word: number, through: number): boolean {
    if (this.#replace(task, mine, word)) return true;
    this.#follow(task, through);
    return false;
  }

  /** Brings a task to a state. `held` is its word, if this rank is at work on it. RUNNING, of a task that is at work, changes nothing. */
  set(task: number, state: TaskState, held: number | undefined): void {
    const isSo = (word: number) => state === RUNNING && isLive(word) && stateOf(word) === RUNNING;
    // Where nothing is to be changed a guess would not be checked.
    const guess = state === RUNNING ? undefined : held;
    const found = this.#table.change(task, (word) => (isSo(word) ? null : busy(word, state)), guess);
    if (isSo(found) || isBusy(found)) return;
    const mine = busy(found, state);
    try {
      if (found === held) this.#directory.settle(task, state);
      else this.#directory.override(task, state);
    } catch (error) {
      // The first error says more.
      succeeds(() => this.giveBack(task, mine, found, found));
      throw error;
    }
    this.giveBack(task, mine, abandoned(mine), found);
  }

  /** Brings the files to the state that another rank has set, until no other is set meanwhile. */
  #follow(task: number, through: number): void {
    const rest = (word: number) => throughAs(abandoned(word), through);
    for (let word = this.#table.read(task); ; word = this.#table.read(task)) {
      try {
        this.#directory.override(task, stateOf(word));
      } catch (error) {
        succeeds(() => this.#directory.disown(task));
        this.#table.change(task, rest);
        throw error;
      }
      if (this.#replace(task, word, rest(word))) return;
    }
  }

  #replace(task: number, expected: number, word: number): boolean {
    return this.#table.change(task, (seen) => (seen === expected ? word : null), expected) === expected;
  }
}
