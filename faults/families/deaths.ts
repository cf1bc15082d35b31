/**
 * Deaths: rank 1 comes to its end while the others need it. On threads it exits; under MPI its process is killed by SIGKILL, where nothing
 * else is said. Open MPI ends the other ranks too unless it is told not to, MPICH always.
 */
import {
  MPIBatch,
  MPICondition,
  MPILock,
  MPISemaphore,
  MPIShared,
  RankLostError,
  type Communicator,
  type PshmemError,
} from "../../dist/index.js";
import {
  Death,
  onRanks,
  type Ending,
  type Expected,
  type Fault,
  type JobTerms,
  type Telling,
} from "../fault.ts";
import { resumed, TASK_NAMES } from "../resume.ts";

/** The rank that dies. */
const VICTIM = 1;
const LOST = `RANK_LOST lost ${VICTIM}`;
const DATA = new Float64Array(2 ** 17).fill(1);

function pause(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}

/** Long enough for the others to be asleep where they wait; it comes to the same if they are not. */
const ASLEEP_MS = 300;

function throws(): never {
  throw new Death("on purpose");
}

function die({ backend }: Communicator): never {
  pause(ASLEEP_MS);
  if (backend === "mpi") process.kill(process.pid, "SIGKILL");
  return process.exit(1);
}

/** All ranks but one tell the same. */
function others(telling: Telling): readonly Telling[] {
  return [telling, null, telling];
}

/** What the ranks that are left tell, where they are left. */
function survivors(telling: string | readonly [rank0: string, rank2: string]): Expected {
  const [rank0, rank2] = typeof telling === "string" ? [telling, telling] : telling;
  const ending: Ending = { tells: [rank0, null, rank2], exit: 1 };
  const killed: Ending = { tells: [{ orEnded: rank0 }, null, { orEnded: rank2 }], exit: "not 0" };
  return {
    ...onRanks(ending),
    mpich: killed,
    openmpi: killed,
    // Its launcher may exit with 0 then, also after MPI_Abort.
    "openmpi-recovery": { ...ending, exit: "any" },
  };
}

function withAfter(expected: Expected, after: string): Expected {
  return Object.fromEntries(Object.entries(expected).map(([name, ending]) => [name, { ...ending, after }]));
}

/** The others are in a call that needs the victim when it dies. */
function needed(name: string, wait: (comm: Communicator) => unknown): Fault {
  return {
    name,
    job: {},
    run: (comm) => (comm.rank === VICTIM ? die(comm) : wait(comm)),
    expected: survivors(LOST),
  };
}

const WAYS: readonly Fault[] = [
  {
    name: "exit(0) while the others are in barrier",
    job: {},
    run: (comm) => (comm.rank === VICTIM ? process.exit(0) : comm.barrier()),
    expected: onRanks({ tells: others(LOST), exit: 1 }),
  },
  {
    name: "the program's end while the others are in barrier",
    job: {},
    run: (comm) => (comm.rank === VICTIM ? undefined : comm.barrier()),
    expected: onRanks({ tells: [LOST, "returns", LOST], exit: 1 }),
  },
  {
    name: "exit(3)",
    job: {},
    run: (comm) => (comm.rank === VICTIM ? process.exit(3) : comm.barrier()),
    expected: failing(3),
  },
  {
    name: "an uncaught error",
    job: {},
    run: (comm) => (comm.rank === VICTIM ? throws() : comm.barrier()),
    expected: failing(1),
  },
  {
    name: "a rejected promise that nobody handles",
    job: {},
    run: (comm) => (comm.rank === VICTIM ? rejects() : comm.barrier()),
    expected: failing(1),
  },
  {
    name: "an error in a timer",
    job: {},
    run: (comm) => (comm.rank === VICTIM ? fails() : comm.barrier()),
    expected: failing(1),
  },
  {
    name: "no heap left",
    job: { env: { NODE_OPTIONS: "--max-old-space-size=64" } },
    run: (comm) => (comm.rank === VICTIM ? exhaust() : comm.barrier()),
    expected: failing("not 0"),
  },
  {
    name: "kill -9 of a thread's whole process",
    job: {},
    run: (comm) =>
      comm.rank === VICTIM ? process.kill(process.pid, "SIGKILL") && comm.barrier() : comm.barrier(),
    expected: { threads: { tells: null, exit: 137 }, "threads-nodes": { tells: null, exit: 137 } },
  },
];

/** The rank ends in an orderly way, and ends the job; under MPI that ends the other ranks. */
function failing(exit: number | "not 0"): Expected {
  const kept: Ending = { tells: others(LOST), exit };
  const ended: Ending = { tells: others({ orEnded: LOST }), exit };
  return { threads: kept, "threads-nodes": kept, mpich: ended, openmpi: ended };
}

function rejects(): Promise<void> {
  void Promise.reject(new RangeError("nobody handles this"));
  return new Promise(() => {});
}

function fails(): Promise<void> {
  setTimeout(throws, 1);
  return new Promise(() => {});
}

function exhaust(): never {
  const all: object[][] = [];
  for (;;) all.push(Array.from({ length: 1_000 }, () => ({})));
}

const COLLECTIVES: readonly Fault[] = [
  known(0),
  known(2),
  needed("in barrier", (comm) => comm.barrier()),
  needed("in barrierAsync", (comm) => comm.barrierAsync()),
  needed("in bcast of 1 MiB from the rank that dies", (comm) => comm.bcast(DATA, VICTIM)),
  needed("in bcast of 1 MiB from another rank", (comm) => comm.bcast(DATA, 0)),
  needed("in allreduce", (comm) => comm.allreduce(1)),
  needed("in split", (comm) => comm.split(0)),
  needed("in new MPIShared", (comm) => new MPIShared([10], "int8", comm)),
  needed("in allocateWindow", (comm) => comm.allocateWindow("int8", 1)),
  {
    name: "before set of 1 MiB",
    job: {},
    run(comm) {
      const shared = new MPIShared([DATA.length], "float64", comm);
      return comm.rank === VICTIM ? die(comm) : shared.set(DATA);
    },
    expected: survivors(LOST),
  },
  {
    name: "in set, while its data is read",
    job: {},
    run(comm) {
      const shared = new MPIShared([1], "float64", comm);
      const data = {
        shape: [1],
        get data() {
          return die(comm);
        },
      };
      return shared.set(data, { fromRank: VICTIM });
    },
    expected: survivors(LOST),
  },
  {
    name: "then another collective of the same communicator",
    job: {},
    run(comm) {
      if (comm.rank === VICTIM) die(comm);
      try {
        comm.barrier();
      } catch {
        // As above.
      }
      return comm.allgather(1);
    },
    expected: survivors(LOST),
  },
  {
    name: "then a communicator without the lost rank",
    job: {},
    run(comm) {
      const rest = comm.split(comm.rank === VICTIM ? null : 0);
      if (rest === null) return die(comm);
      try {
        comm.barrier();
      } catch {
        // As above.
      }
      const sum = rest.allreduce(comm.rank);
      if (sum !== 2) throw new Error(`${sum} instead of 2`);
      return comm.barrier();
    },
    expected: survivors(LOST),
  },
  {
    name: "in a collective of a split communicator of which it is a member",
    job: {},
    run(comm) {
      const pair = comm.split(comm.rank === 0 ? 0 : 1);
      if (comm.rank === VICTIM) return die(comm);
      return comm.rank === 0 ? comm.barrier() : pair.barrier();
    },
    expected: survivors([LOST, "RANK_LOST lost 0"]),
  },
];

/** The victim, alone on its node, comes to its end; only one of the two others, which share a node, has learned of it before they meet. */
function known(learner: 0 | 2): Fault {
  return {
    name: `before a barrier, and of its node only rank ${learner} knows, then another collective`,
    job: { placement: "cyclic" },
    run(comm) {
      const rest = comm.split(comm.rank === VICTIM ? null : 0);
      if (rest === null) return pause(ASLEEP_MS);
      if (comm.rank === learner) without(() => comm.recv({ source: VICTIM }));
      without(() => comm.barrier());
      // The one that knew goes on only with the other one.
      rest.barrier();
      without(() => comm.split(0));
      using shared = new MPIShared([10], "int8", rest);
      shared.set(new Int8Array(10));
      return comm.barrier();
    },
    expected: onRanks({ tells: [LOST, "returns", LOST], exit: 1 }),
  };
}

/** The call needs the victim. */
function without(call: () => unknown): void {
  try {
    call();
  } catch (error) {
    if (error instanceof RankLostError && error.lost.join() === String(VICTIM)) return;
    throw error;
  }
  throw new Error("nothing was thrown");
}

/** Wherever the others are, all come to their ends. */
function lastLeft(name: string, wait: (comm: Communicator) => unknown): Fault {
  return {
    name: `the ends of all others while one is ${name}`,
    job: { placement: "block" },
    run: (comm) => (comm.rank === 2 ? wait(comm) : undefined),
    expected: onRanks({ tells: ["returns", "returns", "RANK_LOST lost 0,1"], exit: 1 }),
  };
}

const MESSAGES: readonly Fault[] = [
  needed("in recv from it", (comm) => comm.recv({ source: VICTIM })),
  needed("in recv from any rank", (comm) => comm.recv()),
  lastLeft("in recv from any rank", (comm) => comm.recv()),
  lastLeft("in probe of any rank", (comm) => comm.probe()),
  needed("in irecv from it, then waitAsync", (comm) => comm.irecv({ source: VICTIM }).waitAsync()),
  needed("in probe", (comm) => comm.probe({ source: VICTIM })),
  needed("in send of 1 MiB to it", (comm) => comm.send(DATA, VICTIM)),
];

/** What a rank tells that got a lock after one who died with it. */
function heirs(guard: { readonly broken?: boolean; readonly token: number }, before: number): string {
  return `${guard.broken ? "broken" : "whole"}, ${guard.token > before ? "a later token" : "the same token"}`;
}

const LOCKS: readonly Fault[] = [
  {
    name: "while it holds a lock",
    job: {},
    run(comm) {
      const lock = new MPILock(comm);
      if (comm.rank === VICTIM) {
        lock.lock();
        comm.send(lock.token, 0);
        comm.send(lock.token, 2);
        return die(comm);
      }
      const before = comm.recv<number>({ source: VICTIM });
      // Rank 0 comes first, and dies of nothing.
      if (comm.rank === 2) pause(ASLEEP_MS / 2);
      using guard = lock.acquire();
      return heirs(guard, before);
    },
    expected: survivors(["broken, a later token", "whole, a later token"]),
  },
  {
    name: "while it waits for a lock",
    job: {},
    run(comm) {
      const lock = new MPILock(comm);
      if (comm.rank === 0) lock.lock();
      comm.barrier();
      if (comm.rank === VICTIM) {
        lock.acquireAsync().catch(() => {});
        return die(comm);
      }
      if (comm.rank === 0) {
        while (lock.state().queue.length < 2) pause(10);
        pause(2 * ASLEEP_MS);
        lock.unlock();
        return "released";
      }
      using _guard = lock.acquire();
      return "got it";
    },
    expected: survivors(["released", "got it"]),
  },
  {
    name: "while it holds a lock with others, shared",
    job: {},
    run(comm) {
      const lock = new MPILock(comm);
      if (comm.rank === VICTIM) {
        lock.acquire({ mode: "shared" });
        comm.barrier();
        return die(comm);
      }
      comm.barrier();
      using guard = lock.acquire();
      return guard.mode;
    },
    expected: survivors(["exclusive", "exclusive"]),
  },
  {
    name: "while it holds the only permit of a semaphore",
    job: {},
    run(comm) {
      const semaphore = new MPISemaphore(comm, 1);
      if (comm.rank === VICTIM) semaphore.acquire();
      comm.barrier();
      if (comm.rank === VICTIM) return die(comm);
      using _guard = semaphore.acquire();
      return "got it";
    },
    expected: survivors(["got it", "got it"]),
  },
  {
    // As long as any rank lives that could notify it, a rank goes on waiting.
    name: "before it notifies a condition, and the only other rank ends",
    job: {},
    run(comm) {
      const lock = new MPILock(comm);
      const condition = new MPICondition(lock);
      if (comm.rank === VICTIM) return die(comm);
      if (comm.rank === 2) return "leaves";
      lock.lock();
      return condition.wait();
    },
    expected: survivors(["RANK_LOST lost 1,2", "leaves"]),
  },
  {
    name: "before it notifies a condition in which all others wait",
    job: {},
    run(comm) {
      const lock = new MPILock(comm);
      const condition = new MPICondition(lock);
      if (comm.rank === VICTIM) return die(comm);
      // Each has the lock back before it learns what came of its wait: the first must let the other have it.
      return lock.withLock(() => condition.wait());
    },
    expected: survivors(LOST),
  },
  {
    name: "while it waits in a condition with all others",
    job: {},
    run(comm) {
      const lock = new MPILock(comm);
      const condition = new MPICondition(lock);
      if (comm.rank !== VICTIM) return lock.withLock(() => condition.wait());
      lock.lock();
      void condition.waitAsync();
      return die(comm);
    },
    expected: survivors(LOST),
  },
];

/** Windows by messages: what is on the other node is asked for. Rank 2 is alone there. */
const ACROSS: JobTerms = { placement: "block", env: { PSHMEM_WINDOWS: "messages" } };

/** The victim comes to its end when rank 2 has heard what it does; rank 0 is there until rank 2 is through. */
function endsAcross(name: string, onThreads: Ending, act: (comm: Communicator) => () => unknown): Fault {
  return {
    name: `${name}, and a rank of another node comes`,
    job: ACROSS,
    run(comm) {
      const go = act(comm);
      if (comm.rank === VICTIM) comm.send(null, 2);
      if (comm.rank === 0) return comm.recv<string>({ source: 2 });
      if (comm.rank === VICTIM) return process.exit(0);
      comm.recv({ source: VICTIM });
      // There is nothing more to come, and so it learns of the end.
      attempt(() => comm.recv({ source: VICTIM }));
      const told = attempt(go);
      comm.send(told, 0);
      return told;
    },
    // What a process of MPI has it still gives, until all have come to their ends.
    expected: { "threads-nodes": onThreads, mpich: { tells: others("got it") } },
  };
}

function attempt(go: () => unknown): string {
  try {
    go();
    return "got it";
  } catch (error) {
    return (error as PshmemError).code;
  }
}

const ENDS_ACROSS: readonly Fault[] = [
  endsAcross("the end of a rank that holds a lock", { tells: others("got it") }, (comm) => {
    const lock = new MPILock(comm);
    if (comm.rank === VICTIM) lock.lock();
    return () => {
      using guard = lock.acquire();
      if (!guard.broken) throw new Error("nobody said that its holder has gone");
    };
  }),
  endsAcross("the end of a rank that shares a lock", { tells: others("got it") }, (comm) => {
    const lock = new MPILock(comm);
    if (comm.rank === VICTIM) lock.acquire({ mode: "shared" });
    return () => lock.lock();
  }),
  endsAcross("the end of a rank that has the only permit", { tells: others("got it") }, (comm) => {
    const semaphore = new MPISemaphore(comm, 1);
    if (comm.rank === VICTIM) semaphore.acquire();
    return () => semaphore.acquire();
  }),
  endsAcross("the end of the rank whose memory keeps a lock", { tells: others("RANK_LOST") }, (comm) => {
    const lock = new MPILock(comm, { root: VICTIM });
    return () => lock.lock();
  }),
  endsAcross("the end of the rank whose memory is a window's", { tells: others("RANK_LOST") }, (comm) => {
    const window = comm.allocateWindow("int32", 1);
    return () => {
      window.put(VICTIM, 0, [7]);
      window.flush(VICTIM);
    };
  }),
];

const BATCHES: readonly Fault[] = [
  {
    name: "in a task of its worker, while the others of the worker are in a collective of the task",
    job: {},
    run: (comm) =>
      new MPIBatch(comm, comm.size, 2).run(({ comm: worker }) =>
        worker.rank === VICTIM ? die(comm) : worker.barrier(),
      ),
    expected: survivors(LOST),
  },
  {
    name: "in a task in run, while other workers go on",
    job: {},
    run: (comm) => new MPIBatch(comm, 1, 12).run(() => (comm.rank === VICTIM ? die(comm) : pause(20))),
    expected: survivors(LOST),
  },
  {
    name: "between nextTask and setTaskState, on disk: its task can be had again",
    job: { after: (folder) => resumed(`${folder}/batch`) },
    run(comm, { folder }) {
      const batch = new MPIBatch(comm, 1, TASK_NAMES.length, {
        taskFsRoot: `${folder}/batch`,
        taskFsNames: TASK_NAMES,
      });
      const task = batch.nextTask()!;
      if (comm.rank === VICTIM) return die(comm);
      batch.setTaskState(task, MPIBatch.DONE);
      return comm.barrier();
    },
    expected: withAfter(survivors(LOST), "2 DONE kept, 4 recovered"),
  },
];

/** Deaths of rank 1. */
export const deathFaults: readonly Fault[] = [
  ...WAYS,
  ...COLLECTIVES,
  ...MESSAGES,
  ...LOCKS,
  ...ENDS_ACROSS,
  ...BATCHES,
];
