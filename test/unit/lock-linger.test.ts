/** A rank that looks for its turn in a loop of its own, before it waits like everybody else. */
import { expect, it, vi } from "vitest";
import { Entry, EXCLUSIVE, OUTSIDE } from "../../dist/lock/entry.js";
import { SINCE, SLOTS } from "../../dist/lock/layout.js";
import { BLOCKED, DONE } from "../../dist/node/machine.js";
import { PlainWords } from "./lock-search.ts";

const SIZE = 2;
const RING = 8;

function entries() {
  const words = new PlainWords(SIZE, SLOTS + RING);
  const losses = { gone: 0, isGone: () => false };
  const entryOf = (rank: number) =>
    new Entry({ words, rank, size: SIZE, root: 0, slots: RING, losses }, Infinity);
  return { memory: words.memory, one: entryOf(0), other: entryOf(1) };
}

it("lingers as long as it is told, and comes in when its turn comes", () => {
  const { memory, one, other } = entries();
  one.enter(EXCLUSIVE);
  expect(one.proceed()).toBe(DONE);
  other.enter(EXCLUSIVE);
  expect(other.proceed()).toBe(BLOCKED);
  for (const glances of [0, 1, 5]) expect(other.linger(glances)).toBe(BLOCKED);
  expect(other.inside).toBe(OUTSIDE);
  one.leave(EXCLUSIVE);
  expect(one.proceed()).toBe(DONE);
  const now = vi.spyOn(Date, "now").mockReturnValue(2 ** 32 + 7);
  expect(other.linger(5)).toBe(DONE);
  expect(now).toHaveBeenCalledTimes(1);
  now.mockRestore();
  expect(other.inside).toBe(EXCLUSIVE);
  expect(memory[0][SINCE]).toBe(7);
});

it("learns the time anew where its turn comes after it has lingered", () => {
  const { memory, one, other } = entries();
  one.enter(EXCLUSIVE);
  one.proceed();
  other.enter(EXCLUSIVE);
  other.proceed();
  const now = vi.spyOn(Date, "now").mockReturnValue(7);
  expect(other.linger(5)).toBe(BLOCKED);
  now.mockReturnValue(8);
  one.leave(EXCLUSIVE);
  one.proceed();
  expect(other.proceed()).toBe(DONE);
  now.mockRestore();
  expect(memory[0][SINCE]).toBe(8);
});
