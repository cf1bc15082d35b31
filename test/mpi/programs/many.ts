/**
 * Makes very many objects: `many.ts open` has them all open at once, `many.ts cycles <count>` makes and closes one after another.
 * Prints, from rank 0, one line of JSON: what was open, or what the process that has most of it holds before and after the cycles.
 */
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { MPIBatch, MPILock, MPIShared, world, type Communicator } from "../../../dist/index.js";

const SHARED = 10_000;
const LOCKS = 1000;
const BATCHES = 1000;

/** After so many cycles there is all that is kept to be used again. */
const WARM_UP = 5000;
/** In elements of float64: small ones share a chunk of memory, those of more than 128 KiB are mapped by themselves. */
const SMALL = [1, 7, 50, 300];
const LARGE = 20_000;

const comm = world();

/** What a process holds. */
export interface Holdings {
  readonly descriptors: number;
  readonly mappings: number;
  /** Mappings of shared memory among them. */
  readonly shared: number;
  /** KiB of memory. */
  readonly resident: number;
  /** KiB of the JavaScript heap in use, after garbage collection. */
  readonly heap: number;
}

/** The result of `open`: how many objects were open at once, and what was held then. */
export interface Opened extends Holdings {
  readonly arrays: number;
  readonly locks: number;
  readonly batches: number;
}

/** The result of `cycles`: what was held after the first few thousand, and at the end. */
export interface Cycled {
  readonly cycles: number;
  readonly before: Holdings;
  readonly after: Holdings;
}

function holdings(): Holdings {
  globalThis.gc!();
  const { rss, heapUsed } = process.memoryUsage();
  const mappings = readFileSync("/proc/self/maps", "utf8").trimEnd().split("\n");
  return {
    descriptors: readdirSync("/proc/self/fd").length,
    mappings: mappings.length,
    shared: mappings.filter((line) => /^\S+ ...s/.test(line)).length,
    resident: Math.round(rss / 1024),
    heap: Math.round(heapUsed / 1024),
  };
}

/** Collective: the most that any rank holds of each. */
function mostHeld(): Holdings {
  const all = comm.allgather(holdings());
  const most = (what: keyof Holdings) => Math.max(...all.map((one) => one[what]));
  return {
    descriptors: most("descriptors"),
    mappings: most("mappings"),
    shared: most("shared"),
    resident: most("resident"),
    heap: most("heap"),
  };
}

function lengthOf(i: number): number {
  return i % 97 === 0 ? LARGE : SMALL[i % SMALL.length];
}

/** Each array is written by one rank and read by all others, first and last element, when all have been written. */
function openShared(): MPIShared[] {
  const arrays = Array.from({ length: SHARED }, (_, i) => new MPIShared([lengthOf(i)], "float64", comm));
  for (const [i, array] of arrays.entries()) {
    const fromRank = i % comm.size;
    const data = comm.rank === fromRank ? new Float64Array(array.size).fill(i + 1) : null;
    array.set(data, { fromRank });
  }
  for (const [i, { data, size }] of arrays.entries())
    assert.deepEqual([data[0], data[size - 1]], [i + 1, i + 1]);
  return arrays;
}

/** Every rank takes each lock once: as many different tokens as ranks. */
function openLocks(): MPILock[] {
  const locks = Array.from({ length: LOCKS }, (_, i) => new MPILock(comm, { root: i % comm.size }));
  const tokens = locks.map((lock) => lock.withLock(({ token }) => token));
  const all = comm.allgather(tokens);
  for (let i = 0; i < LOCKS; i++) assert.equal(new Set(all.map((one) => one[i])).size, comm.size);
  return locks;
}

/** Every rank claims a task of each batch; together they have all of them. */
function openBatches(): MPIBatch[] {
  const batches = Array.from(
    { length: BATCHES },
    (_, i) => new MPIBatch(comm, 1, comm.size, { root: i % comm.size }),
  );
  const all = comm.allgather(batches.map((batch) => batch.nextTask()));
  const tasks = new Set(Array.from({ length: comm.size }, (_, task) => task));
  for (const [i, batch] of batches.entries()) {
    assert.deepEqual(new Set(all.map((claimed) => claimed[i])), tasks);
    assert.equal(batch.nextTask(), null);
  }
  return batches;
}

function open(): Opened {
  const [arrays, locks, batches] = [openShared(), openLocks(), openBatches()];
  const held = mostHeld();
  for (const object of [...arrays, ...locks, ...batches]) object.close();
  cycleShared(comm, 1);
  return { arrays: arrays.length, locks: locks.length, batches: batches.length, ...held };
}

/** A new array holds zeros, though its memory may have been another's. */
function cycleShared(on: Communicator, i: number): void {
  using array = new MPIShared([lengthOf(i)], "float64", on);
  assert.deepEqual([array.data[0], array.data[array.size - 1]], [0, 0]);
  const fromRank = i % on.size;
  array.set(on.rank === fromRank ? new Float64Array(array.size).fill(i) : null, { fromRank });
  assert.deepEqual([array.data[0], array.data[array.size - 1]], [i, i]);
}

function cycleLock(on: Communicator, i: number): void {
  using lock = new MPILock(on, { root: i % on.size });
  lock.withLock(({ held }) => assert.equal(held, true));
}

function cycleBatch(on: Communicator, i: number): void {
  using batch = new MPIBatch(on, on.size, 3, { root: i % on.size });
  assert.equal(batch.nextTask(), 0);
}

/** A communicator and objects of it, one of which outlives it. */
function cycleComm(made: Communicator, i: number): void {
  cycleShared(made, i);
  cycleLock(made, i);
  cycleBatch(made, i);
  using lock = new MPILock(made);
  lock.withLock(() => {});
  made.free();
}

/** Of twenty cycles sixteen make an array, and one each of the others. */
function cycle(i: number): void {
  const kind = i % 20;
  if (kind === 16) cycleLock(comm, i);
  else if (kind === 17) cycleBatch(comm, i);
  else if (kind === 18) cycleComm(comm.dup(), i);
  else if (kind === 19) cycleComm(comm.split(comm.rank % 2), i);
  else cycleShared(comm, i);
}

function cycles(count: number): Cycled {
  for (let i = 0; i < WARM_UP; i++) cycle(i);
  const before = mostHeld();
  for (let i = WARM_UP; i < count; i++) cycle(i);
  return { cycles: count, before, after: mostHeld() };
}

const [part, count] = process.argv.slice(2);
const result = part === "open" ? open() : cycles(Number(count));
if (comm.rank === 0) console.log(JSON.stringify(result));
