/** The self-test of MPIBatch. */
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { MPIBatch } from "../batch/batch.ts";
import type { BatchOptions } from "../batch/plan.ts";
import type { Communicator } from "../comm/contract.ts";
import type { Case } from "./case.ts";

const TASKS = 25;
const NAMES = Array.from({ length: TASKS }, (_, task) => `task_${String(task).padStart(3, "0")}`);

/** Collective: workers of two ranks where the ranks pair off, else of one, work through the tasks. */
function workThrough(comm: Communicator, options: BatchOptions): void {
  const workerSize = comm.size % 2 === 0 ? 2 : 1;
  using batch = new MPIBatch(comm, workerSize, TASKS, options);
  const times = new Int32Array(TASKS);
  for (let task = batch.nextTask(); task !== null; task = batch.nextTask()) {
    times[task] += 1;
    work(batch, task);
    if (batch.workerRank === 0) batch.setTaskState(task, MPIBatch.DONE);
  }
  comm.allreduceInto(times);
  assert.deepEqual(
    [...times],
    Array.from({ length: TASKS }, () => workerSize),
  );
  for (let task = 0; task < TASKS; task++) assert.equal(batch.getTaskState(task), MPIBatch.DONE);
}

/** Collective over the worker: tasks of different length, so that workers overtake one another. */
function work(batch: MPIBatch, task: number): void {
  if (batch.workerRank === 0) sleep(1 + ((task * 7) % 5));
  batch.workerComm.barrier();
}

function sleep(milliseconds: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds);
}

function onDisk(comm: Communicator): void {
  const made = comm.rank === 0 ? mkdtempSync(join(tmpdir(), "pshmem-selftest-")) : "";
  try {
    const root = comm.bcast(made);
    workThrough(comm, { taskFsRoot: root, taskFsNames: NAMES });
    if (comm.rank === 0) {
      for (const name of NAMES) assert.equal(readFileSync(join(root, name, "state"), "utf8"), "DONE\n");
    }
    // Nobody reads the directory any more.
    comm.barrier();
  } finally {
    if (made) rmSync(made, { recursive: true, force: true });
  }
}

/** The cases of the batch. */
export const batchCases: readonly Case[] = [
  { name: `batch: ${TASKS} tasks in memory`, run: (comm) => workThrough(comm, {}) },
  { name: `batch: ${TASKS} tasks on disk`, run: onDisk },
];
