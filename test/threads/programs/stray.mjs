/** Rank 0 stores to what it may only read, as native code can that is given a user's array. Arguments: `small` or `large`. */
import assert from "node:assert/strict";
import { MPIShared, world } from "../../../dist/index.js";

const comm = world();
// A small array lies in a chunk with others, a large one is a block by itself.
const length = process.argv[2] === "large" ? 100_000 : 10;
const shared = new MPIShared([length], "float64", comm);
const closed = new MPIShared([length], "float64", comm);
shared.set([3], { offset: [2] });
assert.equal(shared.get(2), 3);
const { data } = closed;
closed.close();
assert.ok(data[2] === 0);
comm.barrier();
console.log(`rank ${comm.rank} is ready`);
if (comm.rank === 0) shared.data[2] = 4;
comm.barrier();
console.log(`rank ${comm.rank} went on`);
shared.close();
