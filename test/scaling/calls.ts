/** Each call of the tables, as ranks make it. */
import {
  MPIBatch,
  MPICounter,
  MPILock,
  MPISemaphore,
  MPIShared,
  type Communicator,
  type LockGuard,
} from "../../dist/index.js";
import type { CallName } from "../../bench/simulation/formulas.ts";

/** Who does what, and with how much. */
export interface Part {
  readonly comm: Communicator;
  readonly root: number;
  readonly caller: number;
  readonly waiter: number;
  readonly bytes: number;
  readonly tasks: number;
}

/** A call in two halves: what has to be there before, uncounted, and the call itself. */
export interface CountedCall {
  readonly name: CallName;
  /** Default: 64 bytes in a typed array, sent with one byte more. */
  readonly bytes?: number;
  /** True if it makes sense only with a rank that waits beside holder and root. */
  readonly waits?: boolean;
  prepare(part: Part): () => unknown;
}

/** Elements of the arrays: 6 MiB. */
const LENGTH = 786_432;
const SMALL = 64;
const LARGE = 4096;
const PIECEWISE = 5 * 1024 * 1024;
/** More than what travels with others, and room for one of each rank. */
const ALONE = 600 * 1024;

const value = (bytes: number) => new Uint8Array(bytes - 1);

function collective(
  name: CallName,
  call: (part: Part, sent: Uint8Array) => unknown,
  bytes = SMALL + 1,
): CountedCall {
  return {
    name,
    bytes,
    prepare: (part) => {
      const sent = value(bytes);
      return () => call(part, sent);
    },
  };
}

function onArray(
  name: CallName,
  bytes: number,
  call: (array: MPIShared, part: Part, data: Float64Array) => void,
) {
  const prepare = (part: Part) => {
    const array = new MPIShared([LENGTH], "float64", part.comm);
    const data = new Float64Array(bytes / Float64Array.BYTES_PER_ELEMENT);
    return () => call(array, part, data);
  };
  return { name, bytes, prepare };
}

/** Every rank's data beside the others'. */
function putAll(array: MPIShared, { comm }: Part, data: Float64Array): void {
  array.setAll(data, { offset: [comm.rank * data.length] });
}

function writeOwn(array: MPIShared, { comm }: Part, { length }: Float64Array): void {
  array.write({ offset: [comm.rank * length], shape: [length] }, (mine) => mine.fill(1));
}

/** A local call on an object with words on the root. */
function local<T>(
  name: CallName,
  make: (part: Part) => T,
  call: (object: T, part: Part) => unknown,
): CountedCall {
  const prepare = (part: Part) => {
    const object = make(part);
    return () => (part.comm.rank === part.caller ? call(object, part) : undefined);
  };
  return { name, prepare };
}

const lockOf = ({ comm, root }: Part) => new MPILock(comm, { root });
const batchOf = ({ comm, root, tasks }: Part) => new MPIBatch(comm, 1, tasks, { root });
const windowOf = ({ comm }: Part) => comm.allocateWindow("float64", 1);

/** The caller has taken the first tasks. */
function batchWithTasks(part: Part, count: number): MPIBatch {
  const batch = batchOf(part);
  if (part.comm.rank === part.caller) for (let i = 0; i < count; i++) batch.nextTask();
  return batch;
}

/** The lock held by the caller; the other one has joined the queue when the caller goes on. */
function handOver(part: Part): () => Promise<void> {
  const { comm, caller, waiter } = part;
  const lock = lockOf(part);
  if (comm.rank === caller) lock.lock();
  comm.barrier();
  return async () => {
    if (comm.rank === waiter) {
      const held = lock.acquireAsync();
      comm.send("waits", caller);
      await held;
    }
    if (comm.rank === caller) {
      comm.recv({ source: waiter });
      lock.unlock();
    }
  };
}

/** All calls of the tables. */
export const CALLS: readonly CountedCall[] = [
  collective("barrier", ({ comm }) => comm.barrier()),
  collective("bcast, a small value", ({ comm, root }, sent) => comm.bcast(sent, root)),
  collective("bcast, a large value", ({ comm, root }, sent) => comm.bcast(sent, root), LARGE + 1),
  collective("gather", ({ comm, root }, sent) => comm.gather(sent, root)),
  collective("scatter", ({ comm, root }, sent) =>
    comm.scatter(Array<Uint8Array>(comm.size).fill(sent), root),
  ),
  collective("reduce", ({ comm, root }, sent) => comm.reduce(sent, "sum", root)),
  collective("allgather, small values", ({ comm }, sent) => comm.allgather(sent)),
  collective("allgather, large values", ({ comm }, sent) => comm.allgather(sent), LARGE + 1),
  collective("allreduce, small values", ({ comm }, sent) => comm.allreduce(sent)),
  collective("allreduce, large values", ({ comm }, sent) => comm.allreduce(sent), LARGE + 1),
  collective("alltoall", ({ comm }, sent) => comm.alltoall(Array<Uint8Array>(comm.size).fill(sent))),
  collective("scan", ({ comm }, sent) => comm.scan(sent)),
  collective("exscan", ({ comm }, sent) => comm.exscan(sent)),
  collective("split", ({ comm }) => comm.split(comm.rank % 2)),
  collective("dup", ({ comm }) => comm.dup()),
  {
    name: "free",
    prepare:
      ({ comm }) =>
      () =>
        comm.free(),
  },
  {
    name: "new MPIShared, the first on a communicator",
    prepare:
      ({ comm }) =>
      () =>
        new MPIShared([LENGTH], "float64", comm),
  },
  onArray("new MPIShared, a further one", 0, (_, { comm }) => new MPIShared([LENGTH], "float64", comm)),
  onArray("set, small", SMALL, (array, { root }, data) => array.set(data, { fromRank: root })),
  onArray("set, in pieces", PIECEWISE, (array, { root }, data) => array.set(data, { fromRank: root })),
  onArray("assign, small", SMALL, (array, { comm, root }, data) =>
    array.assign([0], comm.rank === root ? data : null),
  ),
  onArray("setAll, small", SMALL, putAll),
  onArray("setAll, in pieces", ALONE, putAll),
  onArray("MPIShared.write", SMALL, writeOwn),
  {
    name: "sync, a small part of each rank",
    bytes: SMALL,
    prepare: (part) => {
      const array = new MPIShared([LENGTH], "float64", part.comm);
      writeOwn(array, part, new Float64Array(SMALL / Float64Array.BYTES_PER_ELEMENT));
      return () => array.sync();
    },
  },
  onArray("MPIShared.close", SMALL, (array) => array.close()),
  collective("new MPILock", lockOf),
  local("lock, free", lockOf, (lock) => lock.lock()),
  local(
    "unlock, nobody waits",
    (part) => {
      const lock = lockOf(part);
      if (part.comm.rank === part.caller) lock.lock();
      return lock;
    },
    (lock) => lock.unlock(),
  ),
  { name: "unlock, and the lock of the one who waits", waits: true, prepare: handOver },
  {
    name: "MPILock.close",
    prepare: (part) => {
      const lock = lockOf(part);
      return () => lock.close();
    },
  },
  collective("new MPICounter", ({ comm, root }) => new MPICounter(comm, { root })),
  local(
    "MPICounter.next",
    ({ comm, root }) => new MPICounter(comm, { root }),
    (counter) => counter.next(),
  ),
  collective("new MPISemaphore", ({ comm, root }) => new MPISemaphore(comm, 2, { root })),
  local(
    "MPISemaphore.acquire, free",
    ({ comm, root }) => new MPISemaphore(comm, 2, { root }),
    (semaphore) => semaphore.acquire(),
  ),
  local(
    "release of a permit",
    ({ comm, root, caller }): LockGuard | null => {
      const semaphore = new MPISemaphore(comm, 2, { root });
      return comm.rank === caller ? semaphore.acquire() : null;
    },
    (held) => held!.release(),
  ),
  {
    name: "new MPIBatch, the first of its worker size",
    prepare: (part) => () => new MPIBatch(part.comm, part.comm.size, part.tasks, { root: part.root }),
  },
  local("nextTask, a worker of one rank", batchOf, (batch) => batch.nextTask()),
  local(
    "setTaskState DONE, the first of a batch",
    (part) => batchWithTasks(part, 1),
    (batch) => batch.setTaskState(0, MPIBatch.DONE),
  ),
  local(
    "setTaskState DONE, a further one",
    (part) => {
      const batch = batchWithTasks(part, 2);
      if (part.comm.rank === part.caller) batch.setTaskState(0, MPIBatch.DONE);
      return batch;
    },
    (batch) => batch.setTaskState(1, MPIBatch.DONE),
  ),
  {
    name: "nextTask, a worker of all ranks",
    prepare: ({ comm, tasks }) => {
      const batch = new MPIBatch(comm, comm.size, tasks);
      return () => batch.nextTask();
    },
  },
  {
    name: "run, a worker of all ranks",
    prepare: ({ comm, tasks }) => {
      const batch = new MPIBatch(comm, comm.size, tasks);
      return () => batch.run(() => {});
    },
  },
  collective("allocateWindow", windowOf),
  local("Window.get of one element", windowOf, (window, { root }) => window.get(root)),
  local("Window.put of one element, flush", windowOf, (window, { root }) => {
    window.put(root, 0, 1);
    window.flush();
  }),
  local(
    "Window.fetchAndOp",
    (part) => {
      const window = windowOf(part);
      // A half is sent as a double; what was never set may be sent shorter.
      window.local[0] = 0.5;
      return window;
    },
    (window, { root }) => window.fetchAndOp(root, 0, 0.5),
  ),
];
