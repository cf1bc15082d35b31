/** piscina: a pool of worker threads that are handed tasks by messages. */
import type { Maker } from "../case.ts";

const THREADS = 2;

/** No-op tasks, so many at once. */
export function piscinaTasks(atOnce: number): Maker {
  return async () => {
    // Loaded only here: it gives an ArrayBuffer away, and from then on V8 asks of each element of every typed array whether it is still there.
    const { Piscina } = await import("piscina");
    const pool = new Piscina({
      filename: new URL("noop.mjs", import.meta.url).href,
      minThreads: THREADS,
      maxThreads: THREADS,
    });
    return {
      async turn(ops) {
        const start = performance.now();
        for (let done = 0; done < ops; done += atOnce) {
          const count = Math.min(atOnce, ops - done);
          await Promise.all(Array.from({ length: count }, () => pool.run(null)));
        }
        return performance.now() - start;
      },
      close: () => pool.destroy(),
    };
  };
}
