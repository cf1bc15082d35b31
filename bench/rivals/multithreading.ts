/** multithreading: a mutex on a shared word; whoever comes just then gets it. */
import { availableParallelism } from "node:os";
import type { Maker } from "../case.ts";

/** Lock and unlock by the first rank. */
export const multithreadingMutex: Maker = async ({ comm }) => {
  // The library asks for it when it is loaded, and Node has it since 21.
  if (!("navigator" in globalThis))
    Object.assign(globalThis, { navigator: { hardwareConcurrency: availableParallelism() } });
  const { Mutex } = await import("multithreading");
  const mutex = new Mutex();
  return {
    turn(ops) {
      const start = performance.now();
      for (let i = 0; i < ops && comm.rank === 0; i++) mutex.blockingLock().dispose();
      return performance.now() - start;
    },
  };
};
