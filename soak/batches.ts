/** Batches in memory and on disk: run to their end, with failures and second attempts. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { MPIBatch, type Communicator } from "../dist/index.js";

const TASKS = 6;

/** Collective. */
export async function useBatchInMemory(comm: Communicator, number: number): Promise<void> {
  const workerSize = number % 2 === 0 ? 1 : comm.size;
  using batch = new MPIBatch(comm, workerSize, TASKS);
  const report = await batch.run(
    ({ task, attempt }) => {
      if (task === 3 && attempt === 1) throw new Error("the first attempt fails");
      if (task === 4) throw new Error("every attempt fails");
    },
    { retries: 1 },
  );
  assert.deepEqual([report.done, report.failed, report.skipped], [TASKS - 1, 1, 0]);
}

/** Collective. The directory is removed again. */
export async function useBatchOnDisk(comm: Communicator): Promise<void> {
  const root = comm.bcast(comm.rank === 0 ? mkdtempSync(join(tmpdir(), "pshmem-soak-")) : "");
  const taskFsNames = Array.from({ length: TASKS }, (_, i) => `task-${i}`);
  {
    using batch = new MPIBatch(comm, 1, TASKS, { taskFsRoot: root, taskFsNames });
    for (const task of batch) batch.setTaskState(task, task === 2 ? MPIBatch.FAILED : MPIBatch.DONE);
  }
  comm.barrier();
  {
    using batch = new MPIBatch(comm, 1, TASKS, { taskFsRoot: root, taskFsNames });
    const report = await batch.run(() => undefined, { ignoreFailed: true });
    assert.equal(report.done, 1);
  }
  comm.barrier();
  if (comm.rank === 0) rmSync(root, { recursive: true });
}
