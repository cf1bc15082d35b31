/** Ranks write a shared array in turn, in small blocks, and all read what each wrote. */
import assert from "node:assert/strict";
import type { Communicator } from "../comm/contract.ts";
import type { ReuseOptions } from "../shared/reuse.ts";
import { MPIShared } from "../shared/shared.ts";

/** The shape of the arrays. */
export const SHAPE = [2, 5, 10] as const;
/** Elements that one write covers: half of the last axis. */
const BLOCK = [1, 1, 5] as const;
const SIZE = SHAPE[0] * SHAPE[1] * SHAPE[2];
const STRIDES = [SHAPE[1] * SHAPE[2], SHAPE[2], 1] as const;

const ARRAYS = {
  int32: Int32Array,
  int64: BigInt64Array,
  float32: Float32Array,
  float64: Float64Array,
} as const;

/** The dtypes that are tested. */
export const KINDS = ["int32", "int64", "float32", "float64"] as const;

/** One of them. */
export type Kind = (typeof KINDS)[number];

type Offset = readonly [x: number, y: number, z: number];
type Shared = MPIShared<Kind, typeof SHAPE>;

/** Collective: for each dtype, an array that the ranks write in turn and that is closed at the end of its block. */
export function writeReadAll(comm: Communicator, reuse: ReuseOptions = {}): void {
  for (const kind of KINDS) {
    using shared: Shared = new MPIShared(SHAPE, kind, comm, reuse);
    writeRead(shared);
  }
}

/** Collective: every rank in turn fills the array with its rank, and all check it. */
export function writeRead(shared: Shared): void {
  const { rank, size } = shared.comm;
  const local = filled(shared.dtype, rank);
  for (let writer = 0; writer < size; writer++) {
    for (const offset of blocks()) writeBlock(shared, local, offset, writer);
    checkFilled(shared, writer);
    const whole = { data: local, shape: SHAPE };
    if (rank === writer) shared.assign([":", ":", ":"], whole);
    else shared.assign(null, null);
    checkFilled(shared, writer);
  }
  checkRows(shared);
}

/** The offsets of the blocks that cover the array, in C order. */
function* blocks(): Generator<Offset> {
  for (let x = 0; x < SHAPE[0]; x += BLOCK[0]) {
    for (let y = 0; y < SHAPE[1]; y += BLOCK[1]) {
      for (let z = 0; z < SHAPE[2]; z += BLOCK[2]) yield [x, y, z];
    }
  }
}

/** Collective: the writer copies one block, by `set` and again by `assign`; the others pass nothing. */
function writeBlock(shared: Shared, data: ReturnType<typeof filled>, at: Offset, writer: number): void {
  const start = at.reduce((sum, index, axis) => sum + index * STRIDES[axis], 0);
  const block = { data, shape: BLOCK, strides: STRIDES, offset: start };
  const mine = shared.comm.rank === writer;
  shared.set(mine ? block : null, { offset: at, fromRank: writer });
  const [x, y, z] = at;
  if (mine) shared.assign([`${x}:${x + BLOCK[0]}`, `${y}:${y + BLOCK[1]}`, `${z}:${z + BLOCK[2]}`], block);
  else shared.assign(null, null);
}

/** Local: every element is `value`, bit by bit, in a copy as in the memory itself. */
function checkFilled(shared: Shared, value: number): void {
  const expected = filled(shared.dtype, value);
  assert.deepEqual(shared.at(":", ":", ":").copy().data, expected);
  assert.deepEqual(shared.data.slice(), expected);
}

/** Local: what indices along the first axes pick is contiguous, and is the array's memory. */
function checkRows(shared: Shared): void {
  const row = shared.at(1, 2);
  assert.deepEqual([row.shape, row.strides], [[SHAPE[2]], [1]]);
  assert.equal(row.offset, STRIDES[0] + 2 * STRIDES[1]);
  assert.equal(row.data.buffer, shared.data.buffer);
}

function filled(kind: Kind, value: number): InstanceType<(typeof ARRAYS)[Kind]> {
  const array = new ARRAYS[kind](SIZE);
  return array instanceof BigInt64Array ? array.fill(BigInt(value)) : array.fill(value);
}
