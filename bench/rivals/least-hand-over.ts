/** The least that ranks who want a lock all the time can do in JavaScript, first come, first served: one word goes round, with the time beside it. */
import { availableParallelism } from "node:os";
import { MPIShared } from "pshmem";
import { posix } from "../../dist/native/posix.js";
import type { Maker } from "../case.ts";
import { inTurnsToTheEnd } from "../timing.ts";

/** Whose turn it is. */
const TURN = 0;
const SINCE = 1;

/** Lock and unlock by the ranks of one node in turn; all busy looking, or letting others have the core where there are more ranks than cores. */
export const leastHandOver: Maker = ({ comm }) => {
  const array = new MPIShared([SINCE + 1], "int32", comm);
  // Read-only by type alone: these are words that all ranks reach.
  const words = array.data as Int32Array;
  const next = (comm.rank + 1) % comm.size;
  const { sched_yield: giveWay } = posix();
  const isCrowded = comm.size > availableParallelism();
  const act = () => {
    while (Atomics.load(words, TURN) !== comm.rank) if (isCrowded) giveWay();
    words[SINCE] = Date.now() | 0;
    Atomics.store(words, TURN, next);
  };
  return inTurnsToTheEnd(comm, act, () => array.close());
};
