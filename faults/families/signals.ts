/** Signals from outside, in the midst of a batch on disk: what is done stays done, what was running can be had again. */
import { MPIBatch, type Communicator } from "../../dist/index.js";
import type { Desk, Ending, Expected, Fault, Processes } from "../fault.ts";
import { resumed, TASK_NAMES } from "../resume.ts";

/** Each rank has a task; rank 0 has ended one before. */
function work(comm: Communicator, desk: Desk): Promise<void> {
  const batch = new MPIBatch(comm, 1, TASK_NAMES.length, {
    taskFsRoot: `${desk.folder}/batch`,
    taskFsNames: TASK_NAMES,
  });
  if (comm.rank === 0) batch.setTaskState(batch.nextTask()!, MPIBatch.DONE);
  batch.nextTask();
  desk.ready();
  // For ever, in a way that a signal's handler in JavaScript would run.
  return new Promise(() => setInterval(() => {}, 1_000));
}

function signalled(name: string, disturb: (processes: Processes) => void, expected: Expected): Fault {
  return { name, job: { disturb, after: (folder) => resumed(`${folder}/batch`) }, run: work, expected };
}

const KEPT = "1 DONE kept, 5 recovered";
const GONE = [null, null, null];

/** To the launcher; the process itself on the serial backend. MPICH's launcher exits with 0 now and then, whatever it has started. */
function toLauncher(signal: "SIGTERM" | "SIGINT" | "SIGHUP", code: number): Fault {
  const ending = (exit: Ending["exit"]): Ending => ({ tells: GONE, exit, after: KEPT });
  return signalled(`${signal} to the launcher`, ({ launcher }) => process.kill(launcher, signal), {
    serial: { tells: [null], exit: code, after: KEPT },
    threads: ending(code),
    "threads-nodes": ending(code),
    mpich: ending("any"),
    openmpi: ending("not 0"),
  });
}

function toOneRank(signal: "SIGTERM" | "SIGKILL"): Fault {
  const ending: Ending = { tells: GONE, exit: "not 0", after: KEPT };
  return signalled(`${signal} to the process of one rank`, ({ ranks }) => process.kill(ranks[1], signal), {
    mpich: ending,
    openmpi: ending,
  });
}

/** Signals. */
export const signalFaults: readonly Fault[] = [
  toLauncher("SIGTERM", 143),
  toLauncher("SIGINT", 130),
  toLauncher("SIGHUP", 129),
  toOneRank("SIGTERM"),
  toOneRank("SIGKILL"),
];
