/** Bad inputs: what is wrong on one rank, or on all, is thrown on every rank at the same call; by local calls on the rank that makes them. */
import {
  MPIBatch,
  MPICondition,
  MPICounter,
  MPILock,
  MPISemaphore,
  MPIShared,
  world,
  type Communicator,
  type DType,
  type ErrorCode,
  type NdSource,
  type ReduceOp,
} from "../../dist/index.js";
import { eachRank, everywhere, type Fault } from "../fault.ts";
import { RANKS } from "../settings.ts";

/** `bad`: whether the input of this rank is. Collective. */
type Call = (comm: Communicator, bad: boolean) => unknown;

const LAST = RANKS - 1;
const last = ({ size }: Communicator): number => size - 1;

/** The same bad input on one rank, and on all. */
function collective(name: string, code: ErrorCode, call: Call): readonly Fault[] {
  return [
    {
      name: `${name}, on one rank`,
      run: (comm) => call(comm, comm.rank === last(comm)),
      expected: everywhere({ tells: `${code} rank ${LAST}` }, { tells: `${code} rank 0` }),
    },
    {
      name: `${name}, on all ranks`,
      run: (comm) => call(comm, true),
      expected: everywhere({ tells: `${code} rank 0` }),
    },
  ];
}

/** What is read on one rank only, the last: the bad input of others does not matter. */
function ofOneRank(
  name: string,
  code: ErrorCode,
  call: (comm: Communicator, source: number) => unknown,
): Fault {
  return {
    name,
    run: (comm) => call(comm, last(comm)),
    expected: everywhere({ tells: `${code} rank ${LAST}` }, { tells: `${code} rank 0` }),
  };
}

/** Collective faults that concern no rank more than others, and local ones that each rank finds in its own call. */
function everyRank(name: string, code: ErrorCode, run: (comm: Communicator) => unknown): Fault {
  return { name, run, expected: everywhere({ tells: code }) };
}

/** Local calls whose errors name the rank that made them. */
function ownRank(name: string, code: ErrorCode, run: (comm: Communicator) => unknown): Fault {
  return { name, run, expected: eachRank((rank) => `${code} rank ${rank}`) };
}

const array = (comm: Communicator): MPIShared<"float64"> => new MPIShared([2, 2], "float64", comm);
const DATA: NdSource<"float64"> = [
  [1, 2],
  [3, 4],
];

const arrays: readonly Fault[] = [
  ...collective(
    "new MPIShared, a negative shape",
    "BAD_SHAPE",
    (comm, bad) => new MPIShared(bad ? [-1] : [2], "int8", comm),
  ),
  ...collective(
    "new MPIShared, a fraction in the shape",
    "BAD_SHAPE",
    (comm, bad) => new MPIShared(bad ? [0.5] : [2], "int8", comm),
  ),
  ...collective(
    "new MPIShared, an unknown dtype",
    "BAD_DTYPE",
    (comm, bad) => new MPIShared([2], (bad ? "float128" : "int8") as DType, comm),
  ),
  everyRank(
    "new MPIShared, no communicator",
    "BAD_ARGUMENT",
    () => new MPIShared([2], "int8", {} as Communicator),
  ),
  ...collective("set, a fromRank that is none", "BAD_RANK", (comm, bad) => {
    array(comm).set(DATA, { fromRank: bad ? comm.size : 0 });
  }),
  ofOneRank("set, data of another shape", "BAD_SHAPE", (comm, fromRank) => {
    array(comm).set([[1, 2], [3]], { fromRank });
  }),
  ofOneRank("set, data of another dtype", "BAD_DTYPE", (comm, fromRank) => {
    array(comm).set([[1n, 2n]] as never, { fromRank });
  }),
  ofOneRank("set, data of too few dimensions", "BAD_DIMENSIONS", (comm, fromRank) => {
    array(comm).set([1, 2], { fromRank });
  }),
  ofOneRank("set, an offset outside", "OUT_OF_BOUNDS", (comm, fromRank) => {
    array(comm).set(DATA, { fromRank, offset: [1, 1] });
  }),
  ofOneRank("set, no data on fromRank", "NO_SOURCE", (comm, fromRank) => {
    array(comm).set(null, { fromRank });
  }),
  ofOneRank("set, data that throws when it is read", "BAD_ARGUMENT", (comm, fromRank) => {
    array(comm).set(
      {
        shape: [2, 2],
        get data(): never {
          throw new RangeError("boom");
        },
      },
      { fromRank },
    );
  }),
  everyRank("assign, data on no rank", "NO_SOURCE", (comm) => array(comm).assign([0, 0], null)),
  {
    name: "assign, data on all ranks",
    run: (comm) => array(comm).assign([0, 0], DATA),
    expected: everywhere({ tells: "MANY_SOURCES" }, { tells: "returns" }),
  },
  ofOneRank("assign, a slice that cannot be read", "BAD_SLICE", (comm, source) => {
    array(comm).assign(["0-1" as never], comm.rank === source ? DATA : null);
  }),
  everyRank("get, an index outside", "OUT_OF_BOUNDS", (comm) => array(comm).get(2, 0)),
  everyRank("at, a slice that cannot be read", "BAD_SLICE", (comm) => array(comm).at("a:b" as never)),
];

const collectives: readonly Fault[] = [
  ...collective("bcast, a root that is none", "BAD_RANK", (comm, bad) => comm.bcast(1, bad ? -1 : 0)),
  ofOneRank("bcast, a value that cannot be sent", "NOT_CLONEABLE", (comm, root) =>
    comm.bcast(() => {}, root),
  ),
  ...collective("allgather, a value that cannot be sent", "NOT_CLONEABLE", (comm, bad) => {
    comm.allgather(bad ? Symbol("no") : 1);
  }),
  ofOneRank("scatter, a list of another length", "BAD_ARGUMENT", (comm, root) => comm.scatter([], root)),
  ...collective("alltoall, a list of another length", "BAD_ARGUMENT", (comm, bad) => {
    comm.alltoall(bad ? [] : Array.from({ length: comm.size }, () => 0));
  }),
  ...collective("allreduce, an unknown operation", "BAD_ARGUMENT", (comm, bad) => {
    comm.allreduce(1, (bad ? "mean" : "sum") as ReduceOp);
  }),
  ...collective("allreduceInto, no typed array", "BAD_ARGUMENT", (comm, bad) => {
    comm.allreduceInto((bad ? [1] : new Int32Array(1)) as Int32Array);
  }),
  ...collective("split, a negative colour", "BAD_ARGUMENT", (comm, bad) => comm.split(bad ? -1 : 0)),
  ...collective("allocateWindow, an unknown dtype", "BAD_DTYPE", (comm, bad) => {
    comm.allocateWindow((bad ? "text" : "int8") as DType, 1);
  }),
  ...collective("allocateWindow, a negative count", "BAD_ARGUMENT", (comm, bad) => {
    comm.allocateWindow("int8", bad ? -1 : 1);
  }),
  everyRank("Window.get, outside", "OUT_OF_BOUNDS", (comm) => comm.allocateWindow("int8", 1).get(0, 0, 2)),
  everyRank("send, to a rank that is none", "BAD_RANK", (comm) => comm.send(1, comm.size)),
  everyRank("send, a negative tag", "BAD_TAG", (comm) => comm.send(1, 0, -5)),
  everyRank("send, a value that cannot be sent", "NOT_CLONEABLE", (comm) => comm.send(() => {}, 0)),
  everyRank("recv, from a rank that is none", "BAD_RANK", (comm) => comm.recv({ source: comm.size })),
  {
    name: "freeing the world",
    run: () => world().free(),
    expected: everywhere({ tells: "BAD_ARGUMENT rank 0" }),
  },
];

const locks: readonly Fault[] = [
  ...collective(
    "new MPILock, a root that is none",
    "BAD_RANK",
    (comm, bad) => new MPILock(comm, { root: bad ? comm.size : 0 }),
  ),
  ...collective(
    "new MPILock, debug is no boolean",
    "BAD_ARGUMENT",
    (comm, bad) => new MPILock(comm, { debug: (bad ? "yes" : false) as boolean }),
  ),
  ...collective(
    "new MPISemaphore, no permits",
    "BAD_ARGUMENT",
    (comm, bad) => new MPISemaphore(comm, bad ? 0 : 1),
  ),
  ...collective(
    "new MPICounter, a root that is none",
    "BAD_RANK",
    (comm, bad) => new MPICounter(comm, { root: bad ? 0.5 : 0 }),
  ),
  ownRank("acquire, a negative timeout", "BAD_ARGUMENT", (comm) =>
    new MPILock(comm).acquire({ timeout: -1 }),
  ),
  ownRank("acquire, an unknown mode", "BAD_ARGUMENT", (comm) =>
    new MPILock(comm).acquire({ mode: "weak" as "shared" }),
  ),
  ownRank("MPICounter.next, half a step", "BAD_ARGUMENT", (comm) => new MPICounter(comm).next(0.5)),
  ownRank("MPICondition.notify, a negative count", "BAD_ARGUMENT", (comm) => {
    const lock = new MPILock(comm);
    const condition = new MPICondition(lock);
    lock.withLock(() => condition.notify(-1));
  }),
];

const batches: readonly Fault[] = [
  ...collective(
    "new MPIBatch, a worker size that does not divide the ranks",
    "BAD_WORKER_SIZE",
    (comm, bad) => new MPIBatch(comm, bad ? 2 : 1, 4),
  ),
  ...collective(
    "new MPIBatch, a negative number of tasks",
    "BAD_ARGUMENT",
    (comm, bad) => new MPIBatch(comm, 1, bad ? -1 : 4),
  ),
  ofOneRank(
    "new MPIBatch, too few states",
    "BAD_STATE",
    (comm, root) => new MPIBatch(comm, 1, 4, { root, initState: [1] }),
  ),
  {
    name: "new MPIBatch, a name that is no directory's, on all ranks",
    run: (comm, { folder }) =>
      new MPIBatch(comm, 1, 1, { taskFsRoot: `${folder}/batch`, taskFsNames: ["../up"] }),
    expected: everywhere({ tells: "BAD_TASK_NAME rank 0 task 0" }),
  },
  {
    name: "new MPIBatch, names without a directory, on one rank",
    run: (comm) => new MPIBatch(comm, 1, 1, { taskFsNames: comm.rank === last(comm) ? ["one"] : null }),
    expected: everywhere({ tells: `BAD_ARGUMENT rank ${LAST}` }, { tells: "BAD_ARGUMENT rank 0" }),
  },
  {
    name: "setTaskState, a task that is none",
    run: (comm) => new MPIBatch(comm, 1, 1).setTaskState(7, MPIBatch.DONE),
    expected: everywhere({ tells: "BAD_TASK task 7" }),
  },
  {
    name: "setTaskState, a state that is none",
    run: (comm) => new MPIBatch(comm, 1, 1).setTaskState(0, 9),
    expected: everywhere({ tells: "BAD_STATE task 0" }),
  },
  everyRank("stringToState, an unknown word", "BAD_STATE", () => MPIBatch.stringToState("SOON")),
  ...collective("run, a negative number of retries", "BAD_ARGUMENT", (comm, bad) =>
    new MPIBatch(comm, 1, 4).run(() => {}, { retries: bad ? -1 : 0 }),
  ),
  ...collective("run, no function", "BAD_ARGUMENT", (comm, bad) =>
    new MPIBatch(comm, 1, 4).run((bad ? null : () => {}) as () => void),
  ),
];

/** Bad inputs. */
export const inputFaults: readonly Fault[] = [...arrays, ...collectives, ...locks, ...batches];
