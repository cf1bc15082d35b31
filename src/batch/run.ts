/** The loop over a batch, done right: every rank of a worker calls the function, all agree on the end of each task. */
import { faultOfFunction, firstFault, readOptions } from "../comm/arguments.ts";
import { digestOf } from "../comm/calls.ts";
import type { Communicator } from "../comm/contract.ts";
import type { Engine, Words } from "../comm/engine.ts";
import { asFault } from "../comm/verdict.ts";
import { isPshmemError, PshmemError } from "../errors.ts";
import { DONE, FAILED, OPEN, stateToString, type TaskState } from "./states.ts";
import type { BatchPlan } from "./plan.ts";
import { reportOf, Share, type RunReport } from "./report.ts";
import type { Tasks } from "./tasks.ts";
import { TimeLimit } from "./timelimit.ts";
import type { Handout, Log, NextTaskOptions, Worker } from "./worker.ts";
import { fieldText, textOf } from "../shown.ts";

/** What a task function is given. */
export interface TaskContext {
  readonly task: number;
  /** The task's directory name, or its index as text if the batch has no directory. */
  readonly name: string;
  /** The ranks of the worker: all of them are in this call. */
  readonly comm: Communicator;
  /** 1 when this run hands the task out first, 2 when it does so again … */
  readonly attempt: number;
  /** Aborted when `timeout` has passed, with a TIMEOUT error as its reason. */
  readonly signal: AbortSignal;
}

/** The work on one task; called on every rank of a worker. What it returns is ignored. */
export type TaskFunction = (context: TaskContext) => unknown;

/** How far a run has come, all workers together. A task that it handed out again after its end counts as it ended last. */
export interface Progress {
  /** Tasks ended DONE so far in this run. */
  readonly done: number;
  /** Tasks ended FAILED so far. */
  readonly failed: number;
  /** Tasks of the batch. */
  readonly total: number;
  /** The task just worked on. */
  readonly task: number;
  /** What it is now: DONE, FAILED, or OPEN if it will be tried again. */
  readonly state: TaskState;
}

/** The options of a run. All ranks give the same, but for `onProgress`. */
export interface RunOptions extends NextTaskOptions {
  /** How often a failed task is tried again, by whoever takes it. Default 0. */
  readonly retries?: number;
  /**
   * Milliseconds after which a task's `signal` is aborted. The task then counts as failed, however `fn` ends; it is not cut short, and no
   * other task begins on the worker before `fn` has ended. Default: no limit.
   */
  readonly timeout?: number;
  /** No worker takes another task while so many count as failed. Default: no limit. */
  readonly halt?: { readonly failures: number };
  /** Called on rank 0 of each worker after each task of that worker. What it throws ends the run. */
  readonly onProgress?: (progress: Progress) => void;
}

/** The options of a run, read once: a getter may say something else the next time. */
interface RunSettings extends NextTaskOptions {
  readonly retries: number;
  readonly timeout: number;
  /** Infinity: no limit. */
  readonly failures: number;
  readonly onProgress: ((progress: Progress) => void) | undefined;
}

/** What a run needs of its batch. */
export interface RunSite {
  readonly plan: BatchPlan;
  readonly comm: Communicator;
  readonly workerComm: Communicator;
  readonly engine: Engine;
  readonly object: number;
  readonly worker: Worker;
  readonly tasks: Tasks;
  readonly log: Log | undefined;
}

/**
 * Words on the root, changed by rank 0 of the workers: how many tasks count as DONE and as FAILED; then two for each task: how often
 * it was handed out, and how it ended last (DONE, FAILED, or 0). The worker that has a task changes its words before it
 * sets the task free: so they change in the order of its handouts.
 */
const ENDED_DONE = 0;
const ENDED_FAILED = 1;
const FIRST_TASK = 2;
const WORDS_PER_TASK = 2;

function handedOut(task: number): number {
  return FIRST_TASK + WORDS_PER_TASK * task;
}

function endedLast(task: number): number {
  return handedOut(task) + 1;
}

/** The longest time that a timer of Node takes. */
const MOST_MS = 0x7fff_ffff;

/** Collective; see `MPIBatch.run`. `fault`: found before, thrown by every rank. */
export async function runBatch(
  site: RunSite,
  fn: TaskFunction,
  options: RunOptions | null | undefined,
  fault: PshmemError | undefined,
): Promise<RunReport> {
  const call = { op: "MPIBatch.run", object: site.object, root: site.plan.root } as const;
  const { given, fault: unread } = readOptions(call.op, options, settingsOf);
  const problem = firstFault(fault, unread, faultOfFunction("fn", fn), faultIn(given));
  const { retries, timeout, failures } = given;
  const digest = problem ? 0 : digestOf(retries, timeout, failures);
  const count = handedOut(site.plan.nTask);
  const words = site.engine.allocateWords({ ...call, digest, fault: problem }, 0, count);
  try {
    const run = new BatchRun(site, fn, given, words);
    const end = await run.loop();
    site.engine.agree({ ...call, fault: end });
    return reportOf(site.plan, site.comm.allgather(run.share.sent));
  } finally {
    words.close();
  }
}

/** One rank's part in a run. */
class BatchRun {
  readonly share = new Share();
  readonly #site: RunSite;
  readonly #fn: TaskFunction;
  readonly #settings: RunSettings;
  readonly #words: Words;

  constructor(site: RunSite, fn: TaskFunction, settings: RunSettings, words: Words) {
    this.#site = site;
    this.#fn = fn;
    this.#settings = settings;
    this.#words = words;
  }

  /** Works through tasks until there are none; returns what stopped the worker before, if anything did. */
  async loop(): Promise<PshmemError | undefined> {
    let fault: PshmemError | undefined;
    try {
      for (;;) {
        const handout = this.#next(fault);
        if (handout === null) return undefined;
        fault = this.#settle(handout, await this.#perform(handout));
      }
    } catch (error) {
      return asFault(error);
    }
  }

  #next(fault: PshmemError | undefined): Handout | null {
    return this.#site.worker.next(this.#settings, {
      fault,
      stop: () => this.#halted(),
      numberOf: (task) => this.#add(handedOut(task), 1) + 1,
    });
  }

  #halted(): boolean {
    const { failures } = this.#settings;
    this.share.halted = failures < Infinity && this.#load(ENDED_FAILED) >= failures;
    return this.share.halted;
  }

  /** Calls the function and meets the other ranks of the worker; returns the failure of the lowest, if any. */
  async #perform({ task, number: attempt }: Handout): Promise<PshmemError | null> {
    const thrown = await this.#call(task, attempt);
    const fault =
      thrown && new PshmemError("TASK_FAILED", `task ${task}: ${fieldText(thrown, "message")}`, { task });
    // A rank that throws out of step makes the collectives of the others fail: its own error tells more.
    const failure = this.#site.worker.meet(fault, isPshmemError(thrown, "MISMATCH"));
    if (thrown && failure?.rank === this.#site.workerComm.rank && attempt > this.#settings.retries) {
      this.share.threw({ task, attempt, name: this.#nameOf(task), rank: this.#site.comm.rank }, thrown);
    }
    return failure;
  }

  async #call(task: number, attempt: number): Promise<Error | undefined> {
    const limit = new TimeLimit(task, this.#settings.timeout);
    const context: TaskContext = {
      task,
      name: this.#nameOf(task),
      comm: this.#site.workerComm,
      attempt,
      get signal() {
        return limit.signal;
      },
    };
    try {
      await this.#fn(context);
    } catch (error) {
      limit.end();
      return error instanceof Error ? error : new Error(textOf(error));
    }
    return limit.end();
  }

  /** Rank 0 of the worker records how the task ended; returns what went wrong with that, for all to throw at the next call. */
  #settle({ task, number: attempt }: Handout, failure: PshmemError | null): PshmemError | undefined {
    if (this.#site.workerComm.rank !== 0) return undefined;
    const again = failure !== null && attempt <= this.#settings.retries;
    const state = failure === null ? DONE : again ? OPEN : FAILED;
    this.#site.log?.(`sets task ${task} to ${stateToString(state)}${failure ? `: ${failure.message}` : ""}`);
    try {
      this.#count(task, state);
      this.#site.tasks.set(task, state);
      this.share.left(task, attempt, state);
      this.#tell(task, state);
      return undefined;
    } catch (error) {
      return asFault(error);
    }
  }

  /** Counts the task as what it is now, and no longer as what it was when it ended before. */
  #count(task: number, state: TaskState): void {
    const before = this.#words.exchange(this.#site.plan.root, endedLast(task), state);
    if (before === state) return;
    if (before === DONE) this.#add(ENDED_DONE, -1);
    if (before === FAILED) this.#add(ENDED_FAILED, -1);
    if (state === DONE) this.#add(ENDED_DONE, 1);
    if (state === FAILED) this.#add(ENDED_FAILED, 1);
  }

  #tell(task: number, state: TaskState): void {
    const { onProgress } = this.#settings;
    if (!onProgress) return;
    const done = this.#load(ENDED_DONE);
    const failed = this.#load(ENDED_FAILED);
    try {
      onProgress({ done, failed, total: this.#site.plan.nTask, task, state });
    } catch (cause) {
      throw new PshmemError("BAD_ARGUMENT", `onProgress threw ${textOf(cause)}`, { task, cause });
    }
  }

  #load(word: number): number {
    return this.#words.load(this.#site.plan.root, word);
  }

  #add(word: number, more: number): number {
    return this.#words.add(this.#site.plan.root, word, more);
  }

  #nameOf(task: number): string {
    return this.#site.plan.names?.[task] ?? String(task);
  }
}

function settingsOf(options: RunOptions): RunSettings {
  const { retries = 0, timeout = Infinity, halt, onProgress } = options;
  const { ignoreRunning, ignoreFailed, ignoreDone } = options;
  const failures = halt === undefined ? Infinity : halt?.failures;
  return { retries, timeout, failures, onProgress, ignoreRunning, ignoreFailed, ignoreDone };
}

function faultIn({ retries, timeout, failures, onProgress }: RunSettings): PshmemError | undefined {
  if (!Number.isInteger(retries) || retries < 0) return wrong("retries", retries, "a whole number from 0 on");
  if (typeof timeout !== "number" || !(timeout > 0) || (timeout > MOST_MS && timeout !== Infinity)) {
    return wrong("timeout", timeout, `a number of ms from above 0 to ${MOST_MS}, or Infinity`);
  }
  if (failures !== Infinity && !(Number.isInteger(failures) && failures > 0)) {
    return wrong("halt.failures", failures, "a whole number above 0");
  }
  if (onProgress !== undefined && typeof onProgress !== "function")
    return wrong("onProgress", onProgress, "a function");
  return undefined;
}

function wrong(what: string, actual: unknown, remedy: string): PshmemError {
  return new PshmemError("BAD_ARGUMENT", `${what} is ${textOf(actual)}; give ${remedy}`, {
    actual: textOf(actual),
  });
}
