/** What a rank remembers and tells of the parts that it writes. */
import { expect, test } from "vitest";
import { boxOf, boxText, type Box } from "../../dist/array/box.js";
import { decodeBoxes, encodeBoxes, faultOfOverlap, Parts } from "../../dist/shared/parts.js";

const SHAPE = [100, 8];

function rows(...selectors: (number | `${number}:${number}`)[]): Box[] {
  return selectors.map((selector) => boxOf(SHAPE, [selector]));
}

function fault(...boxes: Box[][]) {
  return faultOfOverlap("MPIShared.sync", SHAPE, boxes);
}

test("a rank that writes for ever remembers little", () => {
  const parts = new Parts();
  for (let round = 0; round < 3; round++) {
    for (let row = 0; row < 50; row++) parts.add(boxOf(SHAPE, [row]));
  }
  expect(parts.boxes.map(boxText)).toEqual(["[0:50, 0:8]"]);
  for (let i = 0; i < 1000; i++) parts.add(boxOf(SHAPE, [60 + 10 * (i % 3), i % 2]));
  expect(parts.boxes.length).toBeLessThanOrEqual(1 + 6);
  parts.add(boxOf(SHAPE, ["5:5"]));
  parts.clear();
  expect(parts.boxes).toEqual([]);
  parts.add(boxOf(SHAPE, ["5:5"]));
  expect(parts.boxes).toEqual([]);
});

test("what a rank tells is what others understand", () => {
  const boxes = [boxOf(SHAPE, ["::7", "::-2"]), boxOf(SHAPE, [-1]), boxOf(SHAPE, ["3:3"])];
  // As it comes in a message: in the middle of other bytes.
  const message = Uint8Array.of(1, ...encodeBoxes(boxes));
  expect(decodeBoxes(message.subarray(1), 2)).toEqual(boxes);
  expect(decodeBoxes(encodeBoxes([]), 2)).toEqual([]);
  expect(decodeBoxes(encodeBoxes([[], []]), 0)).toEqual([[], []]);
});

test("of all that overlap the lowest ranks are named", () => {
  expect(fault(rows(0, 1, "1:9"), [], rows("9:12"), rows(12))).toBeUndefined();
  expect(fault(rows("9:9"), rows("0:99"))).toBeUndefined();
  expect(fault(rows(50), rows(7), rows("0:9"), rows("0:60"))).toMatchObject({
    code: "OVERLAP",
    call: "MPIShared.sync",
    rank: 3,
    actual: [0, 3],
    message: expect.stringContaining("[50, 0:8] of rank 0 and [0:60, 0:8] of rank 3"),
  });
  expect(fault(rows(50), rows(7), rows("0:9"), rows("8:20"))).toMatchObject({ actual: [1, 2] });
  const columns = Array.from({ length: 8 }, (_, column) => [boxOf(SHAPE, [null, column])]);
  expect(fault(...columns)).toBeUndefined();
  expect(fault(...columns, rows(99))).toMatchObject({ actual: [0, 8] });
});
