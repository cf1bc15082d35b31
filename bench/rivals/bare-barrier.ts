/** A barrier that agrees on nothing: a counter and a generation in shared memory, at which ranks look until it changes. */
import type { Maker } from "../case.ts";

/** Words of rank 0's part of the window, on cache lines of their own. */
const ARRIVED = 0;
const GENERATION = 16;
const WORDS = 32;

/** So many of them, one after the other, for each operation: what a meeting with so many round trips takes at the least. */
export function bareBarriers(count: number): Maker {
  return ({ comm }) => {
    const window = comm.allocateWindow("int32", WORDS);
    // The ranks of a node share one piece of memory, in which rank 0's part begins at the same place for all.
    const words = new Int32Array(window.local.buffer, comm.bcast(window.local.byteOffset), WORDS);
    const meet = () => {
      const generation = Atomics.load(words, GENERATION);
      if (Atomics.add(words, ARRIVED, 1) + 1 < comm.size) {
        while (Atomics.load(words, GENERATION) === generation) continue;
        return;
      }
      Atomics.store(words, ARRIVED, 0);
      Atomics.store(words, GENERATION, generation + 1);
    };
    return {
      turn(ops) {
        comm.barrier();
        const start = performance.now();
        for (let i = 0; i < ops * count; i++) meet();
        return performance.now() - start;
      },
      close: () => window.close(),
    };
  };
}
