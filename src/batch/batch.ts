/** MPIBatch: tasks that groups of ranks work through. */
import type { Communicator } from "../comm/contract.ts";
import type { Engine, Words } from "../comm/engine.ts";
import { asFault } from "../comm/verdict.ts";
import { PshmemError } from "../errors.ts";
import { BLOCKED } from "../node/machine.ts";
import { communicatorOf, engineOf } from "../world.ts";
import { TaskDirectory } from "./directory.ts";
import { newBatchName } from "./owner.ts";
import { workerCommunicator } from "./groups.ts";
import { checkStates, checkTask, planBatch, type BatchOptions, type BatchPlan } from "./plan.ts";
import type { RunReport } from "./report.ts";
import { runBatch, type RunOptions, type RunSite, type TaskFunction } from "./run.ts";
import * as states from "./states.ts";
import { isTaskState, stateToString, stringToState, unknownState, type TaskState } from "./states.ts";
import { TaskTable } from "./table.ts";
import { Tasks } from "./tasks.ts";
import { Worker, type Log, type NextTaskOptions } from "./worker.ts";

/**
 * A fixed number of tasks, worked through by workers: groups of `workerSize` ranks that follow one another in rank order.
 *
 * Each task has a state: OPEN, RUNNING, DONE, FAILED (or INVALID: offered to nobody until it is set OPEN, or until the next batch on its
 * directory, which opens it). A worker asks for a task, works on it and sets its state; what the task is, the program knows. The states are in the memory of one rank, where a claim takes the
 * same few steps however many tasks there are, and on request also in a directory, one small file for each task, in
 * the format of the Python package. A program that is started again on such a directory goes on where it stopped, and two
 * programs may work on one directory at the same time.
 */
export class MPIBatch implements Disposable {
  static readonly INVALID = states.INVALID;
  static readonly OPEN = states.OPEN;
  static readonly RUNNING = states.RUNNING;
  static readonly DONE = states.DONE;
  static readonly FAILED = states.FAILED;

  readonly INVALID = states.INVALID;
  readonly OPEN = states.OPEN;
  readonly RUNNING = states.RUNNING;
  readonly DONE = states.DONE;
  readonly FAILED = states.FAILED;

  /** The communicator of the batch; for `null`, the serial one. */
  readonly comm: Communicator;
  /** Number of tasks; they are counted from 0. */
  readonly nTask: number;
  /** Number of workers. */
  readonly nWorker: number;
  /** Ranks of each worker. */
  readonly workerSize: number;
  /** The worker of this rank: floor(rank / workerSize). */
  readonly worker: number;
  /** This rank's place in its worker: rank % workerSize. */
  readonly workerRank: number;
  /** The ranks of this worker. It belongs to `comm`: all batches of one worker size on it share it; it cannot be freed. */
  readonly workerComm: Communicator;

  readonly #plan: BatchPlan;
  readonly #object: number;
  readonly #engine: Engine;
  readonly #words: Words;
  readonly #tasks: Tasks;
  readonly #worker: Worker;
  readonly #log: Log | undefined;
  #closed = false;
  #runs = false;

  /**
   * Collective, blocking. All ranks give the same arguments, but for `initState`, of which only the root's is looked at, and
   * `debug`. With `taskFsRoot` the root creates what is missing in it and reads the states; a task without a state file, or
   * whose file says INVALID, is OPEN, unless `initState` says otherwise.
   *
   * @throws BAD_WORKER_SIZE if `workerSize` does not divide the number of ranks
   * @throws BAD_TASK if there is not one name for each task
   * @throws BAD_TASK_NAME BAD_RANK
   * @throws BAD_STATE if `initState` has the wrong length or an unknown state
   * @throws BAD_ARGUMENT if one of directory and names is missing, or `initState` is given although the directory exists
   * @throws BAD_STATE_FILE FILE_SYSTEM NO_MEMORY
   * @throws MISMATCH if the ranks' arguments differ
   */
  constructor(comm: Communicator | null, workerSize: number, nTask: number, options?: BatchOptions | null) {
    this.comm = communicatorOf(comm);
    this.#engine = engineOf(this.comm);
    this.#engine.check("new MPIBatch");
    this.#object = this.#engine.nextObject();
    const { plan, words } = this.#allocate(workerSize, nTask, options);
    this.#plan = plan;
    this.#words = words;
    const table = new TaskTable(words, plan.root, nTask);
    let id: string;
    try {
      id = this.#fill(table, options);
      this.workerComm = workerCommunicator(this.comm, workerSize);
    } catch (error) {
      words.close();
      throw error;
    }
    this.nTask = nTask;
    this.workerSize = workerSize;
    this.nWorker = this.comm.size / workerSize;
    this.worker = Math.floor(this.comm.rank / workerSize);
    this.workerRank = this.comm.rank % workerSize;
    const speaker = `MPIBatch[${this.#object}] worker ${this.worker}, rank ${this.comm.rank}`;
    this.#log = plan.debug ? (text) => console.log(`${speaker} ${text}`) : undefined;
    this.#tasks = new Tasks(table, this.#directory(id), nTask, () => napOf(this.#engine));
    this.#worker = new Worker(this.workerComm, this.#tasks, this.#log);
  }

  /** Local. The state as one word in capitals. @throws BAD_STATE */
  static stateToString(state: number): string {
    return stateToString(state);
  }

  /** Local. The state that a word stands for. @throws BAD_STATE */
  static stringToState(text: string): TaskState {
    return stringToState(text);
  }

  /**
   * Collective over the worker, blocking. Takes the lowest OPEN task, marks it RUNNING and returns its index on every rank of
   * the worker; null if there is none. The options make other tasks available too, each of them once through each door:
   * - `ignoreRunning`: RUNNING tasks nobody works on. A task in the hands of another worker, of another batch of this job, or of any
   *   process that runs on this machine, is not taken away. What another job has in hand on another machine is, for whether it runs cannot be asked
   *   from here; and so is what a batch on `null` has there that was made before its rank first called `world()`. Without this option they
   *   count as running, and none of their tasks is handed out, whatever its state.
   * - `ignoreFailed`: FAILED tasks, once more; one that fails again is not handed out again.
   * - `ignoreDone`: DONE tasks.
   * A task that is set OPEN is available again in any case.
   *
   * A worker that asks for another task without having set the state of the one before has left it: it stays RUNNING.
   *
   * With a directory the state file of a task is read before it is handed out, and all of them before null is returned.
   *
   * @throws BAD_STATE_FILE FILE_SYSTEM MISMATCH FREED
   * @throws BAD_ARGUMENT if an option is not a boolean
   */
  nextTask(options?: NextTaskOptions | null): number | null {
    return this.#worker.next(options, { fault: this.#freed("MPIBatch.nextTask") })?.task ?? null;
  }

  /**
   * Local, blocking. Sets the state of any task; the directory follows, by a rank that is just at the task's files if there is one. One rank of the
   * worker does it, after the others have finished. RUNNING for a task that is at work changes nothing; any other state ends the work on it, but not that of
   * another job or batch, which sets its own state in the end. An INVALID task is offered
   * to nobody until it is set OPEN, or the next job begins on the directory, which opens it, as the Python package does.
   *
   * @throws BAD_TASK BAD_STATE FILE_SYSTEM FREED
   */
  setTaskState(task: number, state: number): void {
    this.#check("MPIBatch.setTaskState", task);
    if (!isTaskState(state)) throw unknownState(state, task);
    this.#log?.(`sets task ${task} to ${stateToString(state)}`);
    this.#tasks.set(task, state);
  }

  /**
   * Local, blocking. The state of any task; with a directory, the state on file (INVALID if the file is gone), or the one, other
   * than RUNNING, that a rank of this batch is about to write.
   *
   * @throws BAD_TASK BAD_STATE_FILE FILE_SYSTEM FREED
   */
  getTaskState(task: number): TaskState {
    this.#check("MPIBatch.getTaskState", task);
    return this.#tasks.get(task);
  }

  /** Collective over the worker: the tasks that `nextTask()` returns, one after another, until it returns null. */
  *[Symbol.iterator](): Generator<number, void, undefined> {
    for (let task = this.nextTask(); task !== null; task = this.nextTask()) yield task;
  }

  /**
   * Collective over the communicator. The whole loop: each worker takes tasks until there are none, all its ranks call `fn` for each,
   * and agree on how it ended: DONE if `fn` returned everywhere, FAILED if it threw on any rank. The others go on.
   * The promise resolves when all workers have finished, with the same report on every rank.
   *
   * A rank whose `fn` throws waits for the other ranks of its worker. If one of them is in a collective of the worker's communicator,
   * that call throws MISMATCH there; a rank that waits for a message (`recv`) of the one that threw is not woken.
   * While ranks wait for one another at the end of a task they block.
   *
   * @throws BAD_ARGUMENT if an option is no such number, or `onProgress` throws
   * @throws BAD_STATE_FILE FILE_SYSTEM MISMATCH FREED
   * @throws DEADLOCK on this rank alone, without a meeting, if a run of this batch is under way on it
   */
  async run(fn: TaskFunction, options?: RunOptions | null): Promise<RunReport> {
    if (this.#runs) throw alreadyRuns();
    this.#runs = true;
    try {
      return await this.#run(fn, options);
    } finally {
      this.#runs = false;
    }
  }

  /** Local, idempotent. A task that this worker has not set the state of stays RUNNING, and is free to be taken over. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    try {
      // After the end of the communicator its words are gone.
      if (isFreed(this.#engine)) this.#tasks.leaveFiles();
      else this.#tasks.leave();
    } finally {
      this.#tasks.rest();
      this.#words.close();
    }
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #run(fn: TaskFunction, options: RunOptions | null | undefined): Promise<RunReport> {
    const site: RunSite = {
      plan: this.#plan,
      comm: this.comm,
      workerComm: this.workerComm,
      engine: this.#engine,
      object: this.#object,
      worker: this.#worker,
      tasks: this.#tasks,
      log: this.#log,
    };
    return runBatch(site, fn, options, this.#freed("MPIBatch.run"));
  }

  /** Collective: agrees on the arguments and gets the memory. */
  #allocate(
    workerSize: number,
    nTask: number,
    options: BatchOptions | null | undefined,
  ): { plan: BatchPlan; words: Words } {
    let plan: BatchPlan | undefined;
    let fault: PshmemError | undefined;
    try {
      plan = planBatch(this.comm.size, workerSize, nTask, options);
    } catch (error) {
      fault = asFault(error);
    }
    const call = {
      op: "new MPIBatch",
      object: this.#object,
      root: plan?.root ?? 0,
      digest: plan?.digest,
      fault,
    } as const;
    // With a fault on any rank this throws on all.
    const words = this.#engine.allocateWords(call, 0, plan ? TaskTable.wordsFor(nTask) : 0);
    return { plan: plan!, words };
  }

  /** Collective: the root enters the states at the start; returns what tells this batch from all others. */
  #fill(table: TaskTable, options: BatchOptions | null | undefined): string {
    const { root } = this.#plan;
    const id = newBatchName(this.#engine.job);
    let fault: PshmemError | undefined;
    try {
      if (this.comm.rank === root) table.fill(this.#firstStates(id, options));
    } catch (error) {
      fault = asFault(error);
    }
    const payload = new TextEncoder().encode(id);
    const bytes = this.#engine.agree({ op: "new MPIBatch", object: this.#object, root, fault, payload });
    return new TextDecoder().decode(bytes.slice());
  }

  /** Null: all are OPEN. There may be more tasks than an array of states has room for. */
  #firstStates(id: string, options: BatchOptions | null | undefined): TaskState[] | null {
    const { initState } = options ?? {};
    const { nTask } = this.#plan;
    const given = initState == null ? null : checkStates(initState, nTask);
    return this.#directory(id)?.prepare(given) ?? given;
  }

  #directory(id: string): TaskDirectory | null {
    const { fsRoot, names } = this.#plan;
    return fsRoot === null || names === null ? null : new TaskDirectory(fsRoot, names, id, this.comm.rank);
  }

  #freed(call: string): PshmemError | undefined {
    if (!this.#closed) return undefined;
    return new PshmemError("FREED", `${call}: the batch is closed; make a new one`, { call });
  }

  #check(call: string, task: number): void {
    const freed = this.#freed(call);
    if (freed) throw freed;
    this.#engine.check(call);
    checkTask(task, this.nTask);
  }
}

function alreadyRuns(): PshmemError {
  const call = "MPIBatch.run";
  const text = `${call}: a run of this batch is under way on this rank, and would wait for the new one; await its promise first`;
  return new PshmemError("DEADLOCK", text, { call });
}

/** Local, blocking: a millisecond in which this rank answers others. */
function napOf({ pace }: Engine): void {
  pace.run({ step: () => BLOCKED }, { deadline: performance.now() + 1 });
}

function isFreed(engine: Engine): boolean {
  try {
    engine.check("MPIBatch.close");
    return false;
  } catch {
    return true;
  }
}
