/** Garbage for every parameter of every call, on one rank or on all: a typed error, or none, but the same one on every rank. */
import {
  isPshmemError,
  MPIBatch,
  MPICondition,
  MPICounter,
  MPILock,
  MPISemaphore,
  MPIShared,
  type Communicator,
} from "../../dist/index.js";
import { outcomeOf, outcomeOfAsync, type Site } from "../site.ts";
import { garbage, shown } from "../values.ts";
import type { Deed } from "./deed.ts";

/** A call with one parameter left open, and what is right for it. */
type Open = (comm: Communicator, x: never) => unknown;

/** What is made is closed again by the call itself. */
const COLLECTIVE: readonly (readonly [open: Open, right: unknown])[] = [
  [(comm, x) => comm.bcast(1, x), 0],
  [(comm, x) => comm.gather(1, x), 0],
  [(comm, x) => comm.scatter(x), []],
  [(comm, x) => comm.scatter([x, x, x, x, x, x].slice(0, comm.size)), 1],
  [(comm, x) => comm.scatter(Array.from({ length: comm.size }), x), 0],
  [(comm, x) => comm.alltoall(x), []],
  [(comm, x) => comm.reduce(x), 1],
  [(comm, x) => comm.reduce(1, x), "sum"],
  [(comm, x) => comm.reduce(1, "sum", x), 0],
  [(comm, x) => comm.allreduce(x, "max"), 1],
  [(comm, x) => comm.allreduce([x, 1]), 1],
  [(comm, x) => comm.allreduce([x, 1], "minloc"), 1],
  [(comm, x) => comm.allreduce(1, x), "sum"],
  [(comm, x) => comm.scan(x), 1],
  [(comm, x) => comm.scan(1, x), "sum"],
  [(comm, x) => comm.exscan(x, "bor"), 1],
  [(comm, x) => comm.exscan(1, x), "sum"],
  [(comm, x) => comm.bcastInto(x), new Float64Array(3)],
  [(comm, x) => comm.bcastInto(new Float64Array(3), x), 0],
  [(comm, x) => comm.allreduceInto(x), new Float64Array(3)],
  [(comm, x) => comm.allreduceInto(new Float64Array(3), x), "sum"],
  [(comm, x) => comm.split(x)?.free(), 0],
  [(comm, x) => comm.split(0, x)?.free(), 0],
  [(comm, x) => comm.allocateWindow(x, 1).close(), "int8"],
  [(comm, x) => comm.allocateWindow("int8", x).close(), 1],
  [(comm, x) => new MPIShared(x, "int8", comm).close(), [2]],
  [(comm, x) => new MPIShared([x], "int8", comm).close(), 2],
  [(comm, x) => new MPIShared([2], x, comm).close(), "int8"],
  [(comm, x) => new MPIShared([2], "int8", comm, x).close(), null],
  [(comm, x) => new MPIShared([2], "int8", comm, { commNode: x }).close(), null],
  [(comm, x) => new MPIShared([2], "int8", comm, { commNodeRank: x }).close(), null],
  [(comm, x) => new MPILock(comm, x).close(), {}],
  [(comm, x) => new MPILock(comm, { root: x }).close(), 0],
  [(comm, x) => new MPILock(comm, { debug: x }).close(), false],
  [(comm, x) => new MPICounter(comm, x).close(), {}],
  [(comm, x) => new MPICounter(comm, { root: x }).close(), 0],
  [(comm, x) => new MPISemaphore(comm, x).close(), 1],
  [(comm, x) => new MPISemaphore(comm, 1, x).close(), {}],
  [(comm, x) => new MPISemaphore(comm, 1, { root: x }).close(), 0],
  [(comm, x) => new MPISemaphore(comm, 1, { debug: x }).close(), false],
  [(comm, x) => new MPIBatch(comm, x, 2).close(), 1],
  [(comm, x) => new MPIBatch(comm, 1, x).close(), 2],
  [(comm, x) => new MPIBatch(comm, 1, 2, x).close(), {}],
  [(comm, x) => new MPIBatch(comm, 1, 2, { initState: x }).close(), [0, 1]],
  [(comm, x) => new MPIBatch(comm, 1, 2, { root: x }).close(), 0],
  [(comm, x) => new MPIBatch(comm, 1, 2, { debug: x }).close(), false],
  [(comm, x) => new MPIBatch(comm, 1, 2, { taskFsRoot: x }).close(), null],
  [(comm, x) => new MPIBatch(comm, 1, 2, { taskFsRoot: "/proc/none", taskFsNames: x }).close(), ["a", "b"]],
];

/** The same for calls on what has been made before. */
const ON_ARRAY: readonly (readonly [
  open: (array: MPIShared<"int8">, x: never) => unknown,
  right: unknown,
])[] = [
  [(array, x) => array.set(x), [1, 2]],
  [(array, x) => array.set([x, 2]), 1],
  [(array, x) => array.set({ data: x, shape: [2] }), [1, 2]],
  [(array, x) => array.set({ data: new Int8Array(2), shape: x }), [2]],
  [(array, x) => array.set({ data: new Int8Array(2), shape: [2], strides: x }), [1]],
  [(array, x) => array.set({ data: new Int8Array(2), shape: [2], offset: x }), 0],
  [(array, x) => array.set([1, 2], x), {}],
  [(array, x) => array.set([1], { offset: x }), [1]],
  [(array, x) => array.set([1], { offset: [x] }), 1],
  [(array, x) => array.set([1], { fromRank: x }), 0],
  [(array, x) => array.set([1], { shape: x }), [1]],
];

const ON_BATCH: readonly (readonly [open: (batch: MPIBatch, x: never) => unknown, right: unknown])[] = [
  [(batch, x) => batch.nextTask(x), {}],
  [(batch, x) => batch.nextTask({ ignoreDone: x }), false],
  [(batch, x) => batch.run(x), () => 1],
  [(batch, x) => batch.run(() => 1, x), {}],
  [(batch, x) => batch.run(() => 1, { retries: x }), 0],
  [(batch, x) => batch.run(() => 1, { timeout: x }), Infinity],
  [(batch, x) => batch.run(() => 1, { halt: x }), undefined],
  [(batch, x) => batch.run(() => 1, { halt: { failures: x } }), 1],
  [(batch, x) => batch.run(() => 1, { onProgress: x }), undefined],
  [(batch, x) => batch.run(() => 1, { ignoreFailed: x }), false],
];

/** What each rank passes: garbage on one of them, or the same kind on all. */
function passed(site: Site, right: unknown): never {
  const { random, rank, size } = site;
  const fine = Array.isArray(right) && right.length === 0 ? Array.from({ length: size }) : right;
  const victim = random.below(size);
  const everywhere = random.once(3);
  const odd = garbage(random);
  site.tell(`${shown(odd)} on ${everywhere ? "all ranks" : `rank ${victim}`}`);
  return (everywhere || rank === victim ? odd : fine) as never;
}

function toCommunicator(site: Site): void {
  const [open, right] = site.random.pick(COLLECTIVE);
  site.tell(String(open));
  const x = passed(site, right);
  site.checkAlike(
    String(open),
    outcomeOf(() => open(site.comm, x)),
  );
}

function toArray(site: Site): void {
  using array = new MPIShared([2], "int8", site.comm);
  const [open, right] = site.random.pick(ON_ARRAY);
  site.tell(String(open));
  const x = passed(site, right);
  site.checkAlike(
    String(open),
    outcomeOf(() => open(array, x)),
  );
}

async function toBatch(site: Site): Promise<void> {
  using batch = new MPIBatch(site.comm, site.size, 2);
  const [open, right] = site.random.pick(ON_BATCH);
  site.tell(String(open));
  const x = passed(site, right);
  site.checkAlike(String(open), await outcomeOfAsync(async () => open(batch, x)));
}

/** A condition on what is no lock, or on one that a rank has closed. */
function toCondition(site: Site): void {
  using lock = new MPILock(site.comm);
  const victim = site.random.below(site.size);
  const odd = garbage(site.random) as MPILock;
  site.tell(`condition, the lock closed on ${victim}; then one of ${shown(odd)}`);
  if (site.rank === victim) lock.close();
  site.check("new MPICondition", () => new MPICondition(lock), { code: "FREED" });
  site.checkAlike(
    "no lock",
    outcomeOf(() => new MPICondition(odd)),
  );
}

/** Local calls refuse garbage with a typed error, or do something with it. */
const LOCAL: readonly ((comm: Communicator, x: never) => unknown)[] = [
  (comm, x) => comm.topology.nodeOf(x),
  (comm, x) => comm.send(1, x),
  (comm, x) => comm.isend(1, comm.size, x),
  (comm, x) => comm.sendrecv(1, comm.size, x),
  (comm, x) => comm.iprobe(x),
  (comm, x) => comm.iprobe({ source: x }),
  (comm, x) => comm.iprobe({ tag: x }),
  (_, x) => MPIBatch.stateToString(x),
  (_, x) => MPIBatch.stringToState(x),
  (_, x) => new MPIShared(x, "int8", null).close(),
  (_, x) => new MPIShared([1], "int8", x).close(),
  (_, x) => new MPILock(x).close(),
  (_, x) => new MPILock(null).acquire(x),
  (_, x) => new MPILock(null).tryAcquire(x),
  (_, x) => new MPILock(null).withLock(x),
  (_, x) => new MPILock(null).withLock(() => 1, x),
  (_, x) => new MPICounter(null).next(x),
  (_, x) => new MPICounter(null).reset(x),
  (_, x) => new MPIBatch(null, 1, 2).getTaskState(x),
  (_, x) => new MPIBatch(null, 1, 2).setTaskState(x, 1),
  (_, x) => new MPIBatch(null, 1, 2).setTaskState(0, x),
];

function toLocal(site: Site): void {
  using window = site.comm.allocateWindow("int32", 2);
  const random = site.each((own) => own)[site.rank];
  for (let i = 0; i < 5; i++) {
    const call = random.pick(LOCAL);
    const x = garbage(random) as never;
    site.tell(`${String(call)} with ${shown(x)}`);
    // A rank alone is a world of its own; a communicator must not be met by one rank.
    if ((x as unknown) !== site.comm) typedOrFine(site, () => call(site.comm, x));
  }
  const x = garbage(random) as never;
  site.tell(`a window with ${shown(x)}`);
  typedOrFine(site, () => window.get(x, 0));
  typedOrFine(site, () => window.get(0, x));
  typedOrFine(site, () => window.get(0, 0, x));
  typedOrFine(site, () => window.put(x, 0, 1));
  typedOrFine(site, () => window.put(0, x, 1));
  typedOrFine(site, () => window.put(0, 0, x));
  typedOrFine(site, () => window.fetchAndOp(0, 0, x));
  typedOrFine(site, () => window.fetchAndOp(0, 0, 1, x));
  typedOrFine(site, () => window.compareAndSwap(0, 0, x, 1));
  typedOrFine(site, () => window.flush(x));
}

/** Local. */
function typedOrFine(site: Site, call: () => unknown): void {
  try {
    call();
  } catch (error) {
    site.holds(`${String(call)}: ${describe(error)} is typed`, isPshmemError(error));
  }
}

function describe(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : typeof error;
}

export const garbageDeeds: readonly Deed[] = [
  { name: "garbage", weight: 8, run: toCommunicator },
  { name: "garbage for an array", weight: 3, run: toArray },
  { name: "garbage for a batch", weight: 3, run: toBatch },
  { name: "garbage for a condition", weight: 1, run: toCondition },
  { name: "garbage for one rank", weight: 3, run: toLocal },
];
