/** async-mutex: a lock between the asynchronous functions of one thread. */
import { Mutex } from "async-mutex";
import type { Maker } from "../case.ts";

/** Lock and unlock by the first rank. */
export const asyncMutex: Maker = ({ comm }) => {
  const mutex = new Mutex();
  return {
    async turn(ops) {
      const start = performance.now();
      for (let i = 0; i < ops && comm.rank === 0; i++) (await mutex.acquire())();
      return performance.now() - start;
    },
  };
};
