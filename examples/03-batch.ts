/**
 * A batch: workers, each a group of ranks, work through tasks. The state of each task is a small file, so that the program goes on
 * where it stopped: with a directory given, a second run finds nothing left to do.
 *
 *     npx pshmem run -n 4 examples/03-batch.ts [directory]
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { MPIBatch, world, type RunReport } from "pshmem";

const TASKS = 10;

const comm = world();
const given = process.argv[2];
const directory = comm.bcast(given ?? (comm.rank === 0 ? mkdtempSync(join(tmpdir(), "pshmem-batch-")) : ""));
const names = Array.from({ length: TASKS }, (_, task) => `task_${String(task).padStart(3, "0")}`);

// Two workers where the ranks can be halved.
const workerSize = comm.size % 2 === 0 ? comm.size / 2 : comm.size;
using batch = new MPIBatch(comm, workerSize, TASKS, { taskFsRoot: directory, taskFsNames: names });

// All ranks of a worker are in this call. A task that throws is FAILED; the worker goes on with the next.
const report = await batch.run(async ({ comm: group }) => {
  await sleep(20 + 20 * Math.random());
  group.barrier();
});

/** The state of every task as seen from one worker: INVALID is what it had nothing to do with. */
function statesOf(worker: number, { tasks }: RunReport): string[] {
  return names.map((_, task) =>
    MPIBatch.stateToString(tasks[worker].includes(task) ? batch.getTaskState(task) : MPIBatch.INVALID),
  );
}

if (comm.rank === 0) {
  for (let worker = 0; worker < batch.nWorker; worker++) {
    console.log(`Worker ${worker} tasks = ${statesOf(worker, report).join(" ")}`);
  }
  console.log(`${report.done} done, ${report.failed} failed, ${report.skipped} left out`);
  if (given === undefined) rmSync(directory, { recursive: true });
}
