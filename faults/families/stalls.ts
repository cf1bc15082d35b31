/** Stalls: a rank that does not come, and never ends. After a while standard error says who waits for whom; on request the job ends. */
import { MPILock, type Communicator } from "../../dist/index.js";
import { onRanks, type Fault } from "../fault.ts";

const SOON = { PSHMEM_STALL_SECONDS: "1" };
/** Ranks may begin some seconds apart, which must not count. */
const ABORTING = { PSHMEM_STALL_SECONDS: "4", PSHMEM_STALL_ABORT: "1" };

/** The rank that does not come. */
const LATE = 2;
/** How long (ms) it stays away, where it comes in the end: a stall is told after one second. */
const LATE_MS = 4_000;

function sleep(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}

function spin(): never {
  for (;;);
}

/** One rank is late, and comes; the others tell meanwhile that they wait. */
function late(name: string, call: (comm: Communicator) => unknown, says: readonly string[]): Fault {
  return {
    name,
    job: { env: SOON },
    run(comm) {
      if (comm.rank === LATE) sleep(LATE_MS);
      return call(comm);
    },
    expected: onRanks({ tells: "returns", says: ["a wait has lasted longer than 1 s", ...says] }),
  };
}

/** One rank never comes, and the job is to end then. */
function never(name: string, stay: () => void, call: (comm: Communicator) => unknown): Fault {
  return {
    name,
    job: { env: ABORTING },
    run: (comm) => (comm.rank === LATE ? stay() : call(comm)),
    expected: onRanks({
      tells: [null, null, null],
      exit: 1,
      says: [`waits for rank ${LATE}`, "PSHMEM_STALL_ABORT=1: the job ends here"],
    }),
  };
}

/** Stalls. */
export const stallFaults: readonly Fault[] = [
  late("a rank sleeps while the others are in barrier", (comm) => comm.barrier(), [
    "in barrier",
    "families/stalls.",
    `waits for rank ${LATE}`,
    "it computes, sleeps or is stopped",
  ]),
  late(
    "a rank sleeps while another waits for its message",
    (comm) => {
      if (comm.rank === LATE) comm.send(1, 0);
      else if (comm.rank === 0) comm.recv({ source: LATE });
    },
    ["in recv", "families/stalls.", `waits for rank ${LATE}`],
  ),
  {
    name: "a rank sleeps with a lock that others wait for",
    job: { env: SOON },
    run(comm) {
      const lock = new MPILock(comm);
      if (comm.rank === LATE) lock.lock();
      comm.barrier();
      if (comm.rank === LATE) sleep(LATE_MS);
      else lock.lock();
      lock.unlock();
    },
    expected: onRanks({
      tells: "returns",
      says: [
        "a wait has lasted longer than 1 s",
        "MPILock.lock",
        "families/stalls.",
        `waits for rank ${LATE}`,
      ],
    }),
  },
  {
    name: "a rank sleeps while another waits for its message, and one of another node for that one's",
    job: { env: { PSHMEM_STALL_SECONDS: "3" }, placement: "cyclic" },
    run(comm) {
      comm.barrier();
      if (comm.rank === LATE) sleep(7_000);
      if (comm.rank === LATE) comm.send(1, 0);
      if (comm.rank === 0) comm.recv({ source: LATE });
      if (comm.rank === 0) comm.send(1, 1);
      if (comm.rank === 1) comm.recv({ source: 0 });
    },
    expected: {
      ...onRanks({ tells: "returns", says: ["a wait has lasted longer than 3 s", `waits for rank ${LATE}`] }),
      // Each node of processes tells for itself.
      mpich: {
        tells: "returns",
        says: ["rank 1 waits for rank 0, which has waited", `in recv, for rank ${LATE}, at`],
      },
    },
  },
  never(
    "a rank sleeps for ever, and the job is to end",
    () => sleep(Infinity),
    (comm) => comm.barrier(),
  ),
  never("a rank is in an endless loop, and the job is to end", spin, (comm) => comm.barrier()),
  never("a rank waits for a message that nobody sends, and the job is to end", spin, (comm) =>
    comm.recv({ source: LATE }),
  ),
];
