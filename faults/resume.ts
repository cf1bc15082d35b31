/** What a later job finds in the directory of a batch whose job has ended before it was through. */
import { MPIBatch } from "../dist/index.js";

/** The tasks. */
export const TASK_NAMES = ["a", "b", "c", "d", "e", "f"] as const;

/** Local: how many tasks are done, and how many of the others a later job gets. */
export function resumed(taskFsRoot: string): string {
  using batch = new MPIBatch(null, 1, TASK_NAMES.length, { taskFsRoot, taskFsNames: TASK_NAMES });
  const done = TASK_NAMES.filter((_, task) => batch.getTaskState(task) === MPIBatch.DONE).length;
  let recovered = 0;
  for (;;) {
    const task = batch.nextTask({ ignoreRunning: true });
    if (task === null) break;
    batch.setTaskState(task, MPIBatch.DONE);
    recovered++;
  }
  return `${done} DONE kept, ${recovered} recovered`;
}
