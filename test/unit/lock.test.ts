import { describe, expect, it, vi } from "vitest";
import { PshmemError } from "../../src/errors.ts";
import { MPICondition } from "../../src/lock/condition.ts";
import { MPICounter } from "../../src/lock/counter.ts";
import { Entry, EXCLUSIVE } from "../../src/lock/entry.ts";
import { MOST_RANKS, SLOTS, slotsFor } from "../../src/lock/layout.ts";
import { MPILock } from "../../src/lock/lock.ts";
import { MPISemaphore } from "../../src/lock/semaphore.ts";
import { BLOCKED, DONE } from "../../src/node/machine.ts";
import { PlainWords } from "./lock-search.ts";
import { engineFor, ranks } from "./lock-world.ts";

vi.mock("../../src/world.ts", async () => (await import("./lock-world.ts")).oneThreadWorld);

/** The error that `call` throws, or its promise rejects with. */
async function errorOf(call: () => unknown): Promise<PshmemError> {
  try {
    await call();
  } catch (error) {
    if (error instanceof PshmemError) return error;
    throw error;
  }
  throw new Error("nothing was thrown");
}

const codeOf = async (call: () => unknown): Promise<string> => (await errorOf(call)).code;

const locks = (size: number, options = {}): MPILock[] =>
  ranks(size).map((comm) => new MPILock(comm, options));

function conditions(size: number): { lock: MPILock; condition: MPICondition }[] {
  return ranks(size).map((comm) => {
    const lock = new MPILock(comm, { root: size - 1 });
    return { lock, condition: new MPICondition(lock) };
  });
}

function fail(): never {
  throw new Error("mine");
}

describe("MPILock", () => {
  it("is held from lock to unlock, under a rising token", () => {
    const [lock, other] = locks(2, { root: 1 });
    expect([lock.held, lock.token, lock.root]).toEqual([false, null, 1]);
    lock.lock();
    expect([lock.held, lock.token]).toEqual([true, 1]);
    lock.unlock();
    other.lock();
    expect([lock.held, other.held, other.token]).toEqual([false, true, 2]);
  });

  it("works on the serial communicator", () => {
    using lock = new MPILock(null);
    expect(lock.comm.size).toBe(1);
    expect(lock.withLock(() => lock.held)).toBe(true);
    expect(lock.held).toBe(false);
  });

  it("leaves nothing behind when a wait fails, and stays usable", async () => {
    const [a, b, c] = locks(3);
    a.lock();
    expect(await codeOf(() => b.lock())).toBe("DEADLOCK");
    expect(await codeOf(() => b.acquire())).toBe("DEADLOCK");
    expect([a.state().queue, b.held]).toEqual([[], false]);
    a.unlock();
    c.lock();
    c.unlock();
    b.lock();
    expect([b.held, b.token]).toEqual([true, 3]);
  });

  it("refuses to be locked twice, in whatever way", async () => {
    const [lock] = locks(1);
    for (const mode of ["exclusive", "shared"] as const) {
      using held = lock.acquire({ mode });
      expect(await codeOf(() => lock.lock())).toBe("LOCK_HELD");
      expect(await codeOf(() => lock.tryAcquire())).toBe("LOCK_HELD");
      expect(await codeOf(() => lock.acquire({ mode: "shared" }))).toBe("LOCK_HELD");
      expect(await codeOf(() => lock.acquireAsync())).toBe("LOCK_HELD");
      expect(held.held).toBe(true);
    }
    expect(lock.held).toBe(false);
  });

  it("refuses to be locked while a wait of this rank is under way", async () => {
    const [lock, other] = locks(2);
    other.lock();
    const coming = lock.acquireAsync();
    expect(await codeOf(() => lock.lock())).toBe("LOCK_HELD");
    expect(await codeOf(() => lock.unlock())).toBe("LOCK_NOT_HELD");
    other.unlock();
    expect((await coming).token).toBe(2);
  });

  it("refuses to be unlocked by who does not hold it", async () => {
    const [lock, other] = locks(2);
    expect(await codeOf(() => lock.unlock())).toBe("LOCK_NOT_HELD");
    other.lock();
    expect(await errorOf(() => lock.unlock())).toMatchObject({
      code: "LOCK_NOT_HELD",
      rank: 0,
      call: "MPILock.unlock",
    });
    other.unlock();
    expect(await codeOf(() => other.unlock())).toBe("LOCK_NOT_HELD");
  });

  it("comes in the order of asking", async () => {
    const all = locks(5);
    all[3].lock();
    const order: number[] = [];
    const waits = [4, 0, 2, 1].map(async (rank) => {
      await all[rank].withLockAsync(() => order.push(rank));
    });
    expect(all[0].state().queue).toEqual([4, 0, 2, 1]);
    all[3].unlock();
    await Promise.all(waits);
    expect(order).toEqual([4, 0, 2, 1]);
    expect(all[0].state()).toMatchObject({ holder: null, queue: [], token: 5, heldFor: 0 });
  });

  it("gives up after the time-out, and says who holds it", async () => {
    const [a, b, c] = locks(3);
    b.lock();
    const waits = c.acquireAsync();
    const error = await errorOf(() => a.acquire({ timeout: 5 }));
    expect(error).toMatchObject({
      code: "TIMEOUT",
      holder: 1,
      token: 1,
      queue: [2],
      rank: 0,
      call: "MPILock.acquire",
    });
    expect(error.heldFor).toBeGreaterThanOrEqual(0);
    expect(error.message).toMatch(/rank 1 has been inside for \d+ ms with token 1; in line: rank 2/);
    expect(await codeOf(() => a.acquireAsync({ timeout: 5 }))).toBe("TIMEOUT");
    b.unlock();
    expect((await waits).held).toBe(true);
    expect(a.held).toBe(false);
  });

  it("gives up many times and stays usable", async () => {
    const [a, b] = locks(2);
    b.lock();
    for (let i = 0; i < 100; i++) expect(await codeOf(() => a.acquire({ timeout: 0.001 }))).toBe("TIMEOUT");
    b.unlock();
    using held = a.acquire({ timeout: 0.001 });
    expect(held.token).toBe(2);
  });

  it("with no time to wait takes only what is free, and leaves nothing in line", async () => {
    const [a, b] = locks(2);
    a.acquire({ timeout: 0 }).release();
    b.lock();
    expect(await codeOf(() => a.acquire({ timeout: 0 }))).toBe("TIMEOUT");
    expect(b.state().queue).toEqual([]);
  });

  it.each([-1, NaN, "1"])("refuses a time-out of %s", async (timeout) => {
    const [lock] = locks(1);
    expect(await codeOf(() => lock.acquire({ timeout: timeout as number }))).toBe("BAD_ARGUMENT");
    expect(await codeOf(() => lock.acquireAsync({ timeout: timeout as number }))).toBe("BAD_ARGUMENT");
  });

  it("refuses other bad arguments", async () => {
    const [lock] = locks(1);
    expect(await codeOf(() => lock.acquire({ mode: "both" as "shared" }))).toBe("BAD_ARGUMENT");
    expect(await codeOf(() => lock.tryAcquire({ mode: "" as "shared" }))).toBe("BAD_ARGUMENT");
    expect(await codeOf(() => lock.acquire({ signal: {} as AbortSignal }))).toBe("BAD_ARGUMENT");
    expect(await codeOf(() => new MPILock(ranks(1)[0], { debug: 1 as unknown as boolean }))).toBe(
      "BAD_ARGUMENT",
    );
    expect(lock.held).toBe(false);
  });

  it.each([-1, 2, 0.5, NaN, "0"])("refuses %s as root of two ranks", async (root) => {
    const error = await errorOf(() => new MPILock(ranks(2)[0], { root: root as number }));
    expect(error).toMatchObject({ code: "BAD_RANK", actual: root });
  });

  it("refuses more ranks than it can tell apart", async () => {
    expect(await codeOf(() => new MPILock(ranks(MOST_RANKS + 1)[0]))).toBe("UNSUPPORTED");
  });

  it("ends a wait when its signal fires, with the reason", async () => {
    const [a, b] = locks(2);
    b.lock();
    const abort = new AbortController();
    const wait = errorOf(() => a.acquireAsync({ signal: abort.signal }));
    expect(b.state().queue).toEqual([0]);
    abort.abort("enough");
    expect(await wait).toMatchObject({ code: "ABORTED", cause: "enough" });
    expect(b.state().queue).toEqual([]);
    expect(await codeOf(() => a.acquire({ signal: abort.signal }))).toBe("ABORTED");
    b.unlock();
    expect(a.tryAcquire()?.held).toBe(true);
  });

  it("keeps no lock that came together with the signal", async () => {
    const [a, b] = locks(2);
    b.lock();
    const abort = new AbortController();
    const wait = codeOf(() => a.acquireAsync({ signal: abort.signal }));
    abort.abort();
    b.unlock();
    expect(await wait).toBe("ABORTED");
    expect([a.held, b.state().holder]).toEqual([false, null]);
  });

  it("gives guards that release once", async () => {
    const [lock] = locks(1);
    const guard = lock.acquire();
    expect([guard.held, guard.mode, guard.token]).toEqual([true, "exclusive", 1]);
    guard.release();
    expect([guard.held, lock.held, guard.token]).toEqual([false, false, 1]);
    expect(await codeOf(() => guard.release())).toBe("LOCK_NOT_HELD");
    using next = lock.acquire();
    guard[Symbol.dispose]();
    await guard[Symbol.asyncDispose]();
    expect(next.held).toBe(true);
    lock.unlock();
    expect(next.held).toBe(false);
    await using _last = await lock.acquireAsync({ mode: "shared" });
    expect(lock.held).toBe(true);
  });

  it("releases when the function throws, also before it has a promise", async () => {
    const [lock] = locks(1);
    expect(() => lock.withLock(fail)).toThrow("mine");
    expect(lock.held).toBe(false);
    await expect(lock.withLockAsync(fail)).rejects.toThrow("mine");
    expect(lock.held).toBe(false);
    await expect(lock.withLockAsync(async () => fail())).rejects.toThrow("mine");
    expect(lock.held).toBe(false);
    expect(await lock.withLockAsync(async (held) => held.token)).toBe(4);
    expect(lock.withLock((held) => held.release())).toBe(undefined);
  });

  it("lets readers in together and keeps the line fair", async () => {
    const [a, b, c, d] = locks(4);
    using reading = a.acquire({ mode: "shared" });
    b.acquire({ mode: "shared" });
    expect(a.state()).toMatchObject({ holder: null, readers: 2, heldFor: 0 });
    expect(c.tryAcquire()).toBe(null);
    expect((await errorOf(() => c.acquire({ timeout: 1 }))).message).toContain("2 are inside, sharing");
    const writing = c.acquireAsync();
    expect(d.tryAcquire({ mode: "shared" })).toBe(null);
    const later = d.acquireAsync({ mode: "shared" });
    expect(a.state().queue).toEqual([2, 3]);
    reading.release();
    b.unlock();
    expect((await writing).mode).toBe("exclusive");
    expect(a.state()).toMatchObject({ holder: 2, readers: 0, queue: [3] });
    c.unlock();
    expect((await later).mode).toBe("shared");
  });

  it("lets readers in again after a writer gave up", async () => {
    const [a, b, c] = locks(3);
    using _reading = a.acquire({ mode: "shared" });
    const abort = new AbortController();
    const writing = codeOf(() => b.acquireAsync({ signal: abort.signal }));
    const reading = c.acquireAsync({ mode: "shared" });
    abort.abort();
    expect(await writing).toBe("ABORTED");
    expect((await reading).held).toBe(true);
    expect(a.state()).toMatchObject({ readers: 2, queue: [] });
  });

  it("is released by close, and refuses everything after", async () => {
    const [lock, other] = locks(2);
    const guard = lock.acquire();
    lock.close();
    lock.close();
    expect([guard.held, lock.held, lock.token]).toEqual([false, false, null]);
    expect(other.tryAcquire()?.held).toBe(true);
    for (const call of [
      () => lock.lock(),
      () => lock.unlock(),
      () => lock.tryAcquire(),
      () => lock.acquire(),
      () => lock.acquireAsync(),
      () => lock.withLock(() => 0),
      () => lock.withLockAsync(() => 0),
      () => lock.state(),
    ]) {
      expect(await codeOf(call)).toBe("FREED");
    }
  });

  it("ends its own wait when closed, and gives the memory back after that", async () => {
    const comms = ranks(2);
    const [lock, other] = comms.map((comm) => new MPILock(comm));
    other.lock();
    const wait = codeOf(() => lock.acquireAsync());
    lock.close();
    expect(engineFor(comms[0]).closedWords).toBe(0);
    expect(await wait).toBe("FREED");
    expect(engineFor(comms[0]).closedWords).toBe(1);
    expect(other.state().queue).toEqual([]);
  });

  it("keeps no lock that came together with close", async () => {
    const [lock, other] = locks(2);
    other.lock();
    const wait = codeOf(() => lock.acquireAsync());
    other.unlock();
    lock.close();
    expect(await wait).toBe("FREED");
    expect(other.tryAcquire()?.held).toBe(true);
  });

  it("refuses use after its communicator is freed", async () => {
    const [comm] = ranks(1);
    const lock = new MPILock(comm);
    engineFor(comm).freed = true;
    expect(await codeOf(() => lock.lock())).toBe("FREED");
    lock.close();
  });

  it("prints what happens when asked to", async () => {
    const printed = vi.spyOn(console, "log").mockImplementation(() => {});
    const [a, b] = locks(2, { debug: true });
    a.lock();
    await codeOf(() => b.acquire({ timeout: 1 }));
    a.unlock();
    const lines = printed.mock.calls.map(([line]) => line as string);
    printed.mockRestore();
    expect(lines).toEqual([
      "MPILock[1] rank 0: got the lock, token 1",
      "MPILock[1] rank 1: waiting",
      "MPILock[1] rank 1: gave up",
      "MPILock[1] rank 0: released",
    ]);
  });

  it("has room for two tickets of each rank, and no more memory than that needs", () => {
    for (const size of [1, 2, 3, 64, 255, 256, 1000, 4095, 4096, MOST_RANKS]) {
      const slots = slotsFor(size);
      expect(Number.isInteger(Math.log2(slots))).toBe(true);
      expect(slots).toBeGreaterThan(size);
      expect(slots).toBeLessThanOrEqual(Math.max(32 * Math.min(size, 256), 2 * size));
    }
  });
});

/** Words of which one write to a slot fails. */
class FailingWords extends PlainWords {
  fails = false;

  override write(rank: number, index: number, value: number): void {
    if (this.fails && index >= SLOTS) {
      this.fails = false;
      fail();
    }
    super.write(rank, index, value);
  }
}

describe("Entry", () => {
  it("lets go of a turn that has come, and whose slot could not be freed at first", () => {
    const slots = slotsFor(2);
    const words = new FailingWords(2, SLOTS + slots);
    const losses = { gone: 0, isGone: () => false };
    const [a, b] = [0, 1].map(
      (rank) => new Entry({ words, rank, size: 2, root: 0, slots, losses }, Infinity),
    );
    a.enter(EXCLUSIVE);
    expect(a.proceed()).toBe(DONE);
    b.enter(EXCLUSIVE);
    expect(b.proceed()).toBe(BLOCKED);
    a.leave(EXCLUSIVE);
    expect(a.proceed()).toBe(DONE);
    words.fails = true;
    expect(() => b.proceed()).toThrow("mine");
    b.giveUp();
    expect([b.proceed(), b.inside]).toEqual([DONE, EXCLUSIVE]);
    b.leave(EXCLUSIVE);
    expect(b.proceed()).toBe(DONE);
    for (const slot of words.memory[0].slice(SLOTS)) expect(slot).toBe(0);
    a.enter(EXCLUSIVE);
    expect([a.proceed(), a.inside]).toEqual([DONE, EXCLUSIVE]);
  });
});

describe("MPICounter", () => {
  it("gives every number once, exactly, beyond 32 bits", () => {
    const [a, b] = ranks(2).map((comm) => new MPICounter(comm, { root: 1 }));
    expect([a.next(), b.next(), a.next(5), b.value()]).toEqual([0, 1, 2, 7]);
    expect(a.reset(2 ** 32 - 1)).toBe(7);
    expect([b.next(), a.next(), b.next(2 ** 40), a.value()]).toEqual([
      2 ** 32 - 1,
      2 ** 32,
      2 ** 32 + 1,
      2 ** 40 + 2 ** 32 + 1,
    ]);
    a.reset();
    expect([b.next(-1), b.value(), a.next(-(2 ** 33)), a.value()]).toEqual([0, -1, -1, -1 - 2 ** 33]);
  });

  it("stays as it is when it would leave the exact integers", async () => {
    const counter = new MPICounter(null);
    counter.reset(Number.MAX_SAFE_INTEGER - 1);
    expect(await errorOf(() => counter.next(2))).toMatchObject({
      code: "OUT_OF_BOUNDS",
      actual: 2 ** 53 - 2,
    });
    expect([counter.next(), counter.value()]).toEqual([2 ** 53 - 2, 2 ** 53 - 1]);
  });

  it("refuses bad arguments and use after close", async () => {
    const counter = new MPICounter(null);
    expect(await codeOf(() => counter.next(0.5))).toBe("BAD_ARGUMENT");
    expect(await codeOf(() => counter.reset(2 ** 53))).toBe("BAD_ARGUMENT");
    expect(await codeOf(() => new MPICounter(null, { root: 1 }))).toBe("BAD_RANK");
    counter.close();
    counter[Symbol.dispose]();
    expect(await codeOf(() => counter.next())).toBe("FREED");
  });
});

describe("MPISemaphore", () => {
  it("lets so many in, then one for each that leaves, in order", async () => {
    const [a, b, c, d] = ranks(4).map((comm) => new MPISemaphore(comm, 2));
    const first = a.acquire();
    const second = b.acquire();
    expect([a.available, a.permits]).toEqual([0, 2]);
    expect(c.tryAcquire()).toBe(null);
    const order: string[] = [];
    const third = c.acquireAsync().then((held) => (order.push("c"), held));
    const fourth = d.acquireAsync().then((held) => (order.push("d"), held));
    first.release();
    (await third).release();
    await fourth;
    expect(order).toEqual(["c", "d"]);
    second.release();
    expect(a.available).toBe(1);
    expect(await codeOf(() => second.release())).toBe("LOCK_NOT_HELD");
  });

  it("gives one rank several permits, and takes them back at close", async () => {
    const [a, b] = ranks(2).map((comm) => new MPISemaphore(comm, 3, { root: 1 }));
    const holds = [a.acquire(), a.acquire(), a.tryAcquire()!];
    expect(new Set(holds.map(({ token }) => token)).size).toBe(3);
    const coming = b.acquireAsync();
    expect(await codeOf(() => b.tryAcquire())).toBe("LOCK_HELD");
    holds[1].release();
    (await coming).release();
    a.close();
    a.close();
    expect(holds.some(({ held }) => held)).toBe(false);
    expect(b.available).toBe(3);
    expect(await codeOf(() => a.acquire())).toBe("FREED");
    expect(await codeOf(() => a.available)).toBe("FREED");
  });

  it("can be given back while the same rank waits for another", async () => {
    const [a] = ranks(1).map((comm) => new MPISemaphore(comm, 1));
    const first = a.acquire();
    const second = a.acquireAsync();
    first.release();
    expect((await second).held).toBe(true);
  });

  it("gives up, also where the wait would never end, and stays usable", async () => {
    const [a, b] = ranks(2).map((comm) => new MPISemaphore(comm, 1));
    const held = a.acquire();
    expect((await errorOf(() => b.acquire({ timeout: 1 }))).message).toContain("1 is inside, sharing");
    expect(await codeOf(() => b.acquire({ timeout: 0 }))).toBe("TIMEOUT");
    expect(await codeOf(() => a.acquire())).toBe("DEADLOCK");
    expect(await codeOf(() => a.acquireAsync({ timeout: 1 }))).toBe("TIMEOUT");
    held.release();
    expect(b.acquire().held).toBe(true);
  });

  it.each([0, -1, 1.5, 2 ** 31, "2"])("refuses %s permits", async (permits) => {
    expect(await codeOf(() => new MPISemaphore(null, permits as number))).toBe("BAD_ARGUMENT");
  });
});

describe("MPICondition", () => {
  it("wakes in order, with the lock held again under a new token", async () => {
    const all = conditions(4);
    const order: number[] = [];
    const waits = [2, 0, 1].map(async (rank) => {
      const { lock, condition } = all[rank];
      using held = await lock.acquireAsync();
      const { token } = held;
      await condition.waitAsync();
      expect([lock.held, held.held, held.token > token]).toEqual([true, true, true]);
      order.push(rank);
    });
    while (all[3].lock.state().token < 3) await new Promise((resolve) => setImmediate(resolve));
    const { lock, condition } = all[3];
    lock.withLock(() => condition.notify());
    await waits[0];
    expect(order).toEqual([2]);
    lock.withLock(() => condition.notifyAll());
    await Promise.all(waits);
    expect(order).toEqual([2, 0, 1]);
    lock.withLock(() => condition.notify(7));
  });

  it("is for who holds the lock alone", async () => {
    const [{ lock, condition }] = conditions(1);
    expect(await codeOf(() => condition.wait())).toBe("LOCK_NOT_HELD");
    expect(await codeOf(() => condition.notify())).toBe("LOCK_NOT_HELD");
    using _reading = lock.acquire({ mode: "shared" });
    expect(await codeOf(() => condition.waitAsync())).toBe("LOCK_NOT_HELD");
    expect(await codeOf(() => condition.notifyAll())).toBe("LOCK_NOT_HELD");
  });

  it("gives up with the lock held, out of line", async () => {
    const [a, b] = conditions(2);
    a.lock.lock();
    expect(await codeOf(() => a.condition.wait({ timeout: 1 }))).toBe("TIMEOUT");
    expect(a.lock.held).toBe(true);
    const abort = new AbortController();
    const wait = errorOf(() => a.condition.waitAsync({ signal: abort.signal }));
    b.lock.lock();
    expect(await codeOf(() => a.lock.lock())).toBe("LOCK_HELD");
    expect(await codeOf(() => a.lock.unlock())).toBe("LOCK_NOT_HELD");
    abort.abort("no");
    b.lock.unlock();
    expect(await wait).toMatchObject({ code: "ABORTED", cause: "no" });
    expect(a.lock.held).toBe(true);
    a.condition.notifyAll();
    expect(await codeOf(() => a.condition.wait({ timeout: -1 }))).toBe("BAD_ARGUMENT");
    expect(await codeOf(() => a.condition.notify(-1))).toBe("BAD_ARGUMENT");
    expect(await codeOf(() => a.condition.wait({ signal: abort.signal }))).toBe("ABORTED");
    expect(a.lock.held).toBe(true);
  });

  it("counts as notified who was notified while giving up", async () => {
    const [a, b] = conditions(2);
    const abort = new AbortController();
    a.lock.lock();
    const wait = a.condition.waitAsync({ signal: abort.signal });
    b.lock.lock();
    abort.abort();
    b.condition.notify();
    b.lock.unlock();
    await wait;
    expect(a.lock.held).toBe(true);
  });

  it("ends its wait when it, or its lock, is closed", async () => {
    const [a, b] = conditions(2);
    a.lock.lock();
    const wait = codeOf(() => a.condition.waitAsync());
    a.condition.close();
    a.condition[Symbol.dispose]();
    expect(await wait).toBe("FREED");
    expect(a.lock.held).toBe(true);
    expect(await codeOf(() => a.condition.notify())).toBe("FREED");
    a.lock.unlock();
    b.lock.lock();
    const other = codeOf(() => b.condition.waitAsync());
    b.lock.close();
    expect(await other).toBe("FREED");
    expect(b.lock.held).toBe(false);
    expect(a.lock.tryAcquire()?.held).toBe(true);
    expect(await codeOf(() => new MPICondition(b.lock))).toBe("FREED");
  });
});
