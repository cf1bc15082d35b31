/** What there is without a library: an array cloned into another thread by `postMessage`, and a word back. */
import { once } from "node:events";
import { Worker } from "node:worker_threads";
import type { Maker } from "../case.ts";

/**
 * Takes what comes and says so by a shared word: the quickest way back. On null it lets go of everything: of 64 MiB that is milliseconds of two cores, which
 * the next side's turn would pay for. The second collection begins when what the first has found is freed.
 */
const RECEIVER = `
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { parentPort, workerData } from "node:worker_threads";
setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc");
let latest;
parentPort.on("message", (data) => {
  latest = data;
  if (data === null) for (let times = 0; times < 2; times++) collect();
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
  const send = (what: Float64Array | null) => {
    const before = Atomics.load(received, 0);
    worker.postMessage(what);
    Atomics.wait(received, 0, before);
  };
  return {
    turn(ops) {
      const start = performance.now();
      for (let i = 0; i < ops; i++) send(data);
      const took = performance.now() - start;
      send(null);
      return took;
    },
    async close() {
      await worker.terminate();
    },
  };
};
