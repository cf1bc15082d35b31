/** As ours.mjs, with bare workers. Arguments: how many; a module that each of them is to import, if any. */
import { isMainThread, Worker, workerData } from "node:worker_threads";

if (isMainThread) {
  const ranks = Number(process.argv[2]);
  const entered = new Int32Array(new SharedArrayBuffer(4));
  for (let rank = 0; rank < ranks; rank++)
    void new Worker(new URL(import.meta.url), {
      workerData: { rank, ranks, entered, text: process.argv[3] },
    });
} else {
  const { rank, ranks, entered, text } = workerData;
  if (text) await import(text);
  Atomics.add(entered, 0, 1);
  Atomics.notify(entered, 0);
  for (let seen = Atomics.load(entered, 0); seen < ranks; seen = Atomics.load(entered, 0))
    Atomics.wait(entered, 0, seen);
  const now = Date.now();
  if (rank === 0) console.log(`through ${now}`);
}
