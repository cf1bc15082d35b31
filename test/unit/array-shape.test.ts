import { expect, test } from "vitest";
import { checkShape, sizeOf, stridesOf } from "../../dist/array/shape.js";

test("integers in any list make a shape", () => {
  expect(checkShape([3, 5])).toEqual([3, 5]);
  expect(checkShape([])).toEqual([]);
  expect(checkShape([0])).toEqual([0]);
  expect(checkShape(Int32Array.of(10, 2))).toEqual([10, 2]);
  expect(checkShape(Uint8Array.of(10, 2))).toEqual([10, 2]);
  expect(checkShape(BigInt64Array.of(10n, 2n))).toEqual([10, 2]);
  expect(checkShape([2 ** 31, 4])).toEqual([2 ** 31, 4]);
});

test.each([
  ["negative", [-1]],
  ["fraction", [2, 5.5, 10]],
  ["floats, though whole", Float64Array.of(10, 2)],
  ["text", ["2"]],
  ["not a number", [NaN]],
  ["infinite", [Infinity]],
  ["a hole", Array.from({ length: 2 })],
  ["a number alone", 5],
  ["nothing", null],
  ["too many elements", [2 ** 30, 2 ** 30]],
  ["bytes without a kind", new DataView(new ArrayBuffer(8))],
])("no shape: %s", (_, shape) => {
  expect(() => checkShape(shape, "new MPIShared")).toThrow(
    expect.objectContaining({ code: "BAD_SHAPE", call: "new MPIShared" }),
  );
});

function* endless() {
  for (;;) yield Object.create(null);
}

test("of a list without end the first lengths are told", () => {
  for (const shape of [Object.assign([], { length: 1e6 }), endless()]) {
    const shown = expect.stringMatching(/^\[(undefined|an object without text)(, \1){15}, …\]$/);
    expect(() => checkShape(shape)).toThrow(expect.objectContaining({ code: "BAD_SHAPE", actual: shown }));
  }
});

test("sizes and strides", () => {
  expect(sizeOf([])).toBe(1);
  expect(sizeOf([2 ** 40, 2 ** 40, 2 ** 300, 0])).toBe(0);
  expect(sizeOf([3, 4, 5])).toBe(60);
  expect(stridesOf([3, 4, 5])).toEqual([20, 5, 1]);
  expect(stridesOf([])).toEqual([]);
  expect(stridesOf([2 ** 20, 2 ** 20])).toEqual([2 ** 20, 1]);
});
