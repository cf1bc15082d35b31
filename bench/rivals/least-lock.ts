/** The least that a lock can do in JavaScript whose state tells others for how long it has been held: two atomic additions and the time. */
import type { Maker } from "../case.ts";
import { alone } from "../timing.ts";

const TICKETS = 0;
const SINCE = 1;

/** Lock and unlock by one rank, on words that nobody else uses. */
export const leastLock: Maker = ({ comm }, rank) => {
  const words = new Int32Array(new SharedArrayBuffer(2 * Int32Array.BYTES_PER_ELEMENT));
  return alone(comm, rank, () => {
    Atomics.add(words, TICKETS, 1);
    words[SINCE] = Date.now() | 0;
    Atomics.add(words, TICKETS, -1);
  });
};
