/** Shared arrays of all sizes and types, written, read and closed. */
import assert from "node:assert/strict";
import { DTYPES, MPIShared, type Communicator, type DType } from "../dist/index.js";

const MIB = 2 ** 20;

/** How often an array of some MiB comes. */
const LARGE_EVERY = 16;

/** Collective. */
export function useArrays(comm: Communicator, number: number): void {
  small(comm, DTYPES[number % DTYPES.length]);
  middling(comm, number);
  if (number % LARGE_EVERY === 0) large(comm, number);
}

/** `using` closes at the end of the block, on each rank in its own time. */
function small(comm: Communicator, dtype: DType): void {
  using array = new MPIShared([3, 4], dtype, comm);
  const copy = array.at("1:3", null).copy();
  array.set(copy, { offset: [0, 0], fromRank: comm.size - 1 });
  assert.equal(array.version, 1);
  assert.equal([...array].length, 3);
  assert.ok(String(array).length > 0);
}

function middling(comm: Communicator, number: number): void {
  using array = new MPIShared([100, 50], "float64", comm);
  const from = number % comm.size;
  array.set(new Float64Array(5000).fill(number), { shape: [100, 50], fromRank: from });
  const mine = comm.rank === from;
  array.assign(["::2", 3], mine ? Array.from({ length: 50 }, (_, i) => i) : null);
  assert.equal(array.get(98, 3), 49);
  assert.equal(array.get(99, 3), number);
  comm.barrier();
}

function large(comm: Communicator, number: number): void {
  const array = new MPIShared([2 * MIB], "int32", comm);
  array.set(comm.rank === 0 ? new Int32Array(2 * MIB).fill(number) : null);
  assert.equal(array.data[2 * MIB - 1], number);
  comm.barrier();
  array.close();
}
