import * as fc from "fast-check";
import { expect, test } from "vitest";
import { newArray } from "../../dist/array/dtype.js";
import { sizeOf, stridesOf } from "../../dist/array/shape.js";
import { type Axis, rangeOf, type SliceText } from "../../dist/array/slice.js";
import { makeView } from "../../dist/array/view.js";

const bound = fc.option(fc.integer({ min: -9, max: 9 }), { nil: undefined });
const step = fc.option(
  fc.integer({ min: -4, max: 4 }).filter((value) => value !== 0),
  { nil: undefined },
);
const slices = fc.record({ start: bound, stop: bound, step, short: fc.boolean() });
type Slice = typeof slices extends fc.Arbitrary<infer T> ? T : never;

function textOf({ start, stop, step: by, short }: Slice): SliceText {
  const bounds: SliceText = `${start ?? ""}:${stop ?? ""}`;
  return by === undefined && short ? bounds : `${bounds}:${by ?? ""}`;
}

/** The elements a slice picks, by the words of the Python reference: i, i + k, i + 2k, … that lie before j. */
function picked({ start, stop, step: by = 1 }: Slice, length: number): number[] {
  const clamp = (value: number, low: number, high: number) => {
    const counted = value < 0 ? value + length : value;
    return counted < low ? low : counted > high ? high : counted;
  };
  const found: number[] = [];
  if (by > 0) {
    const end = stop === undefined ? length : clamp(stop, 0, length);
    for (let i = start === undefined ? 0 : clamp(start, 0, length); i < end; i += by) found.push(i);
  } else {
    const end = stop === undefined ? -1 : clamp(stop, -1, length - 1);
    for (let i = start === undefined ? length - 1 : clamp(start, -1, length - 1); i > end; i += by)
      found.push(i);
  }
  return found;
}

test("a slice picks what NumPy's picks", () => {
  fc.assert(
    fc.property(slices, fc.integer({ min: 0, max: 8 }), (slice, length) => {
      const { start, step: by, count } = rangeOf(textOf(slice), length);
      expect(Array.from({ length: count }, (_, i) => start + i * by)).toEqual(picked(slice, length));
    }),
    { numRuns: 3000 },
  );
});

const selector = fc.oneof(
  slices.map((slice) => ({
    axis: textOf(slice) satisfies Axis,
    pick: (length: number) => picked(slice, length),
    drops: false,
  })),
  fc.integer({ min: -4, max: 3 }).map((index) => ({
    axis: index,
    pick: () => [index < 0 ? index + 4 : index],
    drops: true,
  })),
  fc.constant({ axis: null, pick: (length: number) => Array.from({ length }, (_, i) => i), drops: false }),
);

/** The nested value that selectors leave of nested arrays, axis by axis. */
function select(
  nested: unknown,
  chosen: readonly { pick: (length: number) => number[]; drops: boolean }[],
): unknown {
  if (chosen.length === 0 || !Array.isArray(nested)) return nested;
  const [first, ...rest] = chosen;
  const kept = first.pick(nested.length).map((i) => select(nested[i], rest));
  return first.drops ? kept[0] : kept;
}

test("at picks, axis by axis, what slicing nested arrays picks, and again from what it picked", () => {
  const selectors = fc.array(selector, { maxLength: 3 });
  fc.assert(
    fc.property(selectors, fc.array(slices, { maxLength: 2 }), fc.boolean(), (chosen, again, withDots) => {
      const shape = [4, 4, 4];
      const data = newArray("int32", sizeOf(shape)).map((_, i) => i);
      const whole = makeView("int32", data, { offset: 0, shape, strides: stridesOf(shape) });
      const axes: Axis[] = chosen.map(({ axis }) => axis);
      const view = whole.at(...axes, ...(withDots ? (["..."] as const) : []));
      const expected = select(whole.toNested(), chosen);
      expect(view.toNested()).toEqual(expected);
      expect(view.copy().toNested()).toEqual(expected);
      expect(view.data).toBe(data);

      const second = again.slice(0, view.shape.length);
      const picks = second.map((slice) => ({
        pick: (length: number) => picked(slice, length),
        drops: false,
      }));
      expect(view.at(...second.map(textOf)).toNested()).toEqual(select(expected, picks));
    }),
    { numRuns: 2000 },
  );
});
