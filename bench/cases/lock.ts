/** Locks: free, contended, and while the rank that keeps the lock computes. */
import { MPICounter, MPILock, type Communicator } from "pshmem";
import type { Case, Maker, Reference } from "../case.ts";
import { inC } from "../references.ts";
import { asyncMutex } from "../rivals/async-mutex.ts";
import { leastHandOver } from "../rivals/least-hand-over.ts";
import { leastLock } from "../rivals/least-lock.ts";
import { multithreadingMutex } from "../rivals/multithreading.ts";
import type { SettingName } from "../settings.ts";
import { alone, inTurns, inTurnsToTheEnd } from "../timing.ts";

const ONE_NODE = ["openmpi-2", "mpich-2"] as const satisfies readonly SettingName[];

/** Lock and unlock by one rank while nobody else wants it. The size is that rank. */
export const lockFree: Case = {
  id: "lock",
  title: "lock + unlock, free",
  unit: "time",
  sizeIs: "rank",
  sizes: [0, 1],
  settings: ["threads-2", ...ONE_NODE],
  value: "each",
  ours: ({ comm }, rank) => {
    const lock = new MPILock(comm);
    const act = () => {
      lock.lock();
      lock.unlock();
    };
    return alone(comm, rank, act, () => lock.close());
  },
  references: [
    {
      name: "Python original",
      where: "python",
      make: "lock_free",
      settings: ["openmpi-2"],
      goal: () => 300,
    },
    {
      name: "Python original",
      where: "python",
      make: "lock_free",
      // From another rank it hangs under MPICH: it reads what MPI_Get has not yet fetched.
      settings: ["mpich-2"],
      sizes: [0],
      goal: () => 300,
    },
    { name: "mpi4py Mutex", where: "python", make: "mutex_free", settings: ONE_NODE, goal: () => 70 },
    {
      name: "C: MCS lock on MPI one-sided calls",
      where: "rank",
      make: inC("mcs_free"),
      settings: ONE_NODE,
      goal: (_, setting) => (setting === "mpich-2" ? 20 : 2.5),
    },
    {
      name: "C: robust process-shared pthread mutex",
      where: "rank",
      make: inC("mutex_free"),
      goal: () => 0.2,
    },
    { name: "two atomic additions and the time, alone", where: "rank", make: leastLock },
    {
      name: "multithreading Mutex, blocking",
      where: "rank",
      make: multithreadingMutex,
      settings: ["threads-2"],
      sizes: [0],
    },
    {
      name: "async-mutex (one thread only)",
      where: "rank",
      make: asyncMutex,
      settings: ["threads-2"],
      sizes: [0],
    },
  ],
};

function contend(comm: Communicator, way: typeof inTurns) {
  const lock = new MPILock(comm);
  const act = () => {
    lock.lock();
    lock.unlock();
  };
  return way(comm, act, () => lock.close());
}

const IN_C: Reference = {
  name: "C: MCS lock on MPI one-sided calls",
  where: "rank",
  make: inC("mcs_contended"),
};

/** All ranks want it all the time. */
export const lockContended: Case = {
  id: "lock-contended",
  title: "lock + unlock, all ranks contending",
  unit: "time",
  sizeIs: "none",
  sizes: [0],
  settings: ["threads-2", "openmpi-2", "mpich-2", "threads-4", "openmpi-4", "mpich-4"],
  value: "shared",
  // Long beside a time slice: ranks that come out of the barrier late leave the first ones without contention.
  turnMs: 100,
  ours: ({ comm }) => contend(comm, inTurnsToTheEnd),
  references: [
    {
      name: "Python original",
      where: "python",
      make: "lock_contended",
      // It fails and hangs under MPICH.
      settings: ["openmpi-2", "openmpi-4"],
      goal: (_, setting) => (setting === "openmpi-2" ? 80 : 20),
    },
    {
      ...IN_C,
      settings: ["openmpi-2", "mpich-2"],
      goal: (_, setting) => (setting === "openmpi-2" ? 1 : 5),
    },
    {
      name: "one word passed on, with the time beside it",
      where: "rank",
      make: leastHandOver,
      settings: ["threads-2", "openmpi-2", "mpich-2", "openmpi-4", "mpich-4"],
    },
    // With more ranks than cores a hand-over takes a microsecond or a scheduler's tick.
    { ...IN_C, settings: ["openmpi-4"], ops: 10_000, goal: () => 4 },
    { ...IN_C, settings: ["mpich-4"], ops: 20, goal: () => 4 },
  ],
};

/** How even the shares are: 1 if all ranks had as many turns. */
export const lockShares: Case = {
  id: "lock-shares",
  title: "lock, 2 ranks contending: the smallest share by the largest",
  unit: "share",
  sizeIs: "none",
  sizes: [0],
  settings: ["threads-2", "openmpi-2", "mpich-2"],
  value: "evenness",
  turnMs: 100,
  bound: { least: 0.95 },
  ours: ({ comm }) => contend(comm, inTurns),
  references: [{ ...IN_C, make: inC("mcs_shares"), settings: ONE_NODE }],
};

const COMPUTING_MS = 1000;
const BEGIN_MS = 100;

function spin(ms: number): void {
  const end = performance.now() + ms;
  while (performance.now() < end) continue;
}

const stall: Maker = ({ comm }) => {
  const lock = new MPILock(comm, { root: 0 });
  return {
    turn() {
      comm.barrier();
      const end = performance.now() + COMPUTING_MS;
      let worst = 0;
      if (comm.rank === 0) spin(COMPUTING_MS);
      if (comm.rank === comm.size - 1) {
        spin(BEGIN_MS);
        for (let start = performance.now(), now = start; now < end; start = now) {
          lock.lock();
          lock.unlock();
          now = performance.now();
          worst = Math.max(worst, now - start);
        }
      }
      comm.barrier();
      return worst;
    },
    close: () => lock.close(),
  };
};

/** The worst lock + unlock of another rank while the lock's root computes for a second. */
export const lockStall: Case = {
  id: "lock-stall",
  title: "worst lock + unlock while the root computes for 1 s",
  unit: "time",
  sizeIs: "none",
  sizes: [0],
  settings: [...ONE_NODE, "mpich-nodes"],
  value: "worst",
  once: 5,
  bound: { most: 20 },
  env: (setting) => (setting === "mpich-nodes" ? { PSHMEM_PROGRESS: "thread" } : {}),
  ours: stall,
  references: [
    { name: "mpi4py Mutex", where: "python", make: "mutex_stall" },
    // On two nodes our helper would make progress for it, in the same process.
    {
      name: "C: MCS lock on MPI one-sided calls",
      where: "rank",
      make: inC("mcs_stall"),
      settings: ONE_NODE,
    },
  ],
};

/** Drawing a number. */
export const counter: Case = {
  id: "counter",
  title: "counter: next number, by one rank",
  unit: "time",
  sizeIs: "none",
  sizes: [0],
  settings: ["threads-2", ...ONE_NODE],
  value: "each",
  ours: ({ comm }) => {
    const numbers = new MPICounter(comm);
    return alone(
      comm,
      0,
      () => void numbers.next(),
      () => numbers.close(),
    );
  },
  references: [{ name: "mpi4py Counter", where: "python", make: "counter", settings: ONE_NODE }],
};
