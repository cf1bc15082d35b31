/** Sleeping on words of a SharedArrayBuffer. */
import type { Sleeper } from "../node/bells.ts";

/** A timer this long never fires in practice; it only keeps the event loop alive. */
const FOR_EVER_MS = 2 ** 31 - 1;

/** {@link Sleeper} by `Atomics`. */
export const threadSleeper: Sleeper = {
  sleep(words, index, expected, ms) {
    Atomics.wait(words, index, expected, ms);
  },

  async sleepAsync(words, index, expected, ms) {
    const sleep = Atomics.waitAsync(words, index, expected, ms);
    if (!sleep.async) return;
    // Node ends a program whose only hope is a waitAsync.
    const keepAlive = setInterval(() => {}, FOR_EVER_MS);
    try {
      await sleep.value;
    } finally {
      clearInterval(keepAlive);
    }
  },

  wake(words, index) {
    Atomics.notify(words, index);
  },

  giveWay: null,
};
