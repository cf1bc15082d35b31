/** Two threads that copy: the shipped helper, and its owner. */
import { once } from "node:events";
import { Worker } from "node:worker_threads";
import { expect, it } from "vitest";
import type { Slab } from "../../dist/array/slab.js";
import { slabBytes } from "../../dist/array/slab.js";
import { CopyTask, makeControl, wordsIn } from "../../dist/mpi/copy-task.js";
import { PairedCopier, type CopierSite, type CopierStart } from "../../dist/mpi/copier.js";
import { processSleeper } from "../../dist/mpi/sleeper.js";
import { addressOf as mappedAt, mapOwn } from "../../dist/native/mapping.js";
import { addressOf } from "../../dist/native/reach.js";
import { bellBytes, Bells } from "../../dist/node/bells.js";
import { DONE, Handout, LEFT } from "../../dist/node/handout.js";

const DENSE: Slab = { offset: 128, rowBytes: 1_000_001, shape: [], strides: [] };
const LONG: Slab = { offset: 128, rowBytes: 3_000_001, shape: [], strides: [] };
const STRIDED: Slab = { offset: 8, rowBytes: 5000, shape: [3, 80], strides: [600_000, 7001] };

/** Bytes that differ from place to place and from time to time. */
function bytesFor(count: number, time: number): Uint8Array {
  const bytes = new Uint8Array(count);
  for (let i = 0; i < count; i++) bytes[i] = (i * 31 + (i >>> 8) + time) % 251;
  return bytes;
}

/** What the memory of a slab must hold, by a loop over its rows; elsewhere it is `before`. */
function expected(slab: Slab, source: Uint8Array, before: Uint8Array): Uint8Array {
  const memory = before.slice();
  const [outer, inner] = [slab.shape.at(-2) ?? 1, slab.shape.at(-1) ?? 1];
  for (let row = 0; row < outer * inner; row++) {
    const at =
      slab.offset +
      Math.floor(row / inner) * (slab.strides.at(-2) ?? 0) +
      (row % inner) * (slab.strides.at(-1) ?? 0);
    memory.set(source.subarray(row * slab.rowBytes, (row + 1) * slab.rowBytes), at);
  }
  return memory;
}

const SHORT: Slab = { offset: 0, rowBytes: 8192, shape: [], strides: [] };
const LONG_MS = 10_000;

const MEMORY = 4_000_000;

/** Bells of two places in memory that a helper finds by its address: place 0 copies, for ranks 10 and 11. */
const bellMemory = mapOwn(bellBytes(2));
const bells = new Bells(new Int32Array(bellMemory), processSleeper);

function siteOf(of: Bells, isFull = true): CopierSite {
  const bellPlace = { address: mappedAt(bellMemory), bytes: bellBytes(2) };
  const placeOf = new Map([
    [10, 0],
    [11, 1],
  ]);
  return { bells: of, bellPlace, place: 0, placeOf, isFull };
}

it.each([
  ["dense", DENSE],
  ["strided", STRIDED],
])("a rank and its helper copy %s data whole, again and again", (_, slab) => {
  const copier = new PairedCopier(siteOf(bells));
  const memory = new Uint8Array(new SharedArrayBuffer(MEMORY + 64), 64);
  for (let time = 0; time < 20; time++) {
    const source = bytesFor(slabBytes(slab), time);
    const before = memory.slice();
    expect(copier.copy(source, memory, slab, [])).toBe(true);
    expect(Buffer.compare(memory, expected(slab, source, before))).toBe(0);
  }
});

/** Bytes of a target ahead of its source, modulo a page, at which the C library's long copies are slow. */
it.each([1, 8, 31])("copies as well to a target that is %i bytes ahead of its source", (ahead) => {
  const copier = new PairedCopier(siteOf(bells));
  const memory = new Uint8Array(MEMORY);
  for (const [time, slab] of [DENSE, STRIDED, LONG].entries()) {
    const room = new Uint8Array(slabBytes(slab) + 4096);
    const shift = (addressOf(memory) + slab.offset - ahead - addressOf(room)) & 4095;
    const source = room.subarray(shift, shift + slabBytes(slab));
    source.set(bytesFor(source.length, time));
    const before = memory.slice();
    expect(copier.copy(source, memory, slab, [])).toBe(true);
    expect(Buffer.compare(memory, expected(slab, source, before))).toBe(0);
  }
});

/** Tells what it is asked for. */
class ToldBells extends Bells {
  readonly told: string[] = [];
  override sendToRest(place: number, by: number): void {
    this.told.push(`rest ${place} for ${by}`);
  }
  override endRest(place: number): void {
    this.told.push(`end ${place}`);
  }
}

it("sends those that wait to rest while it copies, where no core is free", () => {
  for (const isFull of [true, false]) {
    const told = new ToldBells(new Int32Array(bellMemory), processSleeper);
    const copier = new PairedCopier(siteOf(told, isFull));
    expect(copier.copy(new Uint8Array(8192), new Uint8Array(8192), SHORT, [11])).toBe(true);
    expect(told.told).toEqual(isFull ? ["rest 1 for 0", "end 1"] : []);
  }
});

it("the helper wakes who rests for its owner, and nobody else, once nothing is left", async () => {
  const control = makeControl();
  const handout = new Handout(wordsIn(control));
  const { bellPlace } = siteOf(bells);
  const start: CopierStart = { control, bells: bellPlace, place: 0 };
  const worker = new Worker(new URL("../../dist/mpi/copier-thread.js", import.meta.url), {
    workerData: start,
    execArgv: [],
  });
  await once(worker, "online");
  const task = new CopyTask(control);
  const [source, memory] = [new Uint8Array(8192), new Uint8Array(8192)];
  bells.sendToRest(0, 1);
  bells.sendToRest(1, 0);
  bells.arm(1);
  handout.begin(task.write(addressOf(source), addressOf(memory), SHORT));
  Atomics.notify(new Int32Array(control, 0, 2), LEFT);
  const since = performance.now();
  /** What sleeps is woken by the helper's ring, or by nothing. */
  const left = () => LONG_MS - (performance.now() - since);
  while (bells.isResting(1) && left() > 0) bells.sleep(1, left());
  expect(left()).toBeGreaterThan(0);
  expect(handout.awaited()).toBeNull();
  // The helper came past this one before.
  expect(bells.isResting(0)).toBe(true);
  await worker.terminate();
});

it("leaves slabs of very many axes to whoever asks", () => {
  const many = { offset: 0, rowBytes: 8, shape: Array(17).fill(1), strides: Array(17).fill(8) };
  expect(new PairedCopier(siteOf(bells)).copy(new Uint8Array(8), new Uint8Array(8), many, [])).toBe(false);
});

it("the helper by itself copies all parts, work after work, and says when", async () => {
  const control = makeControl();
  const bell = new Int32Array(control, 0, 2);
  const handout = new Handout(wordsIn(control));
  const task = new CopyTask(control);
  const worker = new Worker(new URL("../../dist/mpi/copier-thread.js", import.meta.url), {
    workerData: { control, bells: siteOf(bells).bellPlace, place: 0 } satisfies CopierStart,
    execArgv: [],
  });
  await once(worker, "online");
  const memory = new Uint8Array(MEMORY);
  for (let time = 0; time < 20; time++) {
    const slab = time % 2 === 0 ? DENSE : STRIDED;
    const source = bytesFor(slabBytes(slab), time);
    const before = memory.slice();
    handout.begin(task.write(addressOf(source), addressOf(memory), slab));
    Atomics.notify(bell, LEFT);
    for (let done = handout.awaited(); done !== null; done = handout.awaited())
      Atomics.wait(bell, DONE, done);
    expect(Buffer.compare(memory, expected(slab, source, before))).toBe(0);
  }
  await worker.terminate();
});
