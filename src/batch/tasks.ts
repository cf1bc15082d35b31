/** The tasks of a batch as one rank deals with them: memory and, where there is one, the directory, kept together. */
import type { TaskDirectory } from "./directory.ts";
import { succeeds } from "./files.ts";
import { RUNNING, type TaskState } from "./states.ts";
import type { Claim, TaskTable } from "./table.ts";
import { abandoned, isHeld, isLive, restored, stateOf, withState, type Door } from "./taskword.ts";

/**
 * Order of things. Taking a task: memory first, which keeps the other ranks of the batch away; then the claim file, which keeps other
 * jobs away; then the state file is read, and only if it says what memory said is the task ours. Giving it away: the state
 * file, the claim file, memory. So whoever gets past a claim reads a true state.
 *
 * All members are local and blocking; with a directory they throw FILE_SYSTEM and BAD_STATE_FILE.
 */
export class Tasks {
  readonly #table: TaskTable;
  readonly #directory: TaskDirectory | null;
  readonly #nTask: number;
  /** The task taken last, until it is left. */
  #current: Claim | null = null;

  constructor(table: TaskTable, directory: TaskDirectory | null, nTask: number) {
    this.#table = table;
    this.#directory = directory;
    this.#nTask = nTask;
  }

  /**
   * Leaves the task taken before and takes the lowest that is available through the doors; null if there is none. `force`: a job
   * on another machine is taken for dead. Before it says null it reads all state files again.
   */
  next(doors: readonly Door[], force: boolean): { task: number; was: TaskState } | null {
    this.leave();
    this.#current = this.#take(doors, force) ?? this.#takeAfterReading(doors, force);
    // Many programs end with this, and never close the batch.
    if (this.#current === null) this.rest();
    return this.#current && { task: this.#current.task, was: stateOf(this.#current.before) };
  }

  /** Leaves the task taken last, if its state was not set: it stays RUNNING, and is offered to whoever ignores that. */
  leave(): void {
    const claim = this.#current;
    this.#current = null;
    if (claim === null) return;
    if (this.#table.read(claim.task) !== claim.word) return;
    this.#directory?.drop(claim.task);
    this.#table.change(claim.task, (word) => (word === claim.word ? abandoned(word) : null));
  }

  /** Leaves nothing on disk that is only good for the next claim. Throws nothing. */
  rest(): void {
    this.#directory?.rest();
  }

  /** Puts the task taken last back as if it had not been taken. */
  undo(): void {
    const claim = this.#current;
    this.#current = null;
    if (claim === null) return;
    const state = stateOf(claim.before);
    this.#directory?.settle(claim.task, state);
    this.#giveBack(claim, state, false);
  }

  /** Sets the state of any task. */
  set(task: number, state: TaskState): void {
    this.#directory?.settle(task, state);
    const mine = this.#current?.task === task ? this.#current : null;
    this.#table.change(task, (word) => withState(word, state), mine?.word);
    if (mine && state !== RUNNING) this.#current = null;
  }

  /** The state of any task: on file, if there is a directory. */
  get(task: number): TaskState {
    return this.#directory ? this.#follow(this.#directory, task) : stateOf(this.#table.read(task));
  }

  #take(doors: readonly Door[], force: boolean): Claim | null {
    for (;;) {
      const claim = this.#table.claim(doors);
      if (claim === null || this.#directory === null) return claim;
      if (this.#confirm(this.#directory, claim, force)) return claim;
    }
  }

  /** Others may have opened tasks, or let go of them. A file that cannot be read is an error only if nothing else is left. */
  #takeAfterReading(doors: readonly Door[], force: boolean): Claim | null {
    if (this.#directory === null) return null;
    const errors: unknown[] = [];
    for (let task = 0; task < this.#nTask; task++) {
      try {
        this.#follow(this.#directory, task);
      } catch (error) {
        errors.push(error);
      }
    }
    const claim = this.#take(doors, force);
    if (claim === null && errors.length > 0) throw errors[0];
    return claim;
  }

  /** Makes a claim good on disk; if that cannot be, gives the task back in the state found there. */
  #confirm(directory: TaskDirectory, claim: Claim, force: boolean): boolean {
    const before = stateOf(claim.before);
    let ours = false;
    try {
      ours = directory.acquire(claim.task, force);
      const found = ours ? directory.read(claim.task) : RUNNING;
      if (ours && found === before) {
        directory.begin(claim.task);
        return true;
      }
      if (ours) directory.drop(claim.task);
      this.#giveBack(claim, found, !ours);
      return false;
    } catch (error) {
      // The error that led here is thrown, and says more.
      if (ours) succeeds(() => directory.drop(claim.task));
      this.#giveBack(claim, before, true);
      throw error;
    }
  }

  #giveBack(claim: Claim, state: TaskState, held: boolean): void {
    const back = (word: number) => (word === claim.word ? restored(word, claim.before, state, held) : null);
    this.#table.change(claim.task, back);
  }

  /** Reads a state file; memory follows, unless a worker of this batch has the task or it was changed meanwhile. */
  #follow(directory: TaskDirectory, task: number): TaskState {
    const seen = this.#table.read(task);
    const state = directory.read(task);
    if (!isLive(seen) && (isHeld(seen) || stateOf(seen) !== state)) {
      this.#table.change(task, (word) => (word === seen ? withState(word, state) : null));
    }
    return state;
  }
}
