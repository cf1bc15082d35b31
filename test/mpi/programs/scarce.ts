/** Rank 1 has no descriptor left when another rank's memory is to be mapped; the outcome of each rank goes to standard output. */
import { spawnSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { MPIShared, isPshmemError, world } from "../../../dist/index.js";

const comm = world();
const process1 = comm.bcast(process.pid, 1);

/** Rank 0 does it, while rank 1 waits: that could start no program without descriptors, and to count its own takes one. */
function limitDescriptors(limit: () => number): void {
  if (comm.rank === 0) {
    const { status } = spawnSync("prlimit", ["--pid", String(process1), `--nofile=${limit()}:`]);
    if (status !== 0) throw new Error("prlimit failed");
  }
  comm.barrier();
}

/** Descriptors are given away lowest first. */
function lowestFree(): number {
  const used = new Set(readdirSync(`/proc/${process1}/fd`).map(Number));
  let free = 0;
  while (used.has(free)) free++;
  return free;
}

function attempt(elements: number): string {
  try {
    new MPIShared([elements], "float64", comm).close();
    return "made";
  } catch (error) {
    if (!isPshmemError(error)) throw error;
    return `${error.code} on rank ${error.rank}`;
  }
}

// Now all know the first chunk of rank 0.
attempt(10);
comm.barrier();
limitDescriptors(lowestFree);
const outcomes = [attempt(1_000_000), attempt(10)];
limitDescriptors(() => 1024);
outcomes.push(attempt(1_000_000));
console.log(JSON.stringify({ rank: comm.rank, outcomes }));
