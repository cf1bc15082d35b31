/** What there is without a library: an array cloned into another thread by `postMessage`, and a word back. */
import { once } from "node:events";
import { Worker } from "node:worker_threads";
import type { Maker } from "../case.ts";

/** Takes what comes and says so by a shared word: the quickest way back. */
const RECEIVER = `
import { parentPort, workerData } from "node:worker_threads";
let latest;
parentPort.on("message", (data) => {
  latest = data;
  Atomics.add(workerData, 0, 1);
  Atomics.notify(workerData, 0);
});
parentPort.postMessage(latest);`;

/** One array sent to one thread, and the answer awaited. */
export const postMessageClone: Maker = async (_, bytes) => {
  const received = new Int32Array(new SharedArrayBuffer(4));
  const source = new URL(`data:text/javascript,${encodeURIComponent(RECEIVER)}`);
  const worker = new Worker(source, { workerData: received });
  await once(worker, "message");
  const data = new Float64Array(bytes / Float64Array.BYTES_PER_ELEMENT).fill(1);
  return {
    turn(ops) {
      const start = performance.now();
      for (let i = 0; i < ops; i++) {
        const before = Atomics.load(received, 0);
        worker.postMessage(data);
        Atomics.wait(received, 0, before);
      }
      return performance.now() - start;
    },
    async close() {
      await worker.terminate();
    },
  };
};
