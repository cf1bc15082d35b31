/** Windows, collectives, messages and communicators. */
import assert from "node:assert/strict";
import { MPIBatch, MPILock, MPIShared, type Communicator } from "../dist/index.js";

const SIZES = [1, 100, 1_000, 10_000, 100_000, 300_000];

/** Collective. */
export function useWindows(comm: Communicator, number: number): void {
  using window = comm.allocateWindow("int32", 1 + (number % 100));
  for (let rank = 0; rank < comm.size; rank++) window.fetchAndOp(rank, 0, 1);
  comm.barrier();
  assert.equal(window.get(number % comm.size)[0], comm.size);
  using wide = comm.allocateWindow("float64", 1000);
  wide.put((comm.rank + 1) % comm.size, 0, new Float64Array(1000).fill(comm.rank));
  wide.flush();
  comm.barrier();
  wide.sync();
  assert.equal(wide.local[999], (comm.rank + comm.size - 1) % comm.size);
  comm.barrier();
}

/** Collective. */
export function useCollectives(comm: Communicator, number: number): void {
  const root = number % comm.size;
  const length = SIZES[number % SIZES.length];
  assert.equal(comm.bcast("x".repeat(length), root).length, length);
  assert.equal(comm.allreduce(1), comm.size);
  assert.equal(comm.scan(1), comm.rank + 1);
  const buffer = new Float64Array(length).fill(comm.rank);
  comm.bcastInto(buffer, root);
  comm.allreduceInto(buffer, "max");
  assert.equal(buffer[length - 1], root);
  const all = comm.alltoall(Array.from({ length: comm.size }, (_, i) => ({ to: i, from: comm.rank })));
  assert.deepEqual(all[root], { to: comm.rank, from: root });
  assert.equal(comm.gather(new Map([[1, buffer]]), root)?.length ?? 0, comm.rank === root ? comm.size : 0);
  comm.scatter(comm.rank === root ? Array.from({ length: comm.size }, (_, i) => i) : null, root);
}

/** Collective in that every rank sends to the next one. */
export function useMessages(comm: Communicator, number: number): void {
  const [to, from] = [(comm.rank + 1) % comm.size, (comm.rank + comm.size - 1) % comm.size];
  const value = new Uint8Array(SIZES[number % SIZES.length]);
  const sending = comm.isend(value, to, 1);
  assert.equal(comm.probe({ source: from, tag: 1 }).source, from);
  assert.equal(comm.recv<Uint8Array>({ source: from }).length, value.length);
  sending.wait();
  assert.equal(comm.sendrecv(comm.rank, to, { source: from }), from);
  const receiving = comm.irecv<number>();
  comm.send(number, to);
  assert.equal(receiving.wait(), number);
}

/** Collective. What was made on a communicator is closed before it, or, some of the time, ends with it. */
export async function useCommunicators(comm: Communicator, number: number): Promise<void> {
  const dup = comm.dup();
  const half = comm.split(comm.rank % 2, -comm.rank);
  const node = comm.splitShared();
  const lone = comm.split(comm.rank === number % comm.size ? 0 : null);
  assert.equal(dup.allreduce(1), comm.size);
  half.barrier();
  await node.barrierAsync();
  const array = new MPIShared([10], "int8", dup);
  const lock = new MPILock(dup);
  const batch = new MPIBatch(dup, 1, 2);
  lock.withLock(() => array.get(0));
  for (const task of batch) batch.setTaskState(task, MPIBatch.DONE);
  for (const one of [batch, lock, array]) one.close();
  for (const one of [lone, node, half, dup]) one?.free();
}
