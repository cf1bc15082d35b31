/** Boxes against lists of all their elements. */
import * as fc from "fast-check";
import { expect, test } from "vitest";
import {
  blockOf,
  boxOf,
  boxSize,
  boxText,
  joined,
  overlap,
  regionOf,
  type Box,
} from "../../dist/array/box.js";
import { stridesOf } from "../../dist/array/shape.js";
import type { Axis, SliceText } from "../../dist/array/slice.js";

const SHAPE = [7, 5, 30];

/** A selector of one of its forms for an axis. */
function selector(extent: number): fc.Arbitrary<Axis> {
  const bound = fc.option(fc.integer({ min: -extent - 1, max: extent + 1 }), { nil: "" as const });
  const step = fc.integer({ min: -8, max: 8 }).filter((value) => value !== 0);
  const slice = fc.tuple(bound, bound, step).map(([a, b, by]): SliceText => `${a}:${b}:${by}`);
  const index = fc.integer({ min: -extent, max: extent - 1 });
  return fc.oneof({ weight: 4, arbitrary: slice }, index, fc.constant(null));
}

/** Boxes of arrays with the first so many of the axes. */
const boxes = (dimensions: number): fc.Arbitrary<Box> =>
  fc
    .tuple(...SHAPE.slice(-dimensions).map(selector))
    .map((axes) => boxOf(SHAPE.slice(-dimensions), axes))
    .filter((box) => boxSize(box) > 0);

const pairs = fc.integer({ min: 1, max: 3 }).chain((n) => fc.tuple(boxes(n), boxes(n)));

/** Every element of a box as the text of its indices. */
function elements(box: Box): string[] {
  return box.reduce<string[]>(
    (all, { start, step, count }) =>
      all.flatMap((index) => Array.from({ length: count }, (_, i) => `${index} ${start + i * step}`)),
    [""],
  );
}

test("boxes overlap exactly if they share an element", () => {
  let [shared, apart] = [0, 0];
  fc.assert(
    fc.property(pairs, ([a, b]) => {
      const ofA = new Set(elements(a));
      const expected = elements(b).some((element) => ofA.has(element));
      if (expected) shared++;
      else apart++;
      expect(overlap(a, b), `${boxText(a)} ${boxText(b)}`).toBe(expected);
      expect(overlap(b, a)).toBe(expected);
    }),
    { numRuns: 5000 },
  );
  expect(Math.min(shared, apart)).toBeGreaterThan(500);
});

test("what two boxes are joined to has the elements of both and no other", () => {
  let found = 0;
  fc.assert(
    fc.property(pairs, ([a, b]) => {
      const both = joined(a, b);
      if (!both) return;
      found++;
      const union = new Set([...elements(a), ...elements(b)]);
      expect(elements(both).toSorted(), `${boxText(a)} ${boxText(b)}`).toEqual([...union].toSorted());
      expect(both === a, "the same box if it grows by nothing").toBe(union.size === boxSize(a));
    }),
    { numRuns: 5000 },
  );
  expect(found).toBeGreaterThan(200);
});

test("the text of a box selects it, and its region has its elements", () => {
  fc.assert(
    fc.property(boxes(3), (box) => {
      const axes = boxText(box).slice(1, -1).split(", ");
      const again = axes.map((axis) => (axis.includes(":") ? (axis as SliceText) : Number(axis)));
      expect(boxOf(SHAPE, again)).toEqual(box);
      const strides = stridesOf(SHAPE);
      const region = regionOf(box, strides);
      const places = region.shape.reduce<number[]>(
        (all, count, axis) =>
          all.flatMap((at) => Array.from({ length: count }, (_, i) => at + i * region.strides[axis])),
        [region.offset],
      );
      const expected = elements(box).map((element) =>
        element
          .trim()
          .split(" ")
          .reduce((sum, index, axis) => sum + Number(index) * strides[axis], 0),
      );
      expect(places).toEqual(expected);
    }),
  );
});

test("rows one after the other, columns with gaps and what was there before become one box", () => {
  const shape = [4, 6];
  const all = [0, 1, 2, 3].map((row) => boxOf(shape, [row]));
  expect(boxText(all.reduce((a, b) => joined(a, b)!))).toBe("[0:4, 0:6]");
  const odd = [5, 1, 3].map((column) => boxOf(shape, [null, column]));
  expect(joined(odd[0], odd[1]), "1 and 5").toEqual(boxOf(shape, [null, "1::4"]));
  expect(joined(boxOf(shape, [null, "1:4:2"]), odd[0])).toEqual(boxOf(shape, [null, "1::2"]));
  expect(joined(boxOf(shape, [0, 0]), boxOf(shape, [1, 1]))).toBeNull();
  const whole = boxOf(shape, []);
  expect(joined(whole, odd[0])).toBe(whole);
  expect(joined(odd[0], whole)).toBe(whole);
});

test("boxes of no dimensions have one element, and ranges of far indices are compared in few steps", () => {
  expect([boxSize([]), overlap([], []), boxText([])]).toEqual([1, true, "[]"]);
  expect(boxOf([3], ["::-1"])).toEqual(blockOf(null, [3]));
  const far = 2 ** 40;
  const a = [{ start: 0, step: 1_000_003, count: 1_000_000 }];
  expect(overlap(a, [{ start: 1, step: 1_000_003, count: 1_000_000 }])).toBe(false);
  expect(overlap(a, [{ start: 5, step: 999_983, count: 1_000_000 }])).toBe(true);
  expect(overlap([{ start: far, step: 3, count: 9 }], [{ start: far + 8, step: 5, count: 9 }])).toBe(true);
  expect(overlap([{ start: far, step: 2, count: 9 }], [{ start: far + 1, step: 4, count: 9 }])).toBe(false);
});
