/**
 * Works through tasks of a batch on a directory, and prints from rank 0, as one line of JSON, the states it found, the tasks that each
 * worker took, and the states it left. `batch.py` does the same with the Python original, on the same orders.
 */
import { MPIBatch, world } from "../../../dist/index.js";

/** What to do, as JSON in the first argument. */
export interface Orders {
  readonly root: string;
  readonly names: readonly string[];
  readonly workers: number;
  /** The number of tasks after which a worker stops. */
  readonly most: number;
  readonly ignoreRunning: boolean;
  readonly ignoreFailed: boolean;
  /** The state to set for each task. KILL: once every worker has such a task in hand, all ranks die of it. */
  readonly ends: readonly ("OPEN" | "RUNNING" | "DONE" | "FAILED" | "INVALID" | "KILL")[];
}

/** What came of it. */
export interface Outcome {
  readonly found: readonly string[];
  readonly taken: readonly (readonly number[])[];
  readonly left: readonly string[];
}

const { root, names, workers, most, ends, ...options }: Orders = JSON.parse(process.argv[2]);
const comm = world();
using batch = new MPIBatch(comm, comm.size / workers, names.length, {
  taskFsRoot: root,
  taskFsNames: names,
});

function states(): string[] {
  const seen =
    comm.rank === 0 ? names.map((_, task) => MPIBatch.stateToString(batch.getTaskState(task))) : [];
  comm.barrier();
  return seen;
}

function work(): number[] {
  const taken: number[] = [];
  while (taken.length < most) {
    const task = batch.nextTask(options);
    if (task === null) break;
    taken.push(task);
    const end = ends[task];
    if (end === "KILL") die();
    else if (batch.workerRank === 0) batch.setTaskState(task, MPIBatch.stringToState(end));
  }
  return taken;
}

function die(): void {
  comm.barrier();
  process.kill(process.pid, "SIGKILL");
}

const found = states();
const all = comm.gather(work());
comm.barrier();
const left = states();
if (all)
  console.log(JSON.stringify({ found, taken: all.filter((_, rank) => rank % batch.workerSize === 0), left }));
