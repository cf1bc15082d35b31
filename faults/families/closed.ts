/** Use after the end: of what was closed, freed or released. */
import {
  MPIBatch,
  MPICondition,
  MPICounter,
  MPILock,
  MPISemaphore,
  MPIShared,
  type Communicator,
} from "../../dist/index.js";
import { eachRank, everywhere, onRanks, type Fault } from "../fault.ts";
import { RANKS } from "../settings.ts";

/** Each rank finds it in its own call. */
function local(name: string, run: (comm: Communicator) => unknown): Fault {
  return { name, run, expected: everywhere({ tells: "FREED" }) };
}

/** The same, of what belongs to a lock: the error names the rank. */
function own(name: string, run: (comm: Communicator) => unknown): Fault {
  return { name, run, expected: eachRank((rank) => `FREED rank ${rank}`) };
}

/** A collective that one rank is no longer able to take part in, and says so. */
function collective(name: string, run: (comm: Communicator, closes: boolean) => unknown): Fault {
  return {
    name,
    run: (comm) => run(comm, comm.rank === comm.size - 1),
    expected: everywhere({ tells: `FREED rank ${RANKS - 1}` }, { tells: "FREED rank 0" }),
  };
}

const array = (comm: Communicator): MPIShared<"int8"> => new MPIShared([2], "int8", comm);

/** Use after close, free or release. */
export const closedFaults: readonly Fault[] = [
  collective("set, after one rank has closed the array", (comm, closes) => {
    const shared = array(comm);
    if (closes) shared.close();
    shared.set([1, 2]);
  }),
  collective("assign, after one rank has closed the array", (comm, closes) => {
    const shared = array(comm);
    if (closes) shared.close();
    shared.assign([0], comm.rank === 0 ? [1, 2] : null);
  }),
  local("reading a closed array", (comm) => {
    const shared = array(comm);
    shared.close();
    return shared.data;
  }),
  local("set, after the communicator was freed", (comm) => {
    const shared = array(comm);
    comm.free();
    shared.set([1, 2]);
  }),
  local("a collective of a freed communicator", (comm) => {
    comm.free();
    comm.barrier();
  }),
  local("a message on a freed communicator", (comm) => {
    comm.free();
    comm.send(1, 0);
  }),
  local("a new array on a freed communicator", (comm) => {
    comm.free();
    array(comm);
  }),
  {
    name: "a split communicator goes on when its parent is freed",
    run(comm) {
      const part = comm.split(0);
      comm.free();
      return part.allreduce(1);
    },
    expected: everywhere({ tells: `${RANKS}` }, { tells: "1" }),
  },
  local("a closed window", (comm) => {
    const window = comm.allocateWindow("int32", 1);
    window.close();
    window.put(0, 0, 1);
  }),
  own("a closed lock", (comm) => {
    const lock = new MPILock(comm);
    lock.close();
    lock.lock();
  }),
  local("a lock whose communicator was freed", (comm) => {
    const lock = new MPILock(comm);
    comm.free();
    lock.acquire();
  }),
  own("a closed semaphore", (comm) => {
    const semaphore = new MPISemaphore(comm, 1);
    semaphore.close();
    semaphore.acquire();
  }),
  own("a closed counter", (comm) => {
    const counter = new MPICounter(comm);
    counter.close();
    counter.next();
  }),
  own("a closed condition", (comm) => {
    const lock = new MPILock(comm);
    const condition = new MPICondition(lock);
    condition.close();
    lock.withLock(() => condition.notify());
  }),
  {
    name: "a lock closed while its rank waits for it",
    async run(comm) {
      const lock = new MPILock(comm);
      if (comm.rank === 0) lock.lock();
      comm.barrier();
      const wait = comm.rank === 0 ? undefined : lock.acquireAsync();
      if (comm.rank !== 0) lock.close();
      const outcome = await wait?.catch((error: Error & { code: string }) => error.code);
      comm.barrier();
      return outcome;
    },
    expected: onRanks({ tells: ["returns", "FREED", "FREED"] }),
  },
  local("setTaskState of a closed batch", (comm) => {
    const batch = new MPIBatch(comm, 1, 2);
    batch.close();
    batch.setTaskState(0, MPIBatch.DONE);
  }),
  {
    name: "nextTask, after one rank of the worker has closed the batch",
    run(comm) {
      const batch = new MPIBatch(comm, comm.size, 2);
      if (comm.rank === comm.size - 1) batch.close();
      return batch.nextTask();
    },
    expected: everywhere({ tells: `FREED rank ${RANKS - 1}` }, { tells: "FREED rank 0" }),
  },
  collective("run, after one rank has closed the batch", (comm, closes) => {
    const batch = new MPIBatch(comm, 1, 2);
    if (closes) batch.close();
    return batch.run(() => {});
  }),
];
