/** Which data ranks copy together, and which its owner copies alone. */
import { expect, it } from "vitest";
import type { Slab, Writing } from "../../dist/comm/engine.js";
import type { Relay } from "../../dist/comm/relay.js";
import { Sharing } from "../../dist/comm/sharing.js";

const BYTES = 2 ** 20;
/** A rank copies alone at first. */
const LATER = 5;

/** What became of some calls of the owner, among two ranks: parts that it copied for all, and writes of its own. */
function outcome(rowBytes: number, gone = 0): { parts: (readonly number[])[]; writes: number } {
  const [parts, buffer]: [(readonly number[])[], ArrayBuffer] = [[], new ArrayBuffer(2 * BYTES)];
  const memory = { buffer, byteOffset: 0, byteLength: buffer.byteLength };
  const slab: Slab = { offset: 0, rowBytes, shape: [BYTES / rowBytes], strides: [2 * rowBytes] };
  let writes = 0;
  let shown: Uint8Array = new Uint8Array(0);
  const writing: Writing = {
    write: () => void writes++,
    byteLength: BYTES,
    source: () => new Uint8Array(BYTES),
    slab: () => slab,
    bytes: () => new Uint8Array(BYTES),
  };
  const company = {
    rank: 0,
    size: 2,
    losses: { gone },
    meet(_: unknown, __?: undefined, relay?: Relay) {
      shown = relay?.writing.write() ?? new Uint8Array(0);
    },
    get shown() {
      return shown;
    },
  };
  const reach = {
    readers: 2,
    addressOf: () => 4096,
    read: (...[, , , from, to]: [number, unknown, unknown, number, number]) => void parts.push([from, to]),
  };
  const sharing = new Sharing(company, reach);
  for (let call = 0; call < LATER; call++) sharing.update({ op: "MPIShared.set", root: 0 }, memory, writing);
  return { parts, writes };
}

it("shares long rows, after the first few times", () => {
  expect(outcome(8192)).toEqual({ parts: [[0, BYTES / 2]], writes: LATER - 1 });
});

it("leaves short rows to their owner, which copies them without a call for each", () => {
  expect(outcome(8)).toEqual({ parts: [], writes: LATER });
});

it("shares nothing once a rank has gone", () => {
  expect(outcome(8192, 1)).toEqual({ parts: [], writes: LATER });
});
