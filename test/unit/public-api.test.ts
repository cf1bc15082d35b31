/**
 * The public face: what the package exports, and that programs written as the documentation says are accepted by the compiler. `tsc` checks
 * the types; the functions that hold them are never called.
 */
import { expect, expectTypeOf, it } from "vitest";
import * as api from "../../dist/index.js";
import {
  type Axis,
  type Communicator,
  type Complex,
  type ErrorCode,
  type Message,
  MPIBatch,
  MPILock,
  MPIShared,
  PshmemError,
  type Request,
  type SliceText,
  type View,
  type Window,
  type WritableView,
  world,
} from "../../dist/index.js";

it("exports these names", () => {
  expect(Object.keys(api).toSorted()).toMatchInlineSnapshot(`
    [
      "ANY_SOURCE",
      "ANY_TAG",
      "DTYPES",
      "ERROR_CODES",
      "MAX_TAG",
      "MPIBatch",
      "MPICondition",
      "MPICounter",
      "MPIError",
      "MPILock",
      "MPISemaphore",
      "MPIShared",
      "PshmemError",
      "RankLostError",
      "exceptionGuard",
      "isPshmemError",
      "world",
    ]
  `);
});

it("has the names of a stable class for each pattern", () => {
  expect([MPIShared.name, MPILock.name, MPIBatch.name, PshmemError.name]).toEqual([
    "MPIShared",
    "MPILock",
    "MPIBatch",
    "PshmemError",
  ]);
  expect([MPIBatch.INVALID, MPIBatch.OPEN, MPIBatch.RUNNING, MPIBatch.DONE, MPIBatch.FAILED]).toEqual([
    -1, 0, 1, 2, 3,
  ]);
});

/** MPIShared as documented. */
function shared(comm: Communicator): void {
  using shm = new MPIShared([3, 5], "float64", comm);
  expectTypeOf(shm.shape).toEqualTypeOf<readonly number[]>();
  expectTypeOf(shm.strides).toEqualTypeOf<readonly number[]>();
  expectTypeOf(shm.size).toEqualTypeOf<number>();
  expectTypeOf(shm.nbytes).toEqualTypeOf<number>();
  expectTypeOf(shm.length).toEqualTypeOf<number>();
  expectTypeOf(shm.version).toEqualTypeOf<number>();
  expectTypeOf(shm.dtype).toEqualTypeOf<"float64">();
  expectTypeOf(shm.comm).toEqualTypeOf<Communicator>();
  expectTypeOf(shm.nodeComm).toEqualTypeOf<Communicator>();
  expectTypeOf(shm.data[0]).toEqualTypeOf<number>();
  expectTypeOf(shm.get(2, 3)).toEqualTypeOf<number>();
  expectTypeOf(shm.get(2)).toEqualTypeOf<View<"float64", 1>>();
  expectTypeOf(shm.at("1:3", "::2")).toEqualTypeOf<View<"float64", 2>>();
  expectTypeOf(shm.at(0, null)).toEqualTypeOf<View<"float64", 1>>();
  for (const row of shm) expectTypeOf(row).toEqualTypeOf<View<"float64", 1>>();

  // @ts-expect-error the elements are read-only
  shm.data[0] = 1;
  // @ts-expect-error nothing that changes the elements is there
  shm.data.fill(1);
  // @ts-expect-error neither in a part of them
  shm.data.subarray(1).set([1]);
  // @ts-expect-error a view of shared data cannot be written to
  shm.get(0).set([0], 1);
  // @ts-expect-error the shape is read-only
  shm.shape[0] = 4;
  // @ts-expect-error no slice is written like this
  shm.at("1-3");
  // @ts-expect-error nor like this
  shm.at("1:2:3:4");
  // @ts-expect-error nor with letters
  shm.at("a:b");
  // @ts-expect-error there is no such dtype
  void new MPIShared([1], "float128", comm);
  // @ts-expect-error a communicator, or null, must be said
  void new MPIShared([1], "float64");
  // @ts-expect-error a bigint is no float64
  shm.set([[1n]]);
  // @ts-expect-error neither is a Float32Array
  shm.set({ data: new Float32Array(1), shape: [1, 1] });
}

function sharedWrites(comm: Communicator): void {
  using shm = new MPIShared([3, 5], "float64", comm, { commNode: comm, commNodeRank: null });
  shm.set([[1, 2]], { offset: [1, 1], fromRank: 0 });
  shm.set(null);
  shm.set(undefined, { fromRank: 1 });
  shm.set(new Float64Array(15), { shape: [3, 5] });
  shm.set({ data: new Float64Array(15), shape: [3, 5], strides: [5, 1], offset: 0 });
  shm.set({ data: new Float64Array(15), shape: [3, 5], stride: [5, 1] });
  shm.set(shm.at("::-1"));
  shm.assign([1, 1], null);
  shm.assign(["0:2", ":"], 1);
  shm.setAll([[1, 2]], { offset: [1, 1] });
  shm.setAll(null);
  shm.setAll(comm.rank === 0 ? new Float64Array(5) : null, { shape: [1, 5], offset: new Int32Array(2) });
  shm.write(["0:2", ":"], (view) => {
    expectTypeOf(view).toEqualTypeOf<WritableView<"float64", 2>>();
    expectTypeOf(view.data).toEqualTypeOf<Float64Array>();
    view.set([0, 1], 2.5);
    view.fill(1);
  });
  shm.write([1], (row) => expectTypeOf(row).toEqualTypeOf<WritableView<"float64", 1>>());
  shm.write([], (all) => expectTypeOf(all).toEqualTypeOf<WritableView<"float64", 2>>());
  shm.write([0, -1], (one) => expectTypeOf(one).toEqualTypeOf<WritableView<"float64", 0>>());
  const { rank } = comm;
  shm.write([`${rank}::2`, null], (rows) => expectTypeOf(rows).toEqualTypeOf<WritableView<"float64", 2>>());
  const axes: Axis[] = [rank];
  shm.write(axes, (part) => expectTypeOf(part).toEqualTypeOf<WritableView<"float64">>());
  const block = { offset: [1, 1], shape: [1, 2] };
  shm.write(block, (part) => expectTypeOf(part).toEqualTypeOf<WritableView<"float64", 2>>());
  expectTypeOf(shm.write(block, (part) => part.get(0, 0))).toEqualTypeOf<number>();
  expectTypeOf(shm.sync()).toEqualTypeOf<void>();
  // @ts-expect-error a bigint is no float64
  shm.setAll([[1n]]);
  // @ts-expect-error every rank gives its own
  shm.setAll([[1]], { fromRank: 0 });
  // @ts-expect-error no slice is written like this
  shm.write(["0-2"], () => {});
  // @ts-expect-error a block has a shape
  shm.write({ offset: [0, 0] }, () => {});
  // @ts-expect-error a bigint is no float64
  shm.write([0], (row) => row.fill(1n));
  using alone = new MPIShared(new Int32Array([2]), "complex64", null);
  expectTypeOf(alone.dtype).toEqualTypeOf<"complex64">();
  alone.set([{ re: 1, im: 2 }]);
  using any: MPIShared = new MPIShared([2], "bool", comm);
  any.write([0], (part) => expectTypeOf(part).toEqualTypeOf<WritableView>());
  expectTypeOf(any.shape).toEqualTypeOf<readonly number[]>();
  using line = new MPIShared([2], "int64", comm);
  for (const x of line) expectTypeOf(x).toEqualTypeOf<bigint>();
  using point = new MPIShared([], "complex128", comm);
  expectTypeOf(point.get()).toEqualTypeOf<Complex>();
}

/** The communicator as documented. */
function communicator(comm: Communicator): void {
  expectTypeOf(comm.backend).toEqualTypeOf<"mpi" | "threads" | "serial">();
  const { nodeCount, nodeIndex, nodeRank, nodeSize } = comm.topology;
  expectTypeOf([nodeCount, nodeIndex, nodeRank, nodeSize, comm.topology.nodeOf(0)]).toEqualTypeOf<number[]>();
  expectTypeOf(comm.barrierAsync()).toEqualTypeOf<Promise<void>>();
  expectTypeOf(comm.bcast("text")).toEqualTypeOf<string>();
  expectTypeOf(comm.gather(1, 0)).toEqualTypeOf<number[] | null>();
  expectTypeOf(comm.allgather({ a: 1 })).toEqualTypeOf<{ a: number }[]>();
  expectTypeOf(comm.scatter([1, 2])).toEqualTypeOf<number>();
  expectTypeOf(comm.alltoall(["a"])).toEqualTypeOf<string[]>();
  expectTypeOf(comm.reduce(1n, "max", 0)).toEqualTypeOf<bigint | null>();
  expectTypeOf(comm.allreduce(new Float64Array(2))).toEqualTypeOf<Float64Array<ArrayBuffer>>();
  expectTypeOf(comm.scan(1)).toEqualTypeOf<number>();
  expectTypeOf(comm.exscan(1)).toEqualTypeOf<number | null>();
  comm.bcastInto(new Int8Array(1), 0);
  comm.allreduceInto(new Int8Array(1), "bor");
  comm.send(1, 0, 5);
  expectTypeOf(comm.recv<number>({ source: api.ANY_SOURCE, tag: api.ANY_TAG })).toEqualTypeOf<number>();
  expectTypeOf(comm.recvMessage()).toEqualTypeOf<Message>();
  expectTypeOf(comm.isend(1, 0)).toEqualTypeOf<Request<undefined>>();
  expectTypeOf(comm.irecv<string>().waitAsync()).toEqualTypeOf<Promise<string>>();
  expectTypeOf(comm.irecv().test()).toEqualTypeOf<boolean>();
  expectTypeOf(comm.split(0)).toEqualTypeOf<Communicator>();
  expectTypeOf(comm.split(null, 1)).toEqualTypeOf<Communicator | null>();
  expectTypeOf(comm.splitShared()).toEqualTypeOf<Communicator>();
  expectTypeOf(comm.dup()).toEqualTypeOf<Communicator>();
  expectTypeOf(comm.allocateWindow("int64", 1)).toEqualTypeOf<Window<"int64">>();
  expectTypeOf(comm.allocateWindow("int64", 1).fetchAndOp(0, 0, 1n, "sum")).toEqualTypeOf<bigint>();
  // @ts-expect-error there is no such operation
  comm.allreduce(1, "mean");
  // @ts-expect-error a window of int64 takes bigints
  comm.allocateWindow("int64", 1).put(0, 0, 1);
  expectTypeOf(comm.abort(2)).toEqualTypeOf<never>();
}

/** Locks and batches as documented. */
async function lockAndBatch(comm: Communicator): Promise<void> {
  using lock = new MPILock(comm, { root: 0, debug: false });
  lock.lock();
  lock.unlock();
  using held = lock.acquire({ timeout: 5_000 });
  expectTypeOf(held.token).toEqualTypeOf<number>();
  await using later = await lock.acquireAsync({ signal: AbortSignal.timeout(5), timeout: 1, mode: "shared" });
  expectTypeOf(later).toEqualTypeOf<api.LockGuard>();
  expectTypeOf(lock.tryAcquire()).toEqualTypeOf<api.LockGuard | null>();
  expectTypeOf(lock.withLock(() => 5)).toEqualTypeOf<number>();
  expectTypeOf(await lock.withLockAsync(async () => "text")).toEqualTypeOf<string>();
  const { queue } = lock.state();
  expectTypeOf(queue).toExtend<readonly number[]>();
  using batch = new MPIBatch(comm, 1, 10, { initState: null, taskFsRoot: null, taskFsNames: null });
  expectTypeOf(batch.nextTask({ ignoreRunning: true })).toEqualTypeOf<number | null>();
  batch.setTaskState(0, MPIBatch.DONE);
  for (const task of batch) expectTypeOf(task).toEqualTypeOf<number>();
}

it("types are as documented", () => {
  expectTypeOf(world).toEqualTypeOf<() => Communicator>();
  expectTypeOf<"1:3">().toExtend<SliceText>();
  expectTypeOf<"1">().not.toExtend<SliceText>();
  expectTypeOf(new PshmemError("TIMEOUT", "text").code).toEqualTypeOf<ErrorCode>();
  // What holds the documented programs is there to be compiled.
  expect([shared, sharedWrites, communicator, lockAndBatch].every((one) => typeof one === "function")).toBe(
    true,
  );
});
