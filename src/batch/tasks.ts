/** The tasks of a batch as one rank deals with them: memory and, where there is one, the directory, kept together. */
import { Custody } from "./custody.ts";
import type { TaskDirectory } from "./directory.ts";
import { succeeds } from "./files.ts";
import { RUNNING, type TaskState } from "./states.ts";
import type { Claim, TaskTable } from "./table.ts";
import {
  abandoned,
  BUSY,
  confirmed,
  isHeld,
  isLive,
  isPending,
  restored,
  stateOf,
  throughAs,
  withState,
  type Door,
} from "./taskword.ts";

/** How long (ms) to wait for tasks that ranks of this batch are about to make available; such a rank may have died. */
const LONGEST_WAIT = 1000;

/**
 * Order of things. Taking a task: memory first, which keeps the other ranks of the batch away from the task and its files (custody.ts);
 * then the claim file, which keeps other jobs away; then the state file is read, and only if it says what memory said is the task ours. Giving
 * it away: memory says that the files are in hand, then the state file, the claim file, memory again.
 *
 * All members are local and blocking; with a directory they throw FILE_SYSTEM and BAD_STATE_FILE.
 */
export class Tasks {
  readonly #table: TaskTable;
  readonly #files: { readonly directory: TaskDirectory; readonly custody: Custody } | null;
  readonly #nTask: number;
  readonly #nap: () => void;
  /** The task taken last, until it is left. */
  #current: Claim | null = null;

  /** `nap` lets a millisecond pass, in which others get on. */
  constructor(table: TaskTable, directory: TaskDirectory | null, nTask: number, nap = () => {}) {
    this.#table = table;
    this.#files = directory && { directory, custody: new Custody(table, directory) };
    this.#nTask = nTask;
    this.#nap = nap;
  }

  /**
   * Leaves the task taken before and takes the lowest that is available through the doors; null if there is none. `force`: a job
   * on another machine is taken for dead. Before it says null it reads all state files again, and waits for those that a rank of this batch is about to
   * make available.
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
    this.#return("word", (claim) => {
      this.#files?.directory.drop(claim.task);
      return abandoned(claim.word);
    });
  }

  /** The same where the words are gone. */
  leaveFiles(): void {
    const claim = this.#current;
    this.#current = null;
    if (claim) this.#files?.directory.drop(claim.task);
  }

  /** Leaves nothing on disk that is only good for the next claim. Throws nothing. */
  rest(): void {
    this.#files?.directory.rest();
  }

  /** Puts the task taken last back as if it had not been taken. */
  undo(): void {
    this.#return("before", (claim) => {
      const state = stateOf(claim.before);
      this.#files?.directory.settle(claim.task, state);
      return restored(claim.word, claim.before, state, false);
    });
  }

  /** Sets the state of any task. RUNNING, of a task that is at work, changes nothing. */
  set(task: number, state: TaskState): void {
    const mine = this.#current?.task === task ? this.#current : null;
    if (this.#files) this.#files.custody.set(task, state, mine?.word);
    else this.#table.change(task, (word) => withState(word, state), mine?.word);
    if (mine && state !== RUNNING) this.#current = null;
  }

  /** The state of any task: on file, if there is a directory. */
  get(task: number): TaskState {
    const seen = this.#table.read(task);
    return this.#files ? this.#follow(this.#files.directory, task, seen) : stateOf(seen);
  }

  /**
   * Gives the task taken last back, with the word that `bring` returns when it has brought the files there; nothing if its state was set by
   * another rank. If that fails it has been through the doors of its word `through`.
   */
  #return(through: "word" | "before", bring: (claim: Claim) => number): void {
    const claim = this.#current;
    this.#current = null;
    if (claim === null) return;
    const { task } = claim;
    if (!this.#files) {
      this.#table.change(task, (word) => (word === claim.word ? bring(claim) : null), claim.word);
      return;
    }
    const { custody, directory } = this.#files;
    const word = custody.take(task, claim.word);
    if (word === null) {
      custody.letGo(task, claim.word);
      return;
    }
    let back: number;
    try {
      back = bring({ ...claim, word });
    } catch (error) {
      // The first error says more.
      succeeds(() => directory.drop(task));
      succeeds(() =>
        custody.giveBack(task, word, throughAs(abandoned(word), claim[through]), claim[through]),
      );
      throw error;
    }
    custody.giveBack(task, word, back, claim[through]);
  }

  #take(doors: readonly Door[], force: boolean): Claim | null {
    if (!this.#files) return this.#table.claim(doors);
    for (;;) {
      const claim = this.#table.claim(doors, BUSY);
      if (claim === null) return null;
      const mine = this.#confirm(claim, force);
      if (mine) return mine;
    }
  }

  /** Others may have opened tasks, or let go of them. A file that cannot be read is an error only if nothing else is left. */
  #takeAfterReading(doors: readonly Door[], force: boolean): Claim | null {
    if (!this.#files) return null;
    const end = performance.now() + LONGEST_WAIT;
    for (;;) {
      const { errors, coming } = this.#readAll(doors);
      const claim = this.#take(doors, force);
      if (claim) return claim;
      if (coming !== null && this.#hasCome(coming, end)) continue;
      if (errors.length > 0) throw errors[0];
      return null;
    }
  }

  /** Memory follows the files. `coming`: a task that some rank is about to give a state in which it is handed out. */
  #readAll(doors: readonly TaskState[]): { errors: readonly unknown[]; coming: number | null } {
    const errors: unknown[] = [];
    let coming: number | null = null;
    for (let task = 0; task < this.#nTask; task++) {
      const seen = this.#table.read(task);
      if (isPending(seen) && doors.includes(stateOf(seen))) coming = task;
      try {
        this.#follow(this.#files!.directory, task, seen);
      } catch (error) {
        errors.push(error);
      }
    }
    return { errors, coming };
  }

  /** Waits until a task is pending no more; false if that takes too long. */
  #hasCome(task: number, end: number): boolean {
    while (isPending(this.#table.read(task))) {
      if (performance.now() >= end) return false;
      this.#nap();
    }
    return true;
  }

  /** Makes a claim good on disk; if that cannot be, gives the task back in the state found there, and returns null. */
  #confirm({ task, before, word }: Claim, force: boolean): Claim | null {
    const { directory, custody } = this.#files!;
    const expected = stateOf(before);
    let found: TaskState | null;
    try {
      found = directory.take(task, expected, force);
    } catch (error) {
      // The first error says more.
      succeeds(() => custody.giveBack(task, word, restored(word, before, expected, true), before));
      throw error;
    }
    const isTaken = found === expected;
    const back = isTaken ? confirmed(word) : restored(word, before, found ?? RUNNING, found === null);
    return custody.giveBack(task, word, back, before) && isTaken ? { task, before, word: back } : null;
  }

  /** Reads a state file; memory, which was `seen` to be so, follows, unless a rank of this batch has the task or it was changed meanwhile. */
  #follow(directory: TaskDirectory, task: number, seen: number): TaskState {
    if (isPending(seen)) return stateOf(seen);
    const state = directory.read(task);
    if (!isLive(seen) && (isHeld(seen) || stateOf(seen) !== state)) {
      this.#table.change(task, (word) => (word === seen ? withState(word, state) : null));
    }
    return state;
  }
}
