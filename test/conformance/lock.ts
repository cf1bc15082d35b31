/** Conformance: locks and their kin. */
import assert from "node:assert/strict";
import {
  MPICondition,
  MPICounter,
  MPILock,
  MPISemaphore,
  PshmemError,
  type Communicator,
  type LockMode,
  type Window,
} from "../../dist/index.js";
import { codeOf, type Case } from "./case.ts";

const ROUNDS = 200;

const nap = new Int32Array(new SharedArrayBuffer(4));

/** Blocks until something is so, looking every millisecond. */
function until(isSo: () => boolean): void {
  while (!isSo()) Atomics.wait(nap, 0, 0, 1);
}

/** The same without blocking. */
async function untilAsync(isSo: () => boolean): Promise<void> {
  // oxlint-disable-next-line no-await-in-loop -- that is what looking again and again is
  while (!isSo()) await new Promise((resolve) => setTimeout(resolve, 1));
}

/** The error that a promise rejects with. */
async function rejection(promise: Promise<unknown>): Promise<PshmemError> {
  try {
    await promise;
  } catch (error) {
    if (error instanceof PshmemError) return error;
    throw error;
  }
  throw new Error("the promise was fulfilled");
}

/** The error that a call throws. */
function thrown(call: () => unknown): PshmemError {
  try {
    call();
  } catch (error) {
    if (error instanceof PshmemError) return error;
    throw error;
  }
  throw new Error("nothing was thrown");
}

function fail(): never {
  throw new PshmemError("BAD_ARGUMENT", "on purpose");
}

/** Adds one to an element on rank 0 by reading, then writing: right only for one rank at a time. */
function addUnsafely(window: Window<"int32">, offset: number): void {
  const [before] = window.get(0, offset);
  window.put(0, offset, before + 1);
  window.flush(0);
}

/** Collective: what element `offset` on rank 0 has come to. */
function total(comm: Communicator, window: Window<"int32">, offset: number): number {
  comm.barrier();
  const [value] = window.get(0, offset);
  comm.barrier();
  return value;
}

/** Collective: rank 0 holds the lock while the others line up in `line`'s order; each notes its turn. Returns the turns, in order. */
function turnsOf(comm: Communicator, lock: MPILock, line: readonly number[]): number[] {
  using turns = comm.allocateWindow("int32", comm.size);
  if (comm.rank === 0) lock.lock();
  comm.barrier();
  if (comm.rank === 0) {
    until(() => lock.state().queue.length === line.length);
    assert.deepEqual(lock.state().queue, line);
    lock.unlock();
  } else {
    until(() => lock.state().queue.length === line.indexOf(comm.rank));
    lock.lock();
    const before = Array.from(turns.get(0, 0, comm.size));
    turns.put(0, before.indexOf(0), comm.rank);
    turns.flush(0);
    lock.unlock();
  }
  comm.barrier();
  const order = Array.from(turns.get(0, 0, line.length));
  comm.barrier();
  return order;
}

/** Options that can be read so many times. */
function readable(times: number): { readonly timeout: number } {
  return {
    get timeout() {
      if (--times < 0) throw new RangeError("read too often");
      return 60_000;
    },
  };
}

export const lockCases: readonly Case[] = [
  {
    name: "options are read once, before a rank stands in line",
    run(comm) {
      using lock = new MPILock(comm);
      if (comm.rank === 0) lock.lock();
      comm.barrier();
      if (comm.rank === 0 && comm.size > 1) until(() => lock.state().queue.length === comm.size - 1);
      if (comm.rank === 0) lock.unlock();
      else {
        assert.throws(() => lock.acquire(readable(0)), /read too often/);
        lock.acquire(readable(1)).release();
      }
      comm.barrier();
      assert.deepEqual(lock.state().queue, []);
      comm.barrier();
    },
  },
  {
    name: "one rank at a time, whatever the root",
    run(comm) {
      // As many turns on any number of ranks: between nodes a turn may cost milliseconds.
      const rounds = Math.ceil(ROUNDS / comm.size);
      for (let root = 0; root < comm.size; root++) {
        using lock = new MPILock(comm, { root });
        using window = comm.allocateWindow("int32", 1);
        assert.deepEqual([lock.root, lock.held], [root, false]);
        for (let i = 0; i < rounds; i++) {
          lock.lock();
          assert.equal(lock.held, true);
          addUnsafely(window, 0);
          lock.unlock();
        }
        assert.equal(total(comm, window, 0), comm.size * rounds);
      }
    },
  },
  {
    name: "first come, first served",
    minSize: 3,
    run(comm) {
      using lock = new MPILock(comm);
      const line = Array.from({ length: comm.size - 1 }, (_, i) => i + 1);
      assert.deepEqual(turnsOf(comm, lock, line), line);
      line.reverse();
      assert.deepEqual(turnsOf(comm, lock, line), line);
    },
  },
  {
    name: "several locks on one communicator never mix",
    run(comm) {
      const locks = Array.from({ length: 4 }, (_, i) => new MPILock(comm, { root: i % comm.size }));
      using window = comm.allocateWindow("int32", locks.length);
      if (comm.rank === 0) locks[0].lock();
      comm.barrier();
      assert.equal(locks[0].state().holder, 0);
      for (let i = 0; i < ROUNDS; i++) {
        const which = 1 + ((i + comm.rank) % 3);
        locks[which].withLock(() => addUnsafely(window, which));
      }
      const sum = [1, 2, 3].reduce((before, which) => before + total(comm, window, which), 0);
      assert.equal(sum, comm.size * ROUNDS);
      assert.equal(locks[0].held, comm.rank === 0);
      comm.barrier();
      for (const lock of locks) lock.close();
    },
  },
  {
    name: "a time-out says who holds the lock and who waits, and leaves the line in order",
    minSize: 3,
    run(comm) {
      using lock = new MPILock(comm);
      if (comm.rank === 0) lock.lock();
      comm.barrier();
      if (comm.rank === 1) {
        const error = thrown(() => lock.acquire({ timeout: 10 }));
        assert.equal(error.code, "TIMEOUT");
        assert.deepEqual([error.holder, error.token, error.rank], [0, 1, 1]);
        assert.ok(error.heldFor! >= 0);
        assert.match(error.message, /rank 0/);
        for (let i = 0; i < 40; i++)
          assert.equal(
            codeOf(() => lock.acquire({ timeout: 0.1 })),
            "TIMEOUT",
          );
        assert.equal(
          codeOf(() => lock.acquire({ timeout: 0 })),
          "TIMEOUT",
        );
        assert.equal(lock.held, false);
      }
      comm.barrier();
      if (comm.rank === 0) lock.unlock();
      const { token } = lock.acquire();
      lock.unlock();
      assert.deepEqual(
        comm.allgather(token).toSorted((a, b) => a - b),
        Array.from({ length: comm.size }, (_, i) => i + 2),
      );
    },
  },
  {
    name: "a wait is ended by its signal, before it began and while it lasts",
    minSize: 2,
    async run(comm) {
      using lock = new MPILock(comm, { root: comm.size - 1 });
      if (comm.rank === 0) lock.lock();
      comm.barrier();
      if (comm.rank === 1) {
        const abort = new AbortController();
        const wait = rejection(lock.acquireAsync({ signal: abort.signal }));
        await untilAsync(() => lock.state().queue.includes(1));
        abort.abort("changed my mind");
        const error = await wait;
        assert.deepEqual([error.code, error.cause], ["ABORTED", "changed my mind"]);
        assert.equal(
          codeOf(() => lock.acquire({ signal: abort.signal })),
          "ABORTED",
        );
        assert.deepEqual(lock.state().queue, []);
      }
      comm.barrier();
      if (comm.rank === 0) lock.unlock();
      comm.barrier();
      if (comm.rank === 1) lock.acquire({ timeout: 0 }).release();
    },
  },
  {
    name: "tokens rise from holder to holder",
    run(comm) {
      using lock = new MPILock(comm);
      using last = comm.allocateWindow("int32", 1);
      for (let i = 0; i < ROUNDS; i++) {
        using held = lock.acquire();
        const [before] = last.get(0);
        assert.ok(held.token > before);
        assert.equal(lock.token, held.token);
        last.put(0, 0, held.token);
        last.flush(0);
      }
      assert.equal(lock.token, null);
      assert.equal(total(comm, last, 0), comm.size * ROUNDS);
    },
  },
  {
    name: "the state tells holder, token and queue to every rank",
    minSize: 2,
    async run(comm) {
      using lock = new MPILock(comm);
      assert.deepEqual(lock.state(), { holder: null, token: 0, heldFor: 0, queue: [], readers: 0 });
      comm.barrier();
      const holder = comm.size - 1;
      if (comm.rank === holder) lock.lock();
      comm.barrier();
      if (comm.rank === 0) {
        const wait = lock.acquireAsync();
        assert.deepEqual(lock.state().queue, [0]);
        comm.barrier();
        comm.barrier();
        (await wait).release();
        return;
      }
      comm.barrier();
      const state = lock.state();
      assert.deepEqual([state.holder, state.token, state.queue, state.readers], [holder, 1, [0], 0]);
      assert.ok(state.heldFor >= 0);
      comm.barrier();
      if (comm.rank === holder) lock.unlock();
    },
  },
  {
    name: "a guard releases at the end of its block, and once",
    run(comm) {
      using lock = new MPILock(comm);
      using window = comm.allocateWindow("int32", 1);
      for (let i = 0; i < ROUNDS; i++) {
        using held = lock.acquire();
        assert.deepEqual([held.held, held.mode], [true, "exclusive"]);
        addUnsafely(window, 0);
      }
      assert.equal(lock.held, false);
      assert.equal(total(comm, window, 0), comm.size * ROUNDS);
      const held = lock.acquire();
      held.release();
      assert.equal(held.held, false);
      assert.equal(
        codeOf(() => held.release()),
        "LOCK_NOT_HELD",
      );
      held[Symbol.dispose]();
    },
  },
  {
    name: "a function that throws leaves the lock free, in every form",
    async run(comm) {
      using lock = new MPILock(comm);
      assert.equal(
        codeOf(() => lock.withLock(fail)),
        "BAD_ARGUMENT",
      );
      assert.equal((await rejection(lock.withLockAsync(fail))).code, "BAD_ARGUMENT");
      assert.equal((await rejection(lock.withLockAsync(async () => fail()))).code, "BAD_ARGUMENT");
      assert.equal(lock.held, false);
      comm.barrier();
      assert.equal(lock.withLock(({ token }) => token) > 3 * comm.size, true);
    },
  },
  {
    name: "ranks take turns without blocking",
    async run(comm) {
      using lock = new MPILock(comm);
      using window = comm.allocateWindow("int32", 1);
      for (let i = 0; i < ROUNDS / 4; i++) {
        // oxlint-disable-next-line no-await-in-loop -- one turn after the other
        await lock.withLockAsync(async (held) => {
          const [before] = window.get(0);
          await Promise.resolve();
          assert.equal(held.held, true);
          window.put(0, 0, before + 1);
          window.flush(0);
        });
      }
      assert.equal(total(comm, window, 0), comm.size * Math.ceil(ROUNDS / 4));
    },
  },
  {
    name: "blocking and not blocking share one line",
    async run(comm) {
      using lock = new MPILock(comm);
      using window = comm.allocateWindow("int32", 1);
      for (let i = 0; i < ROUNDS / 4; i++) {
        // oxlint-disable-next-line no-await-in-loop -- one turn after the other
        using _held = (i + comm.rank) % 2 ? lock.acquire() : await lock.acquireAsync();
        addUnsafely(window, 0);
      }
      assert.equal(total(comm, window, 0), comm.size * Math.ceil(ROUNDS / 4));
    },
  },
  {
    name: "trying never waits",
    minSize: 2,
    run(comm) {
      using lock = new MPILock(comm);
      if (comm.rank === 1) lock.lock();
      comm.barrier();
      if (comm.rank !== 1) assert.equal(lock.tryAcquire(), null);
      comm.barrier();
      assert.deepEqual(lock.state().queue, []);
      comm.barrier();
      if (comm.rank === 1) lock.unlock();
      comm.barrier();
      const won = lock.tryAcquire();
      assert.deepEqual(comm.allgather(won !== null).filter(Boolean), [true]);
      won?.release();
    },
  },
  {
    name: "shared holders come in together, exclusive ones alone",
    run(comm) {
      using lock = new MPILock(comm);
      const mode: LockMode = "shared";
      using reading = lock.acquire({ mode });
      assert.equal(reading.mode, mode);
      comm.barrier();
      assert.deepEqual([lock.state().readers, lock.state().holder], [comm.size, null]);
      comm.barrier();
      if (comm.size > 1)
        assert.equal(
          codeOf(() => lock.acquire()),
          "LOCK_HELD",
        );
      reading.release();
      using window = comm.allocateWindow("int32", 2);
      for (let i = 0; i < ROUNDS; i++) {
        using held = lock.acquire({ mode: (i + comm.rank) % 3 ? "shared" : "exclusive" });
        if (held.mode === "exclusive") {
          addUnsafely(window, 0);
          addUnsafely(window, 1);
        } else {
          const [one, two] = window.get(0, 0, 2);
          assert.equal(one, two);
        }
      }
      const writes = comm.allreduce(
        Array.from({ length: ROUNDS }, (_, i) => +((i + comm.rank) % 3 === 0)).filter(Boolean).length,
      );
      assert.equal(total(comm, window, 0), writes);
    },
  },
  {
    name: "a writer in line is not overtaken by readers",
    minSize: 3,
    run(comm) {
      using lock = new MPILock(comm, { root: 1 });
      if (comm.rank === 0) lock.acquire({ mode: "shared" });
      comm.barrier();
      if (comm.rank === 0) {
        until(() => lock.state().queue.length === 2);
        assert.deepEqual(lock.state().queue, [1, 2]);
        lock.unlock();
      }
      let token = 0;
      if (comm.rank === 1) ({ token } = lock.acquire());
      if (comm.rank === 2) {
        until(() => lock.state().queue.includes(1));
        ({ token } = lock.acquire({ mode: "shared" }));
      }
      if (lock.held) lock.unlock();
      const tokens = comm.allgather(token);
      assert.deepEqual(tokens.slice(0, 3), [0, 2, 3]);
    },
  },
  {
    name: "locking twice, unlocking what is not held, and use after close are errors",
    minSize: 2,
    async run(comm) {
      const lock = new MPILock(comm);
      assert.equal(
        codeOf(() => lock.unlock()),
        "LOCK_NOT_HELD",
      );
      comm.barrier();
      if (comm.rank === 0) {
        lock.lock();
        assert.equal(
          codeOf(() => lock.lock()),
          "LOCK_HELD",
        );
        assert.equal(
          codeOf(() => lock.tryAcquire({ mode: "shared" })),
          "LOCK_HELD",
        );
      }
      comm.barrier();
      if (comm.rank === 1) {
        const coming = lock.acquireAsync();
        assert.equal(
          codeOf(() => lock.lock()),
          "LOCK_HELD",
        );
        assert.equal((await rejection(lock.acquireAsync())).code, "LOCK_HELD");
        comm.barrier();
        (await coming).release();
      } else {
        if (comm.rank !== 0)
          assert.equal(
            codeOf(() => lock.unlock()),
            "LOCK_NOT_HELD",
          );
        comm.barrier();
        if (comm.rank === 0) lock.unlock();
      }
      comm.barrier();
      lock.close();
      lock.close();
      assert.equal(
        codeOf(() => lock.lock()),
        "FREED",
      );
      assert.equal(
        codeOf(() => lock.state()),
        "FREED",
      );
      assert.equal((await rejection(lock.acquireAsync())).code, "FREED");
    },
  },
  {
    name: "close releases a lock that is held, and ends a wait",
    minSize: 2,
    async run(comm) {
      const lock = new MPILock(comm);
      if (comm.rank === 0) lock.lock();
      comm.barrier();
      if (comm.rank === 1) {
        const wait = rejection(lock.acquireAsync());
        lock.close();
        assert.equal((await wait).code, "FREED");
      }
      comm.barrier();
      if (comm.rank === 0) lock.close();
      comm.barrier();
      if (comm.rank > 1) lock.withLock(() => assert.equal(lock.held, true));
      lock.close();
    },
  },
  {
    name: "bad arguments are found on every rank",
    run(comm) {
      assert.equal(
        codeOf(() => new MPILock(comm, { root: comm.rank === 0 ? comm.size : 0 })),
        "BAD_RANK",
      );
      if (comm.size > 1)
        assert.equal(
          codeOf(() => new MPILock(comm, { root: comm.rank === 0 ? 1 : 0 })),
          "MISMATCH",
        );
      assert.equal(
        codeOf(() => new MPISemaphore(comm, comm.rank === 0 ? 0 : 1)),
        "BAD_ARGUMENT",
      );
      if (comm.size > 1)
        assert.equal(
          codeOf(() => new MPISemaphore(comm, comm.rank + 1)),
          "MISMATCH",
        );
      using lock = new MPILock(comm);
      assert.equal(
        codeOf(() => lock.acquire({ timeout: -1 })),
        "BAD_ARGUMENT",
      );
      assert.equal(
        codeOf(() => lock.acquire({ mode: "upside down" as LockMode })),
        "BAD_ARGUMENT",
      );
    },
  },
  {
    name: "a lock on part of a communicator concerns that part only",
    run(comm) {
      const part = comm.split(comm.rank % 2);
      const lock = new MPILock(part);
      using window = part.allocateWindow("int32", 1);
      assert.equal(lock.comm, part);
      for (let i = 0; i < ROUNDS; i++) lock.withLock(() => addUnsafely(window, 0));
      assert.equal(total(part, window, 0), part.size * ROUNDS);
      lock.lock();
      lock.unlock();
      part.barrier();
      part.free();
      assert.equal(
        codeOf(() => lock.lock()),
        "FREED",
      );
      lock.close();
    },
  },
  {
    name: "messages of the user do not matter",
    minSize: 2,
    run(comm) {
      using lock = new MPILock(comm);
      using window = comm.allocateWindow("int32", 1);
      const right = (comm.rank + 1) % comm.size;
      for (let tag = 0; tag < 4; tag++) comm.send({ token: comm.rank }, right, tag);
      for (let i = 0; i < ROUNDS; i++) lock.withLock(() => addUnsafely(window, 0));
      assert.equal(total(comm, window, 0), comm.size * ROUNDS);
      for (let tag = 0; tag < 4; tag++) {
        assert.deepEqual(comm.recv({ tag }), { token: (comm.rank + comm.size - 1) % comm.size });
      }
    },
  },
  {
    name: "a counter gives every number once",
    run(comm) {
      using counter = new MPICounter(comm, { root: comm.size - 1 });
      const mine = Array.from({ length: ROUNDS }, () => counter.next());
      const all = comm.allgather(mine).flat();
      assert.deepEqual(
        all.toSorted((a, b) => a - b),
        Array.from({ length: comm.size * ROUNDS }, (_, i) => i),
      );
      assert.equal(counter.value(), comm.size * ROUNDS);
      comm.barrier();
      const start = 2 ** 32 - 5;
      if (comm.rank === 0) counter.reset(start);
      comm.barrier();
      const drawn = Array.from({ length: 10 }, () => counter.next(3));
      assert.deepEqual(
        comm
          .allgather(drawn)
          .flat()
          .toSorted((a, b) => a - b),
        Array.from({ length: comm.size * 10 }, (_, i) => start + 3 * i),
      );
    },
  },
  {
    name: "a semaphore lets so many in, and no more",
    run(comm) {
      const permits = Math.max(1, comm.size - 1);
      using semaphore = new MPISemaphore(comm, permits);
      using inside = comm.allocateWindow("int32", 1);
      for (let i = 0; i < ROUNDS; i++) {
        using _held = semaphore.acquire();
        assert.ok(inside.fetchAndOp(0, 0, 1) < permits);
        inside.fetchAndOp(0, 0, -1);
      }
      comm.barrier();
      assert.equal(semaphore.available, permits);
      comm.barrier();
      const held = semaphore.tryAcquire();
      comm.barrier();
      assert.equal(semaphore.available, permits - comm.allreduce(held === null ? 0 : 1));
      comm.barrier();
      held?.release();
    },
  },
  {
    name: "a semaphore serves in order, and survives who gives up",
    minSize: 3,
    async run(comm) {
      using semaphore = new MPISemaphore(comm, 1);
      const held = comm.rank === 0 ? semaphore.acquire() : null;
      comm.barrier();
      if (comm.rank === 1)
        assert.equal(
          codeOf(() => semaphore.acquire({ timeout: 5 })),
          "TIMEOUT",
        );
      if (comm.rank === 2)
        assert.equal((await rejection(semaphore.acquireAsync({ timeout: 5 }))).code, "TIMEOUT");
      comm.barrier();
      held?.release();
      (await semaphore.acquireAsync()).release();
      comm.barrier();
      assert.equal(semaphore.available, 1);
    },
  },
  {
    name: "a condition wakes who waits for it",
    minSize: 2,
    async run(comm) {
      using lock = new MPILock(comm);
      using condition = new MPICondition(lock);
      using stock = comm.allocateWindow("int32", 1);
      const goods = comm.size - 1;
      if (comm.rank === 0) {
        for (let i = 0; i < goods * 20; i++) {
          lock.lock();
          addUnsafely(stock, 0);
          condition.notify();
          lock.unlock();
        }
      } else {
        for (let i = 0; i < 20; i++) {
          lock.lock();
          while (stock.get(0)[0] === 0) {
            if (comm.rank % 2) condition.wait();
            // oxlint-disable-next-line no-await-in-loop -- waits until there is something
            else await condition.waitAsync();
          }
          stock.put(0, 0, stock.get(0)[0] - 1);
          stock.flush(0);
          lock.unlock();
        }
      }
      assert.equal(total(comm, stock, 0), 0);
    },
  },
  {
    name: "a condition wakes all, and gives up with the lock held",
    minSize: 2,
    run(comm) {
      using lock = new MPILock(comm);
      using condition = new MPICondition(lock);
      using flags = comm.allocateWindow("int32", 2);
      lock.lock();
      assert.equal(
        codeOf(() => condition.wait({ timeout: 1 })),
        "TIMEOUT",
      );
      assert.equal(lock.held, true);
      lock.unlock();
      assert.equal(
        codeOf(() => condition.wait()),
        "LOCK_NOT_HELD",
      );
      comm.barrier();
      if (comm.rank === 0) {
        until(() => lock.withLock(() => flags.get(0, 1)[0] === comm.size - 1));
        lock.lock();
        flags.put(0, 0, 1);
        flags.flush(0);
        condition.notifyAll();
        lock.unlock();
      } else {
        lock.lock();
        addUnsafely(flags, 1);
        while (flags.get(0)[0] === 0) condition.wait();
        lock.unlock();
      }
      assert.equal(total(comm, flags, 1), comm.size - 1);
    },
  },
];
