/** The loop over a batch, done right: every rank of a worker calls the function, all agree on the end of each task. */
import { digestOf } from "../comm/calls.ts";
import type { Communicator } from "../comm/contract.ts";
import type { Engine, Words } from "../comm/engine.ts";
import { asFault } from "../comm/verdict.ts";
import { PshmemError } from "../errors.ts";
import { DONE, FAILED, OPEN, stateToString, type TaskState } from "./states.ts";
import type { BatchPlan } from "./plan.ts";
import type { Tasks } from "./tasks.ts";
import type { Handout, NextTaskOptions, Worker } from "./worker.ts";

/** What a task function is given. */
export interface TaskContext {
  readonly task: number;
  /** The task's directory name, or its index as text if the batch has no directory. */
  readonly name: string;
  /** The ranks of the worker: all of them are in this call. */
  readonly comm: Communicator;
  /** 1 for the first attempt of this run, 2 for the first retry … */
  readonly attempt: number;
  /** Aborted when `timeout` has passed, with a TIMEOUT error as its reason. */
  readonly signal: AbortSignal;
}

/** The work on one task; called on every rank of a worker. What it returns is ignored. */
export type TaskFunction = (context: TaskContext) => unknown;

/** How far a run has come. */
export interface Progress {
  /** Tasks ended DONE so far in this run, by all workers. */
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
  /** No worker takes another task once so many have failed. Default: no limit. */
  readonly halt?: { readonly failures: number };
  /** Called on rank 0 of each worker after each task of that worker. What it throws ends the run. */
  readonly onProgress?: (progress: Progress) => void;
}

/** A task that ended FAILED. */
export interface TaskFailure {
  readonly task: number;
  readonly name: string;
  /** The rank, of the batch's communicator, that threw; the lowest if several did. */
  readonly rank: number;
  /** What it threw in the last attempt: name, message and stack as they were there. */
  readonly error: Error;
}

/** How a run went; the same on every rank. */
export interface RunReport {
  /** Tasks ended DONE. */
  readonly done: number;
  /** Tasks ended FAILED. */
  readonly failed: number;
  /** Tasks that this run did not bring to an end: not available, with another job, or left by a halt. */
  readonly skipped: number;
  /** True if `halt` stopped the workers. */
  readonly halted: boolean;
  /** The failures, by task. */
  readonly errors: readonly TaskFailure[];
  /** For each worker the tasks it ended, in order. */
  readonly tasks: readonly (readonly number[])[];
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
  readonly log: (text: string) => void;
}

/** Words on the root: how many tasks ended DONE and FAILED, and, with retries, how often each was begun. Only ever added to. */
const ENDED_DONE = 0;
const ENDED_FAILED = 1;
const BEGUN = 2;

/** The longest time that a timer of Node takes. */
const MOST_MS = 0x7fff_ffff;

/** An error as it travels between ranks. */
interface SentError {
  readonly name: string;
  readonly message: string;
  readonly stack?: string;
}

interface SentFailure extends Omit<TaskFailure, "error"> {
  readonly error: SentError;
}

/** What a rank reports at the end. */
interface Share {
  /** On rank 0 of a worker: the tasks it ended. */
  readonly ended: number[];
  readonly failures: SentFailure[];
  done: number;
}

/** Collective; see `MPIBatch.run`. `fault`: found before, thrown by every rank. */
export async function runBatch(
  site: RunSite,
  fn: TaskFunction,
  options: RunOptions,
  fault: PshmemError | undefined,
): Promise<RunReport> {
  const call = { op: "MPIBatch.run", object: site.object, root: site.plan.root } as const;
  const problem = fault ?? faultIn(fn, options);
  const digest = problem
    ? 0
    : digestOf(options.retries ?? 0, options.timeout ?? "", options.halt?.failures ?? "");
  const count = BEGUN + (options.retries ? site.plan.nTask : 0);
  const words = site.engine.allocateWords({ ...call, digest, fault: problem }, 0, count);
  try {
    const run = new BatchRun(site, fn, options, words);
    const end = await run.loop();
    site.engine.agree({ ...call, fault: end });
    return reportOf(site.plan, options, site.comm.allgather(run.share));
  } finally {
    words.close();
  }
}

/** One rank's part in a run. */
class BatchRun {
  readonly share: Share = { ended: [], failures: [], done: 0 };
  readonly #site: RunSite;
  readonly #fn: TaskFunction;
  readonly #options: RunOptions;
  readonly #words: Words;

  constructor(site: RunSite, fn: TaskFunction, options: RunOptions, words: Words) {
    this.#site = site;
    this.#fn = fn;
    this.#options = options;
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
    const { retries = 0, halt } = this.#options;
    return this.#site.worker.next(this.#options, {
      fault,
      stop: () => halt !== undefined && this.#words.load(this.#site.plan.root, ENDED_FAILED) >= halt.failures,
      numberOf: (task) => (retries > 0 ? this.#words.add(this.#site.plan.root, BEGUN + task, 1) + 1 : 1),
    });
  }

  /** Calls the function and meets the other ranks of the worker; returns the failure of the lowest, if any. */
  async #perform({ task, number: attempt }: Handout): Promise<PshmemError | null> {
    const thrown = await this.#call(task, attempt);
    const fault = thrown && new PshmemError("TASK_FAILED", `task ${task}: ${thrown.message}`, { task });
    const failure = this.#site.worker.meet(fault);
    if (thrown && failure?.rank === this.#site.workerComm.rank && attempt > (this.#options.retries ?? 0)) {
      const { name, message, stack } = thrown;
      const failed = { task, name: this.#nameOf(task), rank: this.#site.comm.rank };
      this.share.failures.push({ ...failed, error: { name, message, stack } });
    }
    return failure;
  }

  async #call(task: number, attempt: number): Promise<Error | undefined> {
    const { timeout = Infinity } = this.#options;
    const controller = new AbortController();
    const late = new PshmemError("TIMEOUT", `task ${task} took longer than ${timeout} ms`, {
      task,
      expected: timeout,
    });
    const start = performance.now();
    const timer = timeout < Infinity ? setTimeout(() => controller.abort(late), timeout) : undefined;
    try {
      const { signal } = controller;
      await this.#fn({ task, name: this.#nameOf(task), comm: this.#site.workerComm, attempt, signal });
    } catch (error) {
      return error instanceof Error ? error : new Error(String(error));
    } finally {
      clearTimeout(timer);
    }
    // A function that never let the event loop run kept the timer from firing.
    return controller.signal.aborted || performance.now() - start >= timeout ? late : undefined;
  }

  /** Rank 0 of the worker records how the task ended; returns what went wrong with that, for all to throw at the next call. */
  #settle({ task, number: attempt }: Handout, failure: PshmemError | null): PshmemError | undefined {
    if (this.#site.workerComm.rank !== 0) return undefined;
    const again = failure !== null && attempt <= (this.#options.retries ?? 0);
    const state = failure === null ? DONE : again ? OPEN : FAILED;
    this.#site.log(`sets task ${task} to ${stateToString(state)}${failure ? `: ${failure.message}` : ""}`);
    try {
      this.#site.tasks.set(task, state);
      this.#count(task, state);
      return undefined;
    } catch (error) {
      return asFault(error);
    }
  }

  #count(task: number, state: TaskState): void {
    const { root, nTask } = this.#site.plan;
    if (state !== OPEN) {
      this.share.ended.push(task);
      this.share.done += state === DONE ? 1 : 0;
      this.#words.add(root, state === DONE ? ENDED_DONE : ENDED_FAILED, 1);
    }
    const { onProgress } = this.#options;
    if (!onProgress) return;
    const done = this.#words.load(root, ENDED_DONE);
    const failed = this.#words.load(root, ENDED_FAILED);
    try {
      onProgress({ done, failed, total: nTask, task, state });
    } catch (cause) {
      throw new PshmemError("BAD_ARGUMENT", `onProgress threw ${String(cause)}`, { task, cause });
    }
  }

  #nameOf(task: number): string {
    return this.#site.plan.names?.[task] ?? String(task);
  }
}

function reportOf(
  { workerSize, nTask }: BatchPlan,
  { halt }: RunOptions,
  shares: readonly Share[],
): RunReport {
  const tasks = shares.filter((_, rank) => rank % workerSize === 0).map(({ ended }) => ended);
  const done = shares.reduce((sum, share) => sum + share.done, 0);
  const failed = tasks.flat().length - done;
  const errors = shares
    .flatMap(({ failures }) => failures)
    .toSorted((a, b) => a.task - b.task)
    .map((failure) => ({
      ...failure,
      error: Object.assign(new Error(failure.error.message), failure.error),
    }));
  const skipped = nTask - new Set(tasks.flat()).size;
  return { done, failed, skipped, halted: halt !== undefined && failed >= halt.failures, errors, tasks };
}

function faultIn(
  fn: unknown,
  { retries = 0, timeout = Infinity, halt, onProgress }: RunOptions,
): PshmemError | undefined {
  if (typeof fn !== "function") return wrong("the first argument", fn, "a function to call for each task");
  if (!Number.isInteger(retries) || retries < 0) return wrong("retries", retries, "a whole number from 0 on");
  if (typeof timeout !== "number" || !(timeout > 0) || (timeout > MOST_MS && timeout !== Infinity)) {
    return wrong("timeout", timeout, `a number of ms from above 0 to ${MOST_MS}, or Infinity`);
  }
  if (halt !== undefined && !(Number.isInteger(halt?.failures) && halt.failures > 0)) {
    return wrong("halt.failures", halt?.failures, "a whole number above 0");
  }
  if (onProgress !== undefined && typeof onProgress !== "function")
    return wrong("onProgress", onProgress, "a function");
  return undefined;
}

function wrong(what: string, actual: unknown, remedy: string): PshmemError {
  return new PshmemError("BAD_ARGUMENT", `${what} is ${String(actual)}; give ${remedy}`, {
    actual: String(actual),
  });
}
