/** Calls that fail: on every rank alike, with nothing left behind. */
import assert from "node:assert/strict";
import {
  isPshmemError,
  MPIBatch,
  MPILock,
  MPIShared,
  type Communicator,
  type ErrorCode,
} from "../dist/index.js";

/** Collective: each of these throws on all ranks. */
export function makeErrors(comm: Communicator): void {
  const first = comm.rank === 0;
  fails("BAD_RANK", () => comm.bcast(1, comm.size));
  fails("NOT_CLONEABLE", () => comm.allgather(first ? () => 1 : 1));
  fails("BAD_SHAPE", () => new MPIShared([first ? -1 : 1], "int8", comm));
  fails("BAD_RANK", () => new MPILock(comm, { root: -1 }));
  fails("BAD_WORKER_SIZE", () => new MPIBatch(comm, comm.size + 1, 1));
  if (comm.size > 1) fails("MISMATCH", () => (first ? comm.barrier() : comm.allgather(1)));
  using array = new MPIShared([4], "float32", comm);
  fails("OUT_OF_BOUNDS", () => array.set([1, 2], { offset: [3] }));
  fails("NO_SOURCE", () => array.assign([0], null));
  if (first) array.close();
  fails("FREED", () => array.set([1]));
  const dup = comm.dup();
  dup.free();
  fails("FREED", () => dup.barrier());
}

function fails(code: ErrorCode, call: () => unknown): void {
  assert.throws(call, (error) => isPshmemError(error, code));
}
