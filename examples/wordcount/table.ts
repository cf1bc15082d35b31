/** From the counts of the files to the words of all. */
import { MPIShared, type Communicator } from "pshmem";
import type { CountDirectory } from "./state.ts";
import { merge, type Counts } from "./words.ts";

/** A word with its count. */
export type Ranked = readonly [word: string, count: number];

/** The result. */
export interface Summary {
  readonly words: number;
  readonly different: number;
  /** The most frequent words, most frequent first; equals by alphabet. */
  readonly top: readonly Ranked[];
}

const TOP = 20;

/** Collective: adds up the counts of all files. The same on every rank, and with every number of ranks. */
export function sumUp(comm: Communicator, counted: CountDirectory, files: number): Summary {
  const tasks = Array.from({ length: files }, (_, task) => task);
  const own = dealOut(comm, counted.load(tasks.filter((task) => task % comm.size === comm.rank)));
  using table = sharedTable(comm, own);
  // Every rank sees all counts, and so knows without asking which are large enough; the words are with their ranks.
  const least = table.data.toSorted().at(-Math.min(TOP, table.size)) ?? 0;
  const candidates = comm.allgather([...own].filter(([, count]) => count >= least)).flat();
  const top = candidates.toSorted(([a, n], [b, m]) => m - n || (a < b ? -1 : 1)).slice(0, TOP);
  return { words: table.data.reduce((sum, count) => sum + count, 0), different: table.size, top };
}

/** Collective: each word goes to the one rank that its letters decide; returns this rank's words with their totals. */
function dealOut(comm: Communicator, counts: Counts): Counts {
  const shares = Array.from({ length: comm.size }, (): Counts => new Map());
  for (const [word, count] of counts) shares[hash(word) % comm.size].set(word, count);
  return merge(comm.alltoall(shares));
}

/** Collective: the totals of all ranks' words, one rank's after the other's. */
function sharedTable(comm: Communicator, own: Counts): MPIShared<"float64"> {
  const first = comm.exscan(own.size) ?? 0;
  const table = new MPIShared([comm.allreduce(own.size)], "float64", comm);
  for (let rank = 0; rank < comm.size; rank++) {
    table.set(rank === comm.rank ? Float64Array.from(own.values()) : null, {
      offset: [first],
      fromRank: rank,
    });
  }
  return table;
}

function hash(word: string): number {
  let sum = 0;
  for (let i = 0; i < word.length; i++) sum = (Math.imul(sum, 31) + word.charCodeAt(i)) >>> 0;
  return sum;
}
