/** Which data ranks copy together, and which its owner copies alone. */
import { expect, it } from "vitest";
import type { Slab, Writing } from "../../dist/comm/engine.js";
import { Helping } from "../../dist/comm/helping.js";
import { Sharing } from "../../dist/comm/sharing.js";
import type { Copier } from "../../dist/node/reach.js";

const BYTES = 2 ** 20;
/** A rank copies alone at first. */
const LATER = 5;

interface Outcome {
  readonly parts: (readonly number[])[];
  readonly writes: number;
}

/** What became of some calls of the owner, among two ranks: parts that it copied for all, and writes of its own. `taken`: what the other took. */
function outcome(rowBytes: number, gone = 0, taken: readonly number[] = [0, 0], least = 0): Outcome {
  const parts: (readonly number[])[] = [];
  const writing = writingOf({ offset: 0, rowBytes, shape: [BYTES / rowBytes], strides: [2 * rowBytes] });
  let shown: Uint8Array = new Uint8Array(0);
  const numbers = [...taken];
  const company = {
    rank: 0,
    size: 2,
    losses: { gone },
    meet(_: unknown, __?: undefined, given?: Writing) {
      shown = given?.write() ?? new Uint8Array(0);
    },
    get shown() {
      return shown;
    },
    takeNumberOf: (rank: number) => numbers[rank]++,
  };
  const reach = {
    readers: 2,
    addressOf: () => 4096,
    leastPartBytes: () => least,
    read: (...[, , , from, to]: [number, unknown, unknown, number, number]) => void parts.push([from, to]),
  };
  const sharing = new Sharing(company, reach);
  for (let call = 0; call < LATER; call++) sharing.update({ op: "MPIShared.set", root: 0 }, writing);
  return { parts, writes: writing.writes };
}

/** Long data, all ones, whose own writes are counted. */
function writingOf(slab: Slab) {
  const buffer = new ArrayBuffer(2 * BYTES);
  return {
    memory: { buffer, byteOffset: 0, byteLength: buffer.byteLength },
    writes: 0,
    write() {
      this.writes++;
      return undefined;
    },
    byteLength: BYTES,
    source: () => new Uint8Array(BYTES).fill(1),
    slab: () => slab,
    bytes: () => new Uint8Array(BYTES),
  };
}

const QUARTERS = [0, 1, 2, 3].map((part) => [(part * BYTES) / 4, ((part + 1) * BYTES) / 4]);

it("shares long rows, after the first few times", () => {
  expect(outcome(8192, 0, [0, 2])).toEqual({ parts: QUARTERS.slice(0, 2), writes: LATER - 1 });
});

it("copies what another rank has not come to, and leaves what it has taken", () => {
  expect(outcome(8192)).toEqual({ parts: QUARTERS, writes: LATER - 1 });
  expect(outcome(8192, 0, [1, 1])).toEqual({ parts: [QUARTERS[1], QUARTERS[3]], writes: LATER - 1 });
});

it("shares longer parts where shorter ones are slow", () => {
  const half = BYTES / 2;
  expect(outcome(8192, 0, [0, 0], BYTES)).toEqual({
    parts: [
      [0, half],
      [half, BYTES],
    ],
    writes: LATER - 1,
  });
});

it("leaves short rows to their owner, which copies them without a call for each", () => {
  expect(outcome(8)).toEqual({ parts: [], writes: LATER });
});

it("shares nothing once a rank has gone", () => {
  expect(outcome(8192, 1)).toEqual({ parts: [], writes: LATER });
});

/** How often a rank's helper was asked for so much data, in some calls, and how often the rank wrote by itself. */
function helped(bytes: number, rowBytes: number, isAble = true): { copies: number; writes: number } {
  let copies = 0;
  const slab: Slab = { offset: 0, rowBytes, shape: [bytes / rowBytes], strides: [2 * rowBytes] };
  const writing = { ...writingOf(slab), byteLength: bytes };
  const copier: Copier = {
    copy(_source, _memory, _slab, waiting) {
      expect(waiting).toEqual([3, 5]);
      copies++;
      return isAble;
    },
  };
  const helping = new Helping(copier, [3, 5]);
  for (let call = 0; call < LATER; call++) expect(helping.of(writing).write()).toBeUndefined();
  return { copies, writes: writing.writes };
}

it("has a helper copy very long data, after the first few times", () => {
  expect(helped(4 * BYTES, 8192)).toEqual({ copies: 1, writes: LATER - 1 });
});

it("has none copy shorter data, or short rows", () => {
  expect(helped(4 * BYTES - 8192, 8192)).toEqual({ copies: 0, writes: LATER });
  expect(helped(4 * BYTES, 8)).toEqual({ copies: 0, writes: LATER });
});

it("writes what a helper cannot copy", () => {
  expect(helped(4 * BYTES, 8192, false)).toEqual({ copies: 1, writes: LATER });
});
