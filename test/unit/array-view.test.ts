import { execFileSync } from "node:child_process";
import { inspect } from "node:util";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import {
  type DType,
  DTYPES,
  newArray,
  readElement,
  type Scalar,
  writeElement,
} from "../../dist/array/dtype.js";
import { Geometry } from "../../dist/array/geometry.js";
import { sizeOf, stridesOf } from "../../dist/array/shape.js";
import type { Axis } from "../../dist/array/slice.js";
import { makeView, readerOf } from "../../dist/array/view.js";

const code = (name: string) => expect.objectContaining({ code: name });

/** A value of the dtype for each small number. */
function valueOf(dtype: DType, i: number): Scalar {
  if (dtype.endsWith("64") && dtype.includes("int")) return BigInt(i);
  if (dtype.startsWith("complex")) return { re: i, im: -i };
  return dtype === "bool" ? i % 2 === 1 : i;
}

function counting<D extends DType>(dtype: D, shape: readonly number[]) {
  const data = newArray(dtype, sizeOf(shape));
  for (let i = 0; i < sizeOf(shape); i++) {
    const args: unknown[] = [dtype, data, i, valueOf(dtype, i)];
    Reflect.apply(writeElement, null, args);
  }
  return makeView(dtype, data, { offset: 0, shape, strides: stridesOf(shape) }, true);
}

/** As a caller without types sees it. */
const untyped = (
  view: unknown,
): { get: (...i: unknown[]) => unknown; set: (...a: unknown[]) => void; fill: (v: unknown) => void } =>
  Object(view);

describe.each(DTYPES)("%s", (dtype) => {
  test("elements by any number of indices", () => {
    for (const shape of [[5], [3, 4], [2, 3, 4], [2, 1, 2, 3], [1, 2, 1, 2, 2]]) {
      const view = counting(dtype, shape);
      const last = shape.map((extent) => extent - 1);
      expect(view.get(...shape.map(() => 0))).toEqual(valueOf(dtype, 0));
      expect(view.get(...last)).toEqual(valueOf(dtype, view.size - 1));
      expect(view.get(...shape.map(() => -1))).toEqual(valueOf(dtype, view.size - 1));
      expect([...view.at("::-1")].length).toBe(shape[0]);
    }
  });

  test("set and fill write to where get reads, and nowhere else", () => {
    for (const shape of [[4], [3, 4], [2, 3, 4], [2, 1, 2, 3]]) {
      const view = counting(dtype, shape);
      const before = view.copy();
      const part = untyped(view.at(1));
      const index = shape.slice(1).map(() => -1);
      part.set(index, valueOf(dtype, 9));
      expect(view.get(1, ...index)).toEqual(valueOf(dtype, 9));
      expect(view.at(0).toNested()).toEqual(before.at(0).toNested());
      part.fill(valueOf(dtype, 3));
      const flat = [view.at(1).toNested()].flat(5);
      expect(flat).toEqual(flat.map(() => valueOf(dtype, 3)));
      expect(view.at(0).toNested()).toEqual(before.at(0).toNested());
    }
  });

  test("another kind of value is refused", () => {
    const view = untyped(counting(dtype, [2]));
    const wrong = dtype === "bool" ? 1 : true;
    expect(() => view.set([0], wrong)).toThrow(code("BAD_DTYPE"));
    expect(() => view.fill(wrong)).toThrow(code("BAD_DTYPE"));
  });
});

describe("parts", () => {
  const view = counting("int32", [3, 4]);

  test("fewer indices give a view on the same memory", () => {
    const row = view.get(1);
    expect(String(row)).toBe("[4 5 6 7]");
    expect(view.at(-1).toNested()).toEqual([8, 9, 10, 11]);
    expect(view.at(null, 1)).toMatchObject({
      shape: [3],
      strides: [4],
      stride: [4],
      offset: 1,
      size: 3,
      length: 3,
    });
    expect(view.at(null, 1).data).toBe(view.data);
    expect(String(untyped(view).get())).toBe(String(view));
  });

  test("indices for every axis: an element from get, a 0-d view from at", () => {
    const point = view.at(2, 1);
    expect(point).toMatchObject({ shape: [], strides: [], offset: 9, size: 1, length: 1 });
    expect(untyped(point).get()).toBe(9);
    expect(point.toNested()).toBe(9);
    expect(() => [...point]).toThrow(code("BAD_DIMENSIONS"));
    const copy = point.copy();
    untyped(copy).set([], 5);
    expect([untyped(copy).get(), untyped(point).get()]).toEqual([5, 9]);
    copy.fill(6);
    expect(copy.toNested()).toBe(6);
  });

  test("iteration goes along the first axis", () => {
    expect([...view].map(String)).toEqual(["[0 1 2 3]", "[4 5 6 7]", "[ 8  9 10 11]"]);
    expect([...view.at(1)]).toEqual([4, 5, 6, 7]);
    expect([...counting("int32", [0, 3])]).toEqual([]);
  });

  test("nested arrays, copies and texts of views that are not contiguous", () => {
    const part = view.at("::-2", "1::2");
    expect(part.toNested()).toEqual([
      [9, 11],
      [1, 3],
    ]);
    const copy = part.copy();
    expect(copy).toMatchObject({ offset: 0, shape: [2, 2], strides: [2, 1], writable: true });
    expect([...copy.data]).toEqual([9, 11, 1, 3]);
    expect(String(part)).toBe("[[ 9 11]\n [ 1  3]]");
    expect(inspect(part)).toBe(String(part));
  });

  test("without elements", () => {
    const empty = view.at("3:", ":");
    expect(empty).toMatchObject({ shape: [0, 4], size: 0, length: 0, offset: 0 });
    expect(empty.toNested()).toEqual([]);
    expect(empty.copy().size).toBe(0);
    empty.fill(1);
    expect(view.get(0, 0)).toBe(0);
  });

  test.each<[string, unknown[], string]>([
    ["too large", [3, 0], "OUT_OF_BOUNDS"],
    ["too small", [0, -5], "OUT_OF_BOUNDS"],
    ["2^32, which 32 bits would take for 0", [2 ** 32, 0], "OUT_OF_BOUNDS"],
    ["too large in a row", [3], "OUT_OF_BOUNDS"],
    ["a fraction", [0, 0.5], "BAD_SLICE"],
    ["not a number", [NaN, 0], "BAD_SLICE"],
    ["undefined", [undefined, 0], "BAD_SLICE"],
    ["null", [0, null], "BAD_SLICE"],
    ["a bigint", [1n, 0], "BAD_SLICE"],
    ["a selector", ["0:1", 0], "BAD_SLICE"],
    ["too many", [0, 0, 0], "BAD_DIMENSIONS"],
    ["far too many", [0, 0, 0, 0, 0], "BAD_DIMENSIONS"],
  ])("an index that is %s", (_, index, expected) => {
    expect(() => untyped(view).get(...index)).toThrow(code(expected));
    const missing = index.length < 2 ? "BAD_DIMENSIONS" : expected;
    expect(() => untyped(view).set(index, 1)).toThrow(code(missing));
  });

  test.each<[string, unknown[], string]>([
    ["no slice", ["1;3"], "BAD_SLICE"],
    ["an index as text", ["1"], "BAD_SLICE"],
    ["a fraction", ["1.5:"], "BAD_SLICE"],
    ["only a sign", ["-:"], "BAD_SLICE"],
    ["nothing", [""], "BAD_SLICE"],
    ["a step of 0", ["::0"], "BAD_SLICE"],
    ["a step of -0", ["::-0"], "BAD_SLICE"],
    ["two ellipses", ["...", "..."], "BAD_SLICE"],
    ["undefined", [undefined], "BAD_SLICE"],
    ["an array", [[1]], "BAD_SLICE"],
    ["too many", [null, null, null], "BAD_DIMENSIONS"],
    ["too many beside an ellipsis", [0, "...", 0, 0], "BAD_DIMENSIONS"],
    ["an index outside", [null, 4], "OUT_OF_BOUNDS"],
  ])("selectors: %s", (_, axes, expected) => {
    expect(() => Reflect.apply(view.at, view, axes)).toThrow(code(expected));
  });
});

test.each([1, 2, 3, 4, 5])("each index of %d is checked", (dimensions) => {
  const shape = [2, 3, 4, 5, 2].slice(0, dimensions);
  const view = untyped(counting("int32", shape));
  const zeros = shape.map(() => 0);
  for (const [axis, extent] of shape.entries()) {
    const at = (index: unknown) => view.get(...zeros.with(axis, index as number));
    expect(at(-extent)).toBe(0);
    expect(at(extent - 1)).toBe(at(-1));
    for (const outside of [extent, -extent - 1, 2 ** 31, -(2 ** 31), 2 ** 32]) {
      expect(() => at(outside)).toThrow(code("OUT_OF_BOUNDS"));
    }
    for (const bad of [0.5, NaN, "0", null, 0n, -1n, Symbol("x")])
      expect(() => at(bad)).toThrow(code("BAD_SLICE"));
  }
  for (const part of [view, untyped(counting("int32", shape).at("1:"))])
    for (const surplus of [0, undefined])
      expect(() => part.get(...zeros, surplus)).toThrow(code("BAD_DIMENSIONS"));
  // That there are too many is said first, whatever they are.
  for (const bad of [9, -9, 0.5, "0", "..."])
    expect(() => view.get(bad, ...zeros)).toThrow(code("BAD_DIMENSIONS"));
});

test.each([0, 1, 2, 3, 4, 5])("what is no list is no index of %d dimensions", (dimensions) => {
  const view = counting("int32", [1, 1, 1, 1, 1].slice(0, dimensions));
  for (const index of [0, 1, NaN, true, 5n, Symbol("x"), {}, { length: NaN }, null, undefined]) {
    expect(() => untyped(view).set(index, 1)).toThrow(code("BAD_DIMENSIONS"));
  }
  expect(view.data[0]).toBe(0);
  untyped(view).set(
    Int8Array.from(view.shape, () => -1),
    1,
  );
  expect(view.data[0]).toBe(1);
});

/** Each index from two before the first negative one to two past the last, on every axis. */
function aroundAll(shape: readonly number[]): number[][] {
  return shape.reduce<number[][]>(
    (all, extent) =>
      all.flatMap((index) => Array.from({ length: 2 * extent + 4 }, (_, i) => [...index, i - extent - 2])),
    [[]],
  );
}

test.each<[string, readonly number[], readonly Axis[]]>([
  ["all of one axis", [7], [null]],
  ["one axis from its second element on", [7], ["1:"]],
  ["one axis but its last element", [7], [":-1"]],
  ["all of one axis backwards", [7], ["::-1"]],
  ["some of one axis backwards", [7], ["::-2"]],
  ["one axis without elements", [7], ["3:3"]],
  ["all of two axes", [4, 3], [null, null]],
  ["every second element of two", [5, 6], ["1::2", "::2"]],
  ["two axes backwards", [4, 5], ["::-1", "3:0:-1"]],
  ["a column", [4, 3], [null, 1]],
  ["no rows", [4, 3], ["2:2", null]],
  ["no columns", [4, 3], [null, "3:"]],
  ["three axes", [3, 2, 4], ["1:", "::-1", "::3"]],
  ["four axes", [2, 3, 2, 3], [null, "::-1", ":1", "1:"]],
])("%s: an element for each index inside, an error for each outside", (_, shape, axes) => {
  const view = counting("int32", shape).at(...axes);
  const get = readerOf(view);
  for (const index of aroundAll(view.shape)) {
    const isInside = index.every((i, axis) => i >= -view.shape[axis] && i < view.shape[axis]);
    const place = index.reduce((sum, i, axis) => {
      return sum + (i < 0 ? i + view.shape[axis] : i) * view.strides[axis];
    }, view.offset);
    // What `counting` has put there.
    if (isInside) expect([view.get(...index), get(...index)], index.join()).toEqual([place, place]);
    else expect(() => view.get(...index), index.join()).toThrow(code("OUT_OF_BOUNDS"));
  }
});

/** Stands for so many elements, each of them 1, which not every machine has. */
function elements(length: number): Int8Array {
  const at = (key: number): number | undefined => (key >= 0 && key < length ? 1 : undefined);
  return new Proxy(new Int8Array(0), { get: (_, key) => (key === "length" ? length : at(Number(key))) });
}

const AROUND = [2 ** 30 - 1, 2 ** 30, 2 ** 30 + 1, 2 ** 31 - 1, 2 ** 31, 2 ** 32];

test.each<[readonly number[], number]>([
  [[4], 1],
  [[4], -1],
  [[3, 2 ** 28], 1],
  [[3, 2 ** 28], -1],
  [[2 ** 28, 3], 1],
  [[15, 2 ** 26], 1],
  [[15, 2 ** 26], -1],
  [[2 ** 30 - 1], -1],
  [[1, 2 ** 30 - 1], 1],
  [[1, 2 ** 30 - 1], -1],
  [[1, 2 ** 31 - 1], 1],
  [[1, 2 ** 31 - 1], -1],
  [[31, 2 ** 26], 1],
  [[31, 2 ** 26], -1],
  [[2 ** 31 - 1], 1],
  [[2 ** 31 - 1], -1],
  [[2, 3, 2 ** 26], -1],
  [[3, 2 ** 14, 2, 2 ** 12], 1],
])("%j in steps of %d: an index outside comes to no other place", (shape, step) => {
  const least = shape.reduce((product, extent) => product * extent);
  for (const length of [least, ...AROUND.filter((one) => one > least)]) checkOutside(shape, step, length);
});

function checkOutside(shape: readonly number[], step: number, length: number): void {
  const size = shape.reduce((product, extent) => product * extent);
  const strides = stridesOf(shape).map((stride) => step * stride);
  const view = makeView("int8", elements(length), { offset: step < 0 ? size - 1 : 0, shape, strides });
  const inside = shape.map((extent) => [0, extent - 1, -1, -extent]);
  for (const [axis, extent] of shape.entries()) {
    const far = [2 ** 30, 2 ** 31 - extent, 2 ** 31 - 1].filter((i) => i > extent);
    for (const i of [extent, ...far, -extent - 1, ...far.map((one) => -one - 1)]) {
      for (let corner = 0; corner < 4 ** shape.length; corner++) {
        const index = inside.map((ends, at) => (at === axis ? i : ends[(corner >> (2 * at)) & 3]));
        expect(() => view.get(...index), index.join()).toThrow(code("OUT_OF_BOUNDS"));
      }
    }
  }
  expect(view.get(...shape.map(() => -1))).toBe(1);
}

test.each(DTYPES)("a view of %s whose memory has been given away", (dtype) => {
  for (const shape of [[4], [2, 2], [1, 2, 2], [2, 1, 2, 1], [1, 2, 1, 2, 1]]) {
    const view = counting(dtype, shape).copy();
    structuredClone(view.data.buffer, { transfer: [view.data.buffer as ArrayBuffer] });
    expect(() => view.get(...shape.map(() => 0))).toThrow(code("FREED"));
    expect(() => view.get(...shape)).toThrow(code("OUT_OF_BOUNDS"));
  }
});

test.each([0, 2 ** 30 - 6, 2 ** 30 - 5, 2 ** 31 - 6, 2 ** 31 - 5, 2 ** 33])("places from %d on", (offset) => {
  // Places that 32 bits hold and those that they do not are worked out in different ways.
  const rows = new Geometry({ offset, shape: [2, 3], strides: [3, 1] });
  expect([rows.place2(0, 0), rows.place2(-1, 1), rows.place2(1, -1)]).toEqual([
    offset,
    offset + 4,
    offset + 5,
  ]);
  expect(() => rows.place2(2, 0)).toThrow(code("OUT_OF_BOUNDS"));
  const back = new Geometry({ offset: offset + 5, shape: [6], strides: [-1] });
  expect([back.place1(0), back.place1(5), back.place1(-6)]).toEqual([offset + 5, offset, offset + 5]);
  const cube = new Geometry({ offset, shape: [2, 1, 3], strides: [3, 3, 1] });
  expect([cube.place3(1, 0, 2), cube.place3(-2, -1, -3)]).toEqual([offset + 5, offset]);
  expect(cube.place([1, -1, 1])).toBe(offset + 4);
  const many = new Geometry({ offset, shape: [1, 2, 1, 3], strides: [6, 3, 3, 1] });
  expect([many.place([0, 1, 0, 2]), many.place([-1, -2, -1, -1])]).toEqual([offset + 5, offset + 2]);
  expect(() => many.place([0, 2, 0, 0])).toThrow(code("OUT_OF_BOUNDS"));
});

test("elements past the first 2^31", () => {
  // Stands for two gigabytes, which not every machine has.
  const data: Record<number, number> = { [2 ** 31]: 7, [2 ** 31 + 1]: 8 };
  const region = { offset: 2 ** 31, shape: [2], strides: [1] };
  const view = makeView<"int8", 1>("int8", data as unknown as Int8Array, region, true);
  expect([view.get(0), view.get(-1), ...view]).toEqual([7, 8, 7, 8]);
  view.set([1], 9);
  expect(data[2 ** 31 + 1]).toBe(9);
  expect(() => view.get(2)).toThrow(code("OUT_OF_BOUNDS"));
});

test.each(DTYPES)("iteration over %s elements, at any stride, and again", (dtype) => {
  const view = counting(dtype, [2, 3]).at(null, 1);
  const walk = view[Symbol.iterator]();
  expect(walk.next()).toEqual({ done: false, value: valueOf(dtype, 1) });
  expect([...walk]).toEqual([valueOf(dtype, 4)]);
  expect(walk.next()).toEqual({ done: true, value: undefined });
  expect([...view]).toEqual([valueOf(dtype, 1), valueOf(dtype, 4)]);
});

test("a read-only view and its parts cannot be written to", () => {
  const view = makeView("float64", new Float64Array(4), { offset: 0, shape: [2, 2], strides: [2, 1] });
  expect(view.writable).toBe(false);
  for (const part of [view, view.at(0), view.get(0)]) {
    expect(() => untyped(part).set([0, 0], 1)).toThrow(code("READ_ONLY"));
    expect(() => untyped(part).fill(1)).toThrow(code("READ_ONLY"));
  }
  expect(() => view.copy().set([0, 0], 1)).not.toThrow();
});

test("halves in either storage", () => {
  const bits = Uint16Array.of(0x3c00, 0xc000);
  const view = makeView("float16", bits, { offset: 0, shape: [2], strides: [1] }, true);
  expect(view.toNested()).toEqual([1, -2]);
  view.set([0], 65504);
  expect(bits[0]).toBe(0x7bff);
  view.fill(0.5);
  expect([...bits]).toEqual([0x3800, 0x3800]);
  expect(readElement("float16", bits, 1)).toBe(0.5);
});

test("the accessor classes are as generated", () => {
  const script = fileURLToPath(new URL("../../scripts/generate-accessors.js", import.meta.url));
  expect(() => execFileSync(process.execPath, [script, "--check"], { stdio: "pipe" })).not.toThrow();
});
