/** Memory of messages that is used again. */
import { expect, it } from "vitest";
import { Buffers } from "../../dist/node/buffers.js";

it("gives memory that was given back, if it is about as long as what is asked for", () => {
  const buffers = new Buffers();
  const first = buffers.take(1000);
  expect(first.length).toBe(1000);
  buffers.give(first.subarray(32));
  // Less than half of it, or more than there is.
  for (const length of [10, 499, 1001]) expect(buffers.take(length).buffer).not.toBe(first.buffer);
  const again = buffers.take(600);
  expect([again.buffer, again.length, again.byteOffset]).toEqual([first.buffer, 600, 0]);
  // It is taken.
  expect(buffers.take(600).buffer).not.toBe(first.buffer);
});

it("keeps four pieces, and none that are very short or long", () => {
  const buffers = new Buffers();
  const given = Array.from({ length: 5 }, () => buffers.take(500));
  for (const bytes of given) buffers.give(bytes);
  const taken = new Set(Array.from({ length: 5 }, () => buffers.take(500).buffer));
  expect(given.filter(({ buffer }) => taken.has(buffer)).length).toBe(4);
  for (const length of [0, 64, 200_000]) {
    const bytes = buffers.take(length);
    buffers.give(bytes);
    expect(buffers.take(length).buffer).not.toBe(bytes.buffer);
  }
});
