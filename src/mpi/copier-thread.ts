/** The helper of `copier.ts`: it sleeps until there is something to copy, takes parts as long as some are left, and wakes who waits for the whole. */
import { workerData } from "node:worker_threads";
import { native } from "../native/native.ts";
import { Bells } from "../node/bells.ts";
import { DONE, LEFT, partDone, takeLast } from "../node/handout.ts";
import type { CopierStart } from "./copier.ts";
import { CopyTask, wordsIn } from "./copy-task.ts";
import { processSleeper } from "./sleeper.ts";

const start: CopierStart = workerData;
const bell = new Int32Array(start.control, 0, Math.max(LEFT, DONE) + 1);
const words = wordsIn(start.control);
const task = new CopyTask(start.control);
// Without koffi the thread ends here, before it has taken anything.
const { address, bytes } = start.bells;
const bells = new Bells(new Int32Array(native().view(address, bytes)), processSleeper);

for (;;) {
  Atomics.wait(bell, LEFT, 0);
  for (let part = takeLast(words); part >= 0; part = takeLast(words)) {
    task.read();
    task.copy(part);
    partDone(words);
    Atomics.notify(bell, DONE);
  }
  bells.wakeResting(start.place);
}
