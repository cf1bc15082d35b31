/** Mismatches: ranks in different collective calls, or in the same one with arguments that must agree and do not. */
import {
  MPIBatch,
  MPICondition,
  MPILock,
  MPISemaphore,
  MPIShared,
  type Communicator,
} from "../../dist/index.js";
import { onRanks, type Fault } from "../fault.ts";

/** Rank 0 makes one call and the others another. All objects are made before, by all ranks. */
function mismatch(
  name: string,
  prepare: (comm: Communicator) => readonly [first: () => unknown, others: () => unknown],
): Fault {
  return {
    name,
    run(comm) {
      const [first, others] = prepare(comm);
      return (comm.rank === 0 ? first : others)();
    },
    expected: onRanks({ tells: "MISMATCH rank 1" }),
  };
}

const array = (comm: Communicator): MPIShared<"int8"> => new MPIShared([4], "int8", comm);

/** Ranks in different calls, or in calls of different objects, or with different arguments. */
export const mismatchFaults: readonly Fault[] = [
  mismatch("barrier and bcast", (comm) => [() => comm.barrier(), () => comm.bcast(1)]),
  mismatch("barrier and barrierAsync, then gather", (comm) => [
    () => {
      comm.barrier();
      comm.gather(1);
    },
    async () => {
      await comm.barrierAsync();
      comm.allgather(1);
    },
  ]),
  mismatch("bcast, different roots", (comm) => [() => comm.bcast(1, 0), () => comm.bcast(1, 1)]),
  mismatch("allreduce, different operations", (comm) => [
    () => comm.allreduce(1, "sum"),
    () => comm.allreduce(1, "max"),
  ]),
  mismatch("allreduce, a number and an array", (comm) => [
    () => comm.allreduce(1),
    () => comm.allreduce([1]),
  ]),
  mismatch("allreduce, different lengths", (comm) => [
    () => comm.allreduce([1]),
    () => comm.allreduce([1, 2]),
  ]),
  mismatch("bcastInto, different lengths", (comm) => [
    () => comm.bcastInto(new Int8Array(2)),
    () => comm.bcastInto(new Int8Array(3)),
  ]),
  mismatch("bcastInto, different dtypes", (comm) => [
    () => comm.bcastInto(new Int8Array(2)),
    () => comm.bcastInto(new Uint8Array(2)),
  ]),
  mismatch("bcastInto of 1 MiB, different lengths", (comm) => [
    () => comm.bcastInto(new Float64Array(2 ** 17)),
    () => comm.bcastInto(new Float64Array(2 ** 16)),
  ]),
  mismatch("split and dup", (comm) => [() => comm.split(0), () => comm.dup()]),
  mismatch("allocateWindow, different dtypes", (comm) => [
    () => comm.allocateWindow("int8", 1),
    () => comm.allocateWindow("int16", 1),
  ]),
  mismatch("new MPIShared, different shapes", (comm) => [
    () => new MPIShared([2, 3], "int8", comm),
    () => new MPIShared([3, 2], "int8", comm),
  ]),
  mismatch("new MPIShared, different dtypes", (comm) => [
    () => new MPIShared([2], "int8", comm),
    () => new MPIShared([2], "float64", comm),
  ]),
  mismatch("new MPIShared and new MPILock", (comm) => [
    () => new MPIShared([2], "int8", comm),
    () => new MPILock(comm),
  ]),
  mismatch("set and barrier", (comm) => {
    const shared = array(comm);
    return [() => shared.set([1, 2, 3, 4]), () => comm.barrier()];
  }),
  mismatch("set, different fromRanks", (comm) => {
    const shared = array(comm);
    return [() => shared.set([1, 2, 3, 4], { fromRank: 0 }), () => shared.set([1, 2, 3, 4], { fromRank: 1 })];
  }),
  mismatch("set, different arrays", (comm) => {
    const [one, other] = [array(comm), array(comm)];
    return [() => one.set([1, 2, 3, 4]), () => other.set([1, 2, 3, 4])];
  }),
  mismatch("set and assign", (comm) => {
    const shared = array(comm);
    return [() => shared.set([1, 2, 3, 4]), () => shared.assign([0], null)];
  }),
  mismatch("new MPILock, different roots", (comm) => [
    () => new MPILock(comm),
    () => new MPILock(comm, { root: 1 }),
  ]),
  mismatch("new MPISemaphore, different permits", (comm) => [
    () => new MPISemaphore(comm, 1),
    () => new MPISemaphore(comm, 2),
  ]),
  mismatch("new MPICondition, different locks", (comm) => {
    const [one, other] = [new MPILock(comm), new MPILock(comm)];
    return [() => new MPICondition(one), () => new MPICondition(other)];
  }),
  mismatch("new MPIBatch, different numbers of tasks", (comm) => [
    () => new MPIBatch(comm, 1, 3),
    () => new MPIBatch(comm, 1, 4),
  ]),
  mismatch("run, different options", (comm) => {
    const batch = new MPIBatch(comm, 1, 3);
    return [() => batch.run(() => {}), () => batch.run(() => {}, { retries: 1 })];
  }),
  mismatch("nextTask and barrier within a worker", (comm) => {
    const batch = new MPIBatch(comm, comm.size, 3);
    return [() => batch.nextTask(), () => batch.workerComm.barrier()];
  }),
  {
    name: "after a mismatch the communicator goes on",
    run(comm) {
      try {
        if (comm.rank === 0) comm.barrier();
        else comm.bcast(1);
      } catch {
        // The fault above.
      }
      return comm.allgather(comm.rank);
    },
    expected: onRanks({ tells: "[ 0, 1, 2 ]" }),
  },
];
