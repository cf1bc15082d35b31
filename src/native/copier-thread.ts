/** The helper of `copier.ts`: it sleeps until there is something to copy, and takes parts as long as some are left. */
import { workerData } from "node:worker_threads";
import { DONE, LEFT, partDone, takeLast } from "../node/handout.ts";
import type { CopierStart } from "./copier.ts";
import { CopyTask, wordsIn } from "./copy-task.ts";
import { posix } from "./posix.ts";

const control: CopierStart = workerData;
const bell = new Int32Array(control, 0, Math.max(LEFT, DONE) + 1);
const words = wordsIn(control);
const task = new CopyTask(control);
// Without koffi the thread ends here, before it has taken anything.
posix();

for (;;) {
  for (let part = takeLast(words); part >= 0; part = takeLast(words)) {
    task.read();
    task.copy(part);
    partDone(words);
    Atomics.notify(bell, DONE);
  }
  Atomics.wait(bell, LEFT, 0);
}
