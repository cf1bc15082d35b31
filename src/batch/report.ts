/** What a run comes to: what each rank brings, and the report made of it. */
import { DONE, FAILED, OPEN, type TaskState } from "./states.ts";
import type { BatchPlan } from "./plan.ts";
import { fieldText } from "../shown.ts";

/** A task that ended FAILED, when it ended last. */
export interface TaskFailure {
  readonly task: number;
  readonly name: string;
  /** The rank, of the batch's communicator, that threw; the lowest if several did. */
  readonly rank: number;
  /** What it threw in the last attempt: name, message and stack as they were there. */
  readonly error: Error;
}

/**
 * How a run went; the same on every rank. It counts tasks, not attempts: one that was handed out again after its end (`ignoreFailed`,
 * `ignoreDone`) counts as it ended last. `done + failed + skipped` are the tasks of the batch.
 */
export interface RunReport {
  /** Tasks ended DONE. */
  readonly done: number;
  /** Tasks ended FAILED. */
  readonly failed: number;
  /** Tasks that this run did not bring to an end: not available, with another job, or left by a halt. */
  readonly skipped: number;
  /** True if `halt` stopped a worker. */
  readonly halted: boolean;
  /** The tasks that ended FAILED, in order, with what they threw last. */
  readonly errors: readonly TaskFailure[];
  /** For each worker the tasks it ended, in order; one that ended more than once is there as often. */
  readonly tasks: readonly (readonly number[])[];
}

/** An error as it travels between ranks. */
interface SentError {
  readonly name: string;
  readonly message: string;
  readonly stack: string;
}

interface SentFailure extends Omit<TaskFailure, "error"> {
  readonly attempt: number;
  readonly error: SentError;
}

/** How a task was left by a worker that had it: DONE, FAILED, or OPEN to be tried again. */
interface Outcome {
  readonly task: number;
  readonly attempt: number;
  readonly state: TaskState;
}

/** What a rank brings to the report. */
export class Share {
  /** On rank 0 of a worker: `halt` stopped it. */
  halted = false;
  readonly #failures: SentFailure[] = [];
  /** On rank 0 of a worker: task, attempt and state of each task it had, in order. Numbers travel faster than objects. */
  readonly #outcomes: number[] = [];

  /** Local: adds how a task was left. */
  left(task: number, attempt: number, state: TaskState): void {
    this.#outcomes.push(task, attempt, state);
  }

  /** Local: adds what a task function threw on this rank. */
  threw(failure: Omit<SentFailure, "error">, error: Error): void {
    const [name, message, stack] = (["name", "message", "stack"] as const).map((field) =>
      fieldText(error, field),
    );
    this.#failures.push({ ...failure, error: { name, message, stack } });
  }

  /** Local: all of it, as a value that can be sent. */
  get sent(): SentShare {
    return { halted: this.halted, failures: this.#failures, outcomes: Int32Array.from(this.#outcomes) };
  }
}

/** A share as it travels between ranks. */
interface SentShare {
  readonly halted: boolean;
  readonly failures: readonly SentFailure[];
  readonly outcomes: Int32Array;
}

/** Local: the report, the same on every rank, from what each rank has sent. */
export function reportOf({ workerSize, nTask }: BatchPlan, shares: readonly SentShare[]): RunReport {
  const leaders = shares.filter((_, rank) => rank % workerSize === 0);
  const outcomes = leaders.map(outcomesOf);
  const last = lastOutcomes(outcomes.flat());
  const count = (state: TaskState) => [...last.values()].filter((outcome) => outcome.state === state).length;
  const done = count(DONE);
  const failed = count(FAILED);
  return {
    done,
    failed,
    skipped: nTask - done - failed,
    halted: leaders.some(({ halted }) => halted),
    errors: shares
      .flatMap(({ failures }) => failures)
      .filter(({ task, attempt }) => last.get(task)?.attempt === attempt)
      .toSorted((a, b) => a.task - b.task)
      .map(received),
    tasks: outcomes.map((list) => list.filter(({ state }) => state !== OPEN).map(({ task }) => task)),
  };
}

function outcomesOf({ outcomes }: SentShare): Outcome[] {
  return Array.from({ length: outcomes.length / 3 }, (_, i) => ({
    task: outcomes[3 * i],
    attempt: outcomes[3 * i + 1],
    state: outcomes[3 * i + 2] as TaskState,
  }));
}

/** By task, what became of it when it was handed out last. */
function lastOutcomes(outcomes: readonly Outcome[]): ReadonlyMap<number, Outcome> {
  const last = new Map<number, Outcome>();
  for (const outcome of outcomes) {
    const other = last.get(outcome.task);
    if (!other || other.attempt < outcome.attempt) last.set(outcome.task, outcome);
  }
  return last;
}

function received({ task, name, rank, error }: SentFailure): TaskFailure {
  return { task, name, rank, error: Object.assign(new Error(error.message), error) };
}
