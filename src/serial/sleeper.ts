/** Sleeping when there is nobody else: for a while, but never without an end. */
import { PshmemError } from "../errors.ts";
import type { Sleeper } from "../node/bells.ts";
import { threadSleeper } from "../threads/sleeper.ts";

/** {@link Sleeper} of a rank alone. A promise may wait: the same rank's event loop can still fulfil it. */
export const serialSleeper: Sleeper = {
  ...threadSleeper,
  sleep(words, index, expected, ms) {
    if (ms === Infinity) {
      const text =
        "this call would wait for ever: there is only one rank, and it is the one that waits. Send first, or start more ranks " +
        "(pshmem run -n 4 …, mpirun -n 4 …)";
      throw new PshmemError("DEADLOCK", text);
    }
    threadSleeper.sleep(words, index, expected, ms);
  },
};
