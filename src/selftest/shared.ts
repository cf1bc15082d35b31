/** The self-test of MPIShared on the world. */
import assert from "node:assert/strict";
import type { Communicator } from "../comm/contract.ts";
import { MPIShared } from "../shared/shared.ts";
import { mustThrow, type Case } from "./case.ts";
import { KINDS, SHAPE, writeRead, writeReadAll } from "./turns.ts";

/** More elements than a signed 32-bit number can count. */
const LARGE = 2 ** 31 + 9;
const MANY = 10_000;

function large(comm: Communicator): void {
  using shared = new MPIShared([LARGE], "uint8", comm);
  shared.set(comm.rank === 0 ? new Uint8Array(LARGE).fill(1) : null);
  let ones = 0;
  const { data } = shared;
  for (let i = 0; i < LARGE; i++) ones += data[i];
  assert.equal(ones, LARGE);
  comm.barrier();
}

/** All arrays are there at once, and none is bound to a block. */
function separated(comm: Communicator): void {
  const arrays = KINDS.map((kind) => {
    const shared: MPIShared<typeof kind, typeof SHAPE> = new MPIShared(SHAPE, kind, comm);
    writeRead(shared);
    return shared;
  });
  for (const shared of arrays) shared.close();
}

function goodShapes(comm: Communicator): void {
  const shapes = [[2, 5, 10], Int16Array.of(10, 2), Int32Array.of(5, 2), Uint32Array.of(10, 2)];
  for (const shape of shapes) {
    const shared: MPIShared<"float64", ArrayLike<number>> = new MPIShared(shape, "float64", comm);
    assert.deepEqual(shared.shape, [...shape]);
    shared.close();
  }
}

/** Arrays of floats are refused even where they hold whole numbers; plain arrays are looked at number by number. */
function badShapes(comm: Communicator): void {
  const shapes = [
    [-1],
    [2, 5.5, 10],
    Float32Array.of(10, 2),
    Float64Array.of(5, 2),
    Float32Array.of(10, 2.5),
  ];
  for (const shape of shapes) mustThrow("BAD_SHAPE", () => new MPIShared(shape, "float64", comm));
}

/** A view is no copy. */
function viewShares(comm: Communicator): void {
  using shared = new MPIShared(SHAPE, "float64", comm);
  const view = shared.at();
  assert.deepEqual(view.shape, [...SHAPE]);
  assert.equal(view.offset, 0);
  assert.equal(view.data.buffer, shared.data.buffer);
  assert.equal(view.data.byteOffset, shared.data.byteOffset);
}

/**
 * Here the original answers None to an index that cannot exist; ours is an error, as it is for any other array. And every
 * rank of the original assigns a value at once; ours tells that apart from one rank that writes where nothing is.
 */
function zeroElements(comm: Communicator): void {
  using shared = new MPIShared([0], "float64", comm);
  const mine = comm.rank === 0 ? 1 : null;
  assert.equal(shared.length, 0);
  mustThrow("OUT_OF_BOUNDS", () => shared.get(5));
  mustThrow("OUT_OF_BOUNDS", () => shared.assign([0], mine));
  mustThrow(comm.size > 1 ? "MANY_SOURCES" : "OUT_OF_BOUNDS", () => shared.assign([0], 1));
  mustThrow("BAD_DIMENSIONS", () => shared.set(mine, { fromRank: 0 }));
  mustThrow("OUT_OF_BOUNDS", () => shared.set([1], { fromRank: 0 }));
}

/** The original stops at the number of files a process may open. */
function manyArrays(comm: Communicator): void {
  const arrays = Array.from({ length: MANY }, () => new MPIShared([5, 5], "float64", comm));
  try {
    const last = arrays[MANY - 1];
    last.set(comm.rank === 0 ? [[MANY]] : null, { offset: [4, 4] });
    assert.equal(last.get(4, 4), MANY);
    assert.equal(arrays[0].get(4, 4), 0);
  } finally {
    for (const shared of arrays) shared.close();
  }
}

/** The cases of the shared array that need one communicator only. */
export const sharedCases: readonly Case[] = [
  { name: "shared: write and read on the world", run: (comm) => writeReadAll(comm) },
  {
    name: `shared: ${LARGE} elements`,
    skip: process.env["PSHMEM_TEST_LARGE"] ? undefined : "set PSHMEM_TEST_LARGE=1 to run it",
    run: large,
  },
  { name: "shared: creation and close apart", run: separated },
  { name: "shared: good shapes", run: goodShapes },
  { name: "shared: bad shapes", run: badShapes },
  { name: "shared: a view shares the memory", run: viewShares },
  { name: "shared: no elements", run: zeroElements },
  { name: `shared: ${MANY} arrays at once`, run: manyArrays },
];
