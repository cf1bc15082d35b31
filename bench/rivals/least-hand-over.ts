/** The least that two ranks who want a lock all the time can do in JavaScript, first come, first served: one word goes to and fro, with the time beside it. */
import { MPIShared } from "pshmem";
import type { Maker } from "../case.ts";
import { inTurnsToTheEnd } from "../timing.ts";

/** Whose turn it is. */
const TURN = 0;
const SINCE = 1;

/** Lock and unlock by two ranks of one node in turn; both busy looking. */
export const leastHandOver: Maker = ({ comm }) => {
  const array = new MPIShared([SINCE + 1], "int32", comm);
  // Read-only by type alone: these are words that both ranks reach.
  const words = array.data as Int32Array;
  const next = 1 - comm.rank;
  const act = () => {
    while (Atomics.load(words, TURN) !== comm.rank);
    words[SINCE] = Date.now() | 0;
    Atomics.store(words, TURN, next);
  };
  return inTurnsToTheEnd(comm, act, () => array.close());
};
