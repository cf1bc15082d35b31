/**
 * Rank 0 computes for a while, outside the library, and the last rank asks it for elements of a window meanwhile. Prints, from the last rank,
 * one line of JSON: how long rank 0 computed and how many rounds it made of it, and how long each operation took, in ms.
 */
import { world } from "../../../dist/index.js";

const COMPUTING_MS = 1000;
/** By then rank 0 computes. */
const BEGIN_MS = 100;
const OPERATIONS = 20;

const comm = world();
const origin = comm.size - 1;
using window = comm.allocateWindow("float64", 1024);

/** Some arithmetic; the number of rounds tells how much of a core this thread had. */
function compute(ms: number): number {
  const end = performance.now() + ms;
  let rounds = 0;
  for (let x = 1; performance.now() < end; rounds++) for (let i = 0; i < 1000; i++) x = (x * 1.000001) % 7;
  return rounds;
}

function timed(act: () => void): number {
  const start = performance.now();
  act();
  return performance.now() - start;
}

function ask(): { fetches: number[]; puts: number[] } {
  compute(BEGIN_MS);
  const fetches = Array.from({ length: OPERATIONS }, () => timed(() => void window.fetchAndOp(0, 0, 1)));
  const puts = Array.from({ length: OPERATIONS }, (_, i) =>
    timed(() => {
      window.put(0, 1, new Float64Array(1000).fill(i));
      window.flush(0);
    }),
  );
  return { fetches, puts };
}

comm.barrier();
const rounds = comm.rank === 0 ? compute(COMPUTING_MS) : 0;
const { fetches, puts } = comm.rank === origin ? ask() : { fetches: [], puts: [] };
comm.barrier();
const all = comm.gather({ rounds, fetches, puts }, origin);
const [sum] = window.get(0, 0, 1);
const [last] = window.get(0, 1000, 1);
if (all) {
  const result = { ...all[origin], computed: COMPUTING_MS - BEGIN_MS, rounds: all[0].rounds, sum, last };
  console.log(JSON.stringify(result));
}
comm.barrier();
