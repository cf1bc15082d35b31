/** A worker: the ranks that take tasks together. */
import { engineOf } from "../world.ts";
import { optionsOf } from "../comm/arguments.ts";
import type { Communicator } from "../comm/contract.ts";
import type { Engine } from "../comm/engine.ts";
import { asFault } from "../comm/verdict.ts";
import { PshmemError } from "../errors.ts";
import { DONE, FAILED, OPEN, RUNNING, stateToString } from "./states.ts";
import type { Tasks } from "./tasks.ts";
import type { Door } from "./taskword.ts";
import { textOf } from "../shown.ts";

/** Which tasks `nextTask` hands out beside the OPEN ones. All ranks of a worker give the same. */
export interface NextTaskOptions {
  /** RUNNING tasks that nobody works on: left by an earlier job, or by a worker that asked for another. Each once. */
  readonly ignoreRunning?: boolean;
  /** FAILED tasks. Each once. */
  readonly ignoreFailed?: boolean;
  /** DONE tasks. Each once. */
  readonly ignoreDone?: boolean;
}

/** A task handed out, with a number that rank 0 of the worker attached to it. */
export interface Handout {
  readonly task: number;
  readonly number: number;
}

/** What rank 0 of the worker has to add to a handout. */
export interface HandoutOptions {
  /** Found before: thrown by all ranks of the worker. */
  readonly fault?: PshmemError;
  /** Asked first: if true, nothing is handed out. */
  readonly stop?: () => boolean;
  /** Gives the number of the handout; 0 otherwise. */
  readonly numberOf?: (task: number) => number;
}

/** With what a rank comes to the meeting after a task. */
const LOOK = { WELL: 0, FAILED: 1, AGAIN: 2 } as const;

/** Takes a line for people who look for a mistake. */
export type Log = (text: string) => void;

/** One rank's part in its worker. */
export class Worker {
  readonly #comm: Communicator;
  readonly #engine: Engine;
  readonly #object: number;
  readonly #tasks: Tasks;
  readonly #log: Log | undefined;

  /** Collective over the worker, without communication. */
  constructor(comm: Communicator, tasks: Tasks, log: Log | undefined) {
    this.#comm = comm;
    this.#engine = engineOf(comm);
    this.#object = this.#engine.takeObject();
    this.#tasks = tasks;
    this.#log = log;
  }

  /**
   * Collective over the worker, blocking. Rank 0 takes the next task; all return it, or all throw what one found
   * wrong. @throws BAD_ARGUMENT MISMATCH FILE_SYSTEM BAD_STATE_FILE FREED
   */
  next(options: NextTaskOptions | null | undefined, more: HandoutOptions = {}): Handout | null {
    this.#engine.check("MPIBatch.nextTask");
    let { fault } = more;
    let handout: Handout | null = null;
    let choice = 0;
    try {
      choice = choiceOf(options);
      if (!fault && this.#comm.rank === 0) handout = this.#take(DOOR_LISTS[choice], more);
    } catch (error) {
      fault ??= asFault(error);
    }
    // A worker of one rank has nobody to agree with.
    if (this.#comm.size === 1 && !fault) return handout;
    return this.#share(choice, handout, fault);
  }

  /**
   * Collective over the worker, blocking: meets the other ranks after a task. Returns null if no rank brings a failure, else the
   * failure of the lowest that does, its `rank` counted in the worker. One that is a mere consequence of what another rank did counts only
   * if there is no other.
   *
   * A rank that failed may find others still in a collective of the task. That call then throws MISMATCH there and the
   * meeting throws it here; so everybody comes here in the end, and a second look in step gives the result. Each look has a digest
   * of its own, so who looks first and who looks again do not pass for being in step.
   */
  meet(failure: PshmemError | undefined, isConsequence: boolean): PshmemError | null {
    if (this.#comm.size === 1 && !failure) return null;
    const call = { op: "MPIBatch.run", object: this.#object } as const;
    const outOfStep = (digest: number) =>
      hasCode("MISMATCH", () => this.#engine.agree({ ...call, digest })) !== null;
    if (outOfStep(failure ? LOOK.FAILED : LOOK.WELL)) while (outOfStep(LOOK.AGAIN));
    else if (!failure) return null;
    const lowest = (fault: PshmemError | undefined) =>
      hasCode("TASK_FAILED", () => this.#engine.agree({ ...call, fault }));
    return lowest(isConsequence ? undefined : failure) ?? lowest(failure);
  }

  #take(doors: readonly Door[], { stop, numberOf }: HandoutOptions): Handout | null {
    if (stop?.()) return null;
    const taken = this.#tasks.next(doors, doors.includes(RUNNING));
    if (taken === null) {
      this.#log?.("finds no task");
      return null;
    }
    this.#log?.(`takes task ${taken.task}, which was ${stateToString(taken.was)}`);
    return { task: taken.task, number: numberOf?.(taken.task) ?? 0 };
  }

  #share(choice: number, handout: Handout | null, fault: PshmemError | undefined): Handout | null {
    const numbers = new Int32Array([handout?.task ?? -1, handout?.number ?? 0]);
    const payload = new Uint8Array(numbers.buffer);
    try {
      const bytes = this.#engine.agree({
        op: "MPIBatch.nextTask",
        object: this.#object,
        root: 0,
        digest: choice,
        fault,
        payload,
      });
      const [task, number] = new Int32Array(bytes.slice().buffer);
      return task < 0 ? null : { task: task, number: number };
    } catch (error) {
      // The others do not know of the task: nobody will work on it.
      if (handout) this.#tasks.undo();
      throw error;
    }
  }
}

/** The doors beside OPEN, in the order of their bits in a choice. */
const CHOICES = [
  ["ignoreRunning", RUNNING],
  ["ignoreFailed", FAILED],
  ["ignoreDone", DONE],
] as const;

/** By choice. */
const DOOR_LISTS: readonly (readonly Door[])[] = Array.from({ length: 1 << CHOICES.length }, (_, choice) => [
  OPEN,
  ...CHOICES.filter((_one, bit) => choice & (1 << bit)).map(([, door]) => door),
]);

/** The options as one number. */
function choiceOf(options: NextTaskOptions | null | undefined): number {
  const given = optionsOf("MPIBatch.nextTask", options);
  let choice = 0;
  for (let bit = 0; bit < CHOICES.length; bit++) {
    const name = CHOICES[bit][0];
    const { [name]: chosen = false }: Partial<Record<keyof NextTaskOptions, unknown>> = given;
    if (typeof chosen !== "boolean") {
      throw new PshmemError("BAD_ARGUMENT", `${name} is ${textOf(chosen)}; give true or false`, {
        actual: textOf(chosen),
      });
    }
    if (chosen) choice |= 1 << bit;
  }
  return choice;
}

/** Runs `act`; returns the error if it throws one of this code, null if it throws nothing. */
function hasCode(code: "MISMATCH" | "TASK_FAILED", act: () => void): PshmemError | null {
  try {
    act();
    return null;
  } catch (error) {
    if (error instanceof PshmemError && error.code === code) return error;
    throw error;
  }
}
