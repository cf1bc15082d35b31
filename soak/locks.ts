/** Locks, counters, semaphores and conditions, with waits that end well and waits that are given up. */
import assert from "node:assert/strict";
import {
  isPshmemError,
  MPICondition,
  MPICounter,
  MPILock,
  MPISemaphore,
  type Communicator,
} from "../dist/index.js";

/** Collective. */
export async function useLocks(comm: Communicator, number: number): Promise<void> {
  const root = number % comm.size;
  await takeTurns(comm, root);
  giveUp(comm, root);
  count(comm, root);
  await passPermits(comm, root);
  notifyAll(comm, root);
}

async function takeTurns(comm: Communicator, root: number): Promise<void> {
  using lock = new MPILock(comm, { root });
  lock.lock();
  lock.unlock();
  lock.withLock(() => lock.state());
  await lock.withLockAsync((held) => assert.ok(held.held), { mode: "shared" });
  lock.tryAcquire()?.release();
  comm.barrier();
}

/** All but one rank wait in vain. */
function giveUp(comm: Communicator, root: number): void {
  using lock = new MPILock(comm, { root });
  if (comm.rank === root) lock.lock();
  comm.barrier();
  if (comm.rank !== root) assert.throws(() => lock.acquire({ timeout: 1 }), timeout);
  comm.barrier();
}

function timeout(error: unknown): boolean {
  return isPshmemError(error, "TIMEOUT");
}

function count(comm: Communicator, root: number): void {
  using counter = new MPICounter(comm, { root });
  for (let i = 0; i < 10; i++) counter.next();
  comm.barrier();
  assert.equal(counter.value(), 10 * comm.size);
}

async function passPermits(comm: Communicator, root: number): Promise<void> {
  using semaphore = new MPISemaphore(comm, 2, { root });
  const first = await semaphore.acquireAsync();
  first.release();
  using second = semaphore.acquire();
  assert.ok(second.held);
}

/** Rank 0 changes something, the others wait for it. */
function notifyAll(comm: Communicator, root: number): void {
  using lock = new MPILock(comm, { root });
  using condition = new MPICondition(lock);
  using changed = new MPICounter(comm);
  lock.lock();
  if (comm.rank === 0) {
    changed.next();
    condition.notifyAll();
  }
  while (changed.value() === 0) condition.wait();
  lock.unlock();
  comm.barrier();
}
