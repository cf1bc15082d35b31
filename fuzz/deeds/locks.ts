/** Locks and their kin: what they protect stays whole, and what they refuse is refused. */
import {
  isPshmemError,
  MPICondition,
  MPICounter,
  MPILock,
  MPISemaphore,
  type AcquireOptions,
  type ErrorCode,
  type LockGuard,
} from "../../dist/index.js";
import { allSame, isRank, verdict, type Site } from "../site.ts";
import { badRank, garbage, shown } from "../values.ts";
import type { Deed } from "./deed.ts";

/** A wait that ends well in all but a disaster, and one that may not. */
const LONG = 60_000;
const SHORT = 1;

/** A sum in one rank's window, changed by reading and writing: only under the lock is that safe. */
async function readModifyWrite(site: Site): Promise<void> {
  const { comm, random, size } = site;
  const root = random.below(size);
  const rounds = random.between(1, 5);
  const ways = site.each((own) => own.pick(Object.keys(WAYS) as (keyof typeof WAYS)[]));
  site.tell(`lock at ${root}, ${rounds} rounds, ${ways.join()}`);
  using lock = new MPILock(comm, { root });
  using window = comm.allocateWindow("int32", 1);
  const add = () => {
    site.holds("the lock", lock.held);
    window.put(root, 0, window.get(root)[0] + 1);
    window.flush();
  };
  let done = 0;
  for (let i = 0; i < rounds; i++) done += Number(await WAYS[ways[site.rank]](lock, add));
  const total = comm.allreduce(done);
  site.same("the sum", window.get(root)[0], total);
  site.same("the state", [lock.state().holder, lock.state().queue], [null, []]);
  site.check("unlock", () => lock.unlock(), { code: "LOCK_NOT_HELD" });
  comm.barrier();
}

/** Ways to take a lock; each tells whether it got it. */
const WAYS = {
  lock: (lock: MPILock, act: () => void) => {
    lock.lock();
    act();
    lock.unlock();
    return true;
  },
  guard: (lock: MPILock, act: () => void) => {
    using held = lock.acquire({ timeout: LONG });
    act();
    return held.held;
  },
  withLock: (lock: MPILock, act: () => void) => {
    lock.withLock(act);
    return true;
  },
  later: async (lock: MPILock, act: () => void) => {
    await using held = await lock.acquireAsync();
    act();
    return held.held;
  },
  withLockAsync: async (lock: MPILock, act: () => void) => {
    await lock.withLockAsync(async () => {
      await new Promise(setImmediate);
      act();
    });
    return true;
  },
  try: (lock: MPILock, act: () => void) => gotIt(() => lock.tryAcquire(), act),
  impatient: (lock: MPILock, act: () => void) => gotIt(() => lock.acquire({ timeout: SHORT }), act),
  aborted: (lock: MPILock, act: () => void) => gotItLater(lock, act),
} as const;

function gotIt(take: () => LockGuard | null, act: () => void): boolean {
  try {
    using held = take();
    if (held) act();
    return held !== null;
  } catch (error) {
    if (isPshmemError(error, "TIMEOUT")) return false;
    throw error;
  }
}

async function gotItLater(lock: MPILock, act: () => void): Promise<boolean> {
  const asked = new AbortController();
  setTimeout(() => asked.abort(), SHORT);
  try {
    await using held = await lock.acquireAsync({ signal: asked.signal });
    if (held.held) act();
    return true;
  } catch (error) {
    if (isPshmemError(error, "ABORTED")) return false;
    throw error;
  }
}

/** Readers together, writers alone: nobody sees the two halves differ. */
function readersAndWriters(site: Site): void {
  const { comm, random, rank } = site;
  const root = random.below(site.size);
  const writes = site.each((own) => own.once(2));
  site.tell(`lock at ${root}, writers ${shown(writes)}`);
  using lock = new MPILock(comm, { root });
  using window = comm.allocateWindow("float64", 2);
  for (let i = 0; i < 3; i++) {
    using held = lock.acquire({ mode: writes[rank] ? "exclusive" : "shared", timeout: LONG });
    const [a] = window.get(root, 0);
    if (writes[rank]) {
      window.put(root, 0, a + 1);
      window.flush();
      window.put(root, 1, a + 1);
      window.flush();
    }
    site.same("the halves", window.get(root, 1)[0], window.get(root, 0)[0]);
    site.holds("the hold", held.held);
  }
  comm.barrier();
  site.same("the writes", window.get(root)[0], 3 * writes.filter(Boolean).length);
  comm.barrier();
}

/** One rank has it, the others do not get it; then it is used wrongly. */
function heldByOne(site: Site): void {
  const { comm, random, rank, size } = site;
  const holder = random.below(size);
  const closes = random.once(2);
  site.tell(`held by ${holder}, who ${closes ? "closes" : "unlocks"}`);
  using lock = new MPILock(comm);
  if (rank === holder) lock.lock();
  comm.barrier();
  if (rank === holder) {
    site.check("lock twice", () => lock.lock(), { code: "LOCK_HELD" });
    site.check("tryAcquire twice", () => lock.tryAcquire(), { code: "LOCK_HELD" });
  } else {
    site.check("tryAcquire", () => lock.tryAcquire(), { value: null });
    site.check("acquire", () => lock.acquire({ timeout: random.pick([0, SHORT]) }), { code: "TIMEOUT" });
    site.check("unlock", () => lock.unlock(), { code: "LOCK_NOT_HELD" });
    site.same("the holder", lock.state().holder, holder);
  }
  comm.barrier();
  if (rank === holder && closes) lock.close();
  if (rank === holder && !closes) lock.unlock();
  if (rank !== holder || !closes) lock.withLock(() => site.holds("the lock", lock.held));
  lock.close();
  site.check("lock after close", () => lock.lock(), { code: "FREED" });
  site.check("state after close", () => lock.state(), { code: "FREED" });
}

/** Numbers from a counter are all different, and none is missing. */
function count(site: Site): void {
  const { comm, random, size } = site;
  const root = random.below(size);
  const each = random.between(1, 5);
  site.tell(`counter at ${root}, ${each} from each`);
  using counter = new MPICounter(comm, { root });
  const drawn = Array.from({ length: each }, () => counter.next());
  const all = comm
    .allgather(drawn)
    .flat()
    .toSorted((a, b) => a - b);
  site.same(
    "the numbers",
    all,
    Array.from({ length: each * size }, (_, i) => i),
  );
  site.check("a step that is none", () => counter.next(0.5), { code: "BAD_ARGUMENT" });
  site.check("value", () => counter.value(), { value: each * size });
  comm.barrier();
}

/** Who waits for a lock still hands over what it has sent. */
function sendAndWait(site: Site): void {
  const { comm, random, rank, size } = site;
  const holder = random.below(size);
  const length = random.pick([10, 2_000, 300_000]);
  site.tell(`rank ${holder} holds and receives ${length} bytes from each`);
  using lock = new MPILock(comm, { root: random.below(size) });
  if (rank === holder) lock.lock();
  comm.barrier();
  const sending = rank === holder ? null : comm.isend(new Uint8Array(length).fill(rank), holder);
  if (rank === holder) {
    const from = site.each((_, one) => one).filter((one) => one !== rank);
    for (const source of from) {
      const expected = { value: new Uint8Array(length).fill(source) };
      site.check("recv", () => comm.recv({ source }), expected);
    }
    lock.unlock();
  } else lock.withLock(() => site.holds("the lock", lock.held));
  sending?.wait();
  comm.barrier();
}

/** Never more inside than there are permits. */
function permits(site: Site): void {
  const { comm, random, size } = site;
  const most = random.between(1, 3);
  site.tell(`${most} permits`);
  using semaphore = new MPISemaphore(comm, most, { root: random.below(size) });
  using inside = comm.allocateWindow("int32", 1);
  for (let i = 0; i < 3; i++) {
    using permit = semaphore.acquire({ timeout: LONG });
    site.holds("a permit is free", inside.fetchAndOp(0, 0, 1) < most && permit.held);
    inside.fetchAndOp(0, 0, -1);
  }
  comm.barrier();
  site.same("available", semaphore.available, most);
  comm.barrier();
}

/** One rank changes something, the others wait for it; and one waits in vain. */
function wait(site: Site): void {
  const { comm, random, rank, size } = site;
  const waker = random.below(size);
  site.tell(`woken by ${waker}`);
  using lock = new MPILock(comm, { root: random.below(size) });
  using condition = new MPICondition(lock);
  using changed = new MPICounter(comm);
  site.check("wait without the lock", () => condition.wait(), { code: "LOCK_NOT_HELD" });
  lock.lock();
  if (rank === waker) {
    changed.next();
    condition.notifyAll();
  }
  while (changed.value() === 0) condition.wait({ timeout: LONG });
  lock.unlock();
  comm.barrier();
  lock.lock();
  site.check("wait in vain", () => condition.wait({ timeout: SHORT }), { code: "TIMEOUT" });
  site.holds("the lock after it", lock.held);
  lock.unlock();
  comm.barrier();
}

/** Making one with arguments that are wrong on one rank or all, or differ. */
function refusedMaking(site: Site): void {
  const { comm, random, rank, size } = site;
  const kind = random.pick(["MPILock", "MPICounter", "MPISemaphore"] as const);
  const roots = site.spoiled<unknown>(0, random.pick<unknown>([badRank(random, size), size - 1])) as number[];
  const many = random.once(3)
    ? site.spoiled<unknown>(2, random.pick<unknown>([0, 1, -1, 0.5, null, Object.create(null)]))
    : site.each<unknown>(() => 2);
  site.tell(`${kind} at ${shown(roots)}, permits ${shown(many)}`);
  const isSemaphore = kind === "MPISemaphore";
  const faults = site.each((_, one): ErrorCode | null =>
    isSemaphore && !isCount(many[one]) ? "BAD_ARGUMENT" : isRank(roots[one], size) ? null : "BAD_RANK",
  );
  const agree = allSame(roots) && (!isSemaphore || allSame(many));
  const options = { root: roots[rank] };
  const make = () => {
    if (isSemaphore) return new MPISemaphore(comm, many[rank] as number, options).close();
    return new (kind === "MPILock" ? MPILock : MPICounter)(comm, options).close();
  };
  site.check(
    `new ${kind}`,
    make,
    verdict(faults, agree, () => undefined),
  );
}

function isCount(value: unknown): boolean {
  return Number.isInteger(value) && (value as number) > 0;
}

/** Options that are wrong are refused where they are given. */
function refusedOptions(site: Site): void {
  const odd = site.each(garbage)[site.rank];
  site.tell(`options ${shown(odd)}`);
  using lock = new MPILock(site.comm);
  using semaphore = new MPISemaphore(site.comm, site.size);
  site.check("timeout", () => lock.acquire({ timeout: -1 }), { code: "BAD_ARGUMENT" });
  site.check("mode", () => lock.acquire({ mode: "both" as "shared" }), { code: "BAD_ARGUMENT" });
  for (const options of [odd, { timeout: odd }, { mode: odd }, { signal: odd }] as AcquireOptions[]) {
    refusedOrGot(site, () => lock.acquire(options));
    refusedOrGot(site, () => lock.tryAcquire(options));
    refusedOrGot(site, () => semaphore.acquire(options));
  }
}

/** Local: a guard, none, or a typed error. */
function refusedOrGot(site: Site, take: () => LockGuard | null): void {
  try {
    take()?.release();
  } catch (error) {
    site.holds(`${String(take)}: ${String(error)} is typed`, isPshmemError(error));
  }
}

export const lockDeeds: readonly Deed[] = [
  { name: "read, modify, write", weight: 3, run: readModifyWrite },
  { name: "readers and writers", weight: 1, run: readersAndWriters },
  { name: "held by one", weight: 2, run: heldByOne },
  { name: "count", weight: 1, run: count },
  { name: "send and wait", weight: 1, run: sendAndWait },
  { name: "permits", weight: 1, run: permits },
  { name: "wait", weight: 1, run: wait },
  { name: "refused making", weight: 2, run: refusedMaking },
  { name: "refused options", weight: 1, run: refusedOptions },
];
