/**
 * The tasks of a batch on disk: `<root>/<name>/state` holds one word and a newline, as the Python package writes and reads it.
 * The files are the truth; other jobs, and people, may change them at any time.
 *
 * All members are local and blocking, and throw FILE_SYSTEM with the path.
 */
import { existsSync } from "node:fs";
import { PshmemError } from "../errors.ts";
import { Claimant } from "./claimant.ts";
import { acquireClaim, dropClaim } from "./claimfile.ts";
import {
  createFile,
  makeDirectories,
  makeDirectory,
  namesIn,
  readText,
  replaceFile,
  succeeds,
} from "./files.ts";
import { RunningFile } from "./runningfile.ts";
import { clearSpares, spareClaim, spareState } from "./spares.ts";
import { INVALID, OPEN, RUNNING, stateToString, stringToState, type TaskState } from "./states.ts";

/** So many tasks a rank takes and leaves nothing behind for the next one: a batch of a few is quick in any case, and is looked into by hand. */
const FEW = 16;

/** The directory of a batch as one rank uses it. */
export class TaskDirectory {
  readonly #root: string;
  readonly #names: readonly string[];
  readonly #claimant: Claimant;
  readonly #running: RunningFile;
  /** A part of a file name that no other writer uses. */
  readonly #writer: string;
  /** How many tasks this rank will still end without keeping anything. */
  #few: number;

  /** `batch` is the same on all ranks of one batch object and on no others; `rank` tells those ranks apart. */
  constructor(root: string, names: readonly string[], batch: string, rank: number, few = FEW) {
    this.#root = root;
    this.#names = names;
    const aside = this.#path(0);
    this.#claimant = new Claimant(spareClaim(aside, batch, rank), batch, rank);
    this.#running = new RunningFile(spareState(aside, batch, rank), textOf(RUNNING));
    this.#writer = `${batch}.${rank}`;
    this.#few = few;
  }

  /**
   * Creates what is missing and returns all states at the start. A task without a state file, or INVALID on file, is OPEN, or what
   * `initial` says; the file is written. @throws BAD_STATE_FILE BAD_ARGUMENT if there are initial states and a directory
   */
  prepare(initial: readonly TaskState[] | null): TaskState[] {
    if (initial && existsSync(this.#root)) throw initialStatesRefused(this.#root);
    makeDirectories(this.#root);
    const present = namesIn(this.#root);
    if (present.has(this.#names[0])) clearSpares(this.#path(0), namesIn(this.#path(0)));
    try {
      return this.#names.map((name, task) => {
        if (!present.has(name)) makeDirectory(this.#path(task));
        const found = present.has(name) ? this.read(task) : INVALID;
        return found === INVALID ? this.#first(task, initial?.[task] ?? OPEN) : found;
      });
    } finally {
      this.rest();
    }
  }

  /** The state on file; INVALID if there is no file. @throws BAD_STATE_FILE */
  read(task: number): TaskState {
    return this.find(task) ?? INVALID;
  }

  /** The state on file; null if there is no file. @throws BAD_STATE_FILE */
  find(task: number): TaskState | null {
    const path = this.#file(task);
    const text = readText(path);
    if (text === null) return null;
    const word = text.split("\n", 1)[0].trimEnd();
    try {
      return stringToState(word);
    } catch (cause) {
      throw badStateFile(path, word, task, cause);
    }
  }

  /**
   * Claims a task of which `expected` is on file, and makes it RUNNING there; `force` as in {@link acquire}. Returns what was on file: if that is something
   * else the task is not claimed, nor if another job has it, which is null. @throws BAD_STATE_FILE
   */
  take(task: number, expected: TaskState, force: boolean): TaskState | null {
    // The rank is alone at these files: what its batch has there was left by an act that failed.
    if (!this.acquire(task, force) && !(this.disown(task) && this.acquire(task, force))) return null;
    try {
      const found = this.read(task);
      if (found === expected) this.#begin(task);
      else this.drop(task);
      return found;
    } catch (error) {
      // The first error says more.
      succeeds(() => this.drop(task));
      throw error;
    }
  }

  /** Replaces the state on file of a task that this rank has claimed, and gives up its claim. */
  settle(task: number, state: TaskState): void {
    const write = () => this.#write(task, state);
    if (this.#keeps) this.#running.keep(this.#file(task), write);
    else write();
    this.drop(task);
    if (!this.#keeps) this.#few--;
  }

  /**
   * Replaces the state on file of any task; no claim is left then but of an owner that is known to live, for whose job no more can be done. RUNNING says
   * nothing of other jobs' claims.
   */
  override(task: number, state: TaskState): void {
    // Where nobody has it, nobody is to take it before the state is there.
    const ours = state !== RUNNING && this.acquire(task, true);
    try {
      this.#write(task, state);
    } catch (error) {
      if (ours) succeeds(() => this.drop(task));
      throw error;
    }
    this.disown(task);
  }

  /** Claims the task for this batch; false if another job has it. `force` takes an owner in a job on another machine for gone. */
  acquire(task: number, force: boolean): boolean {
    return acquireClaim(this.#path(task), task, this.#claimant, force);
  }

  /** Gives up this rank's claim on the task, if it has one. */
  drop(task: number): void {
    dropClaim(this.#path(task), this.#claimant, "rank", this.#keeps);
  }

  /** Removes the claim of any rank of this batch on the task; false if there is none. */
  disown(task: number): boolean {
    return dropClaim(this.#path(task), this.#claimant, "batch", this.#keeps);
  }

  /** Leaves nothing of this rank's own beside the tasks' files: for when no task is claimed for a while. Throws nothing. */
  rest(): void {
    this.#claimant.rest();
    this.#running.rest();
  }

  /** Whether this rank keeps what spares the next task an inode. */
  get #keeps(): boolean {
    return this.#few === 0;
  }

  /** The state of a task that begins with `first`, unless there is a file. Two jobs that begin at once do not undo each other. */
  #first(task: number, first: TaskState): TaskState {
    if (createFile(this.#file(task), textOf(first), this.#writer)) return first;
    if (!this.acquire(task, false)) return this.read(task);
    try {
      const again = this.read(task);
      if (again === INVALID) this.#write(task, first);
      return again === INVALID ? first : again;
    } finally {
      this.drop(task);
    }
  }

  #begin(task: number): void {
    if (!this.#running.show(this.#file(task))) this.#write(task, RUNNING);
  }

  #write(task: number, state: TaskState): void {
    replaceFile(this.#file(task), textOf(state), this.#writer);
  }

  #file(task: number): string {
    return `${this.#path(task)}/state`;
  }

  #path(task: number): string {
    return `${this.#root}/${this.#names[task]}`;
  }
}

function textOf(state: TaskState): string {
  return `${stateToString(state)}\n`;
}

function initialStatesRefused(path: string): PshmemError {
  return new PshmemError(
    "BAD_ARGUMENT",
    `the directory ${path} exists, so the states are read from it: leave out initState, or name a new directory`,
    { path },
  );
}

function badStateFile(path: string, word: string, task: number, cause: unknown): PshmemError {
  const shown = JSON.stringify(word.slice(0, 40));
  return new PshmemError(
    "BAD_STATE_FILE",
    `${path} begins with ${shown}, which is no state. Write OPEN, RUNNING, DONE or FAILED into it, or remove it to begin anew`,
    { path, task, actual: shown, cause },
  );
}
