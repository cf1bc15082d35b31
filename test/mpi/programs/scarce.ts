/** Rank 1 has no descriptor left when another rank's memory is to be mapped; the outcome of each rank goes to standard output. */
import { spawnSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { MPILock, MPIShared, isPshmemError, world } from "../../../dist/index.js";

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

/** What lies in memory that rank 0 lends to all, or, where the order is turned round, rank 2 to rank 1. */
const SMALL: Readonly<Record<string, () => void>> = {
  array: () => new MPIShared([10], "float64", comm).close(),
  dup: () => comm.dup().free(),
  split: () => comm.split(comm.rank === 0 ? 0 : 1, -comm.rank).free(),
  lock: () => new MPILock(comm).close(),
  window: () => comm.allocateWindow("int32", 5).close(),
};
/** What is a block by itself. */
const LARGE = { "large array": () => new MPIShared([1_000_000], "float64", comm).close() };

function attempt(make: () => void): string {
  try {
    make();
    return "made";
  } catch (error) {
    if (!isPshmemError(error)) throw error;
    return `${error.code} on rank ${error.rank}`;
  }
}

function attemptAll(kinds: Readonly<Record<string, () => void>>): Record<string, string> {
  return Object.fromEntries(Object.entries(kinds).map(([kind, make]) => [kind, attempt(make)]));
}

limitDescriptors(lowestFree);
const unknown = [attemptAll({ ...SMALL, ...LARGE }), attemptAll({ ...SMALL, ...LARGE })];
limitDescriptors(() => 1024);
const enough = attemptAll({ ...SMALL, ...LARGE });
// Now all know the first chunk of each.
limitDescriptors(lowestFree);
const known = [attemptAll(SMALL), attemptAll(LARGE)];
limitDescriptors(() => 1024);
const again = attemptAll({ ...SMALL, ...LARGE });
console.log(JSON.stringify({ rank: comm.rank, outcomes: { unknown, enough, known, again } }));
