import * as fc from "fast-check";
import { expect, test } from "vitest";
import {
  type DType,
  DTYPES,
  itemSize,
  lanesOf,
  newArray,
  type TypedArrayOf,
} from "../../dist/array/dtype.js";
import { sizeOf } from "../../dist/array/shape.js";
import { copySlab, packSlab, slabBytes, slabOf, unpackSlab } from "../../dist/array/slab.js";

/** Every index of a shape, in row-major order. */
function indices(shape: readonly number[]): number[][] {
  return shape.reduce<number[][]>(
    (found, extent) => found.flatMap((index) => Array.from({ length: extent }, (_, i) => [...index, i])),
    [[]],
  );
}

const placeOf = (index: readonly number[], offset: number, strides: readonly number[]) =>
  index.reduce((place, i, axis) => place + i * strides[axis], offset);

/** How the elements of a region lie in memory: axes nested in any order, with gaps, some of them backwards. */
interface Layout {
  readonly offset: number;
  readonly strides: number[];
  /** Elements the memory must have. */
  readonly needed: number;
}

function layoutOf(
  shape: readonly number[],
  order: readonly number[],
  gaps: readonly number[],
  turn: readonly boolean[],
  lead: number,
): Layout {
  const strides = shape.map(() => 0);
  let stride = 1;
  for (const axis of order.filter((one) => one < shape.length)) {
    strides[axis] = stride;
    stride = stride * Math.max(1, shape[axis]) + gaps[axis];
  }
  let offset = lead;
  for (const [axis, extent] of shape.entries()) {
    if (!turn[axis]) continue;
    offset += strides[axis] * Math.max(0, extent - 1);
    strides[axis] = -strides[axis];
  }
  return { offset, strides, needed: lead + stride + 1 };
}

const shapes = fc.array(fc.integer({ min: 0, max: 6 }), { maxLength: 4 });
const long = fc
  .tuple(fc.integer({ min: 1, max: 4 }), fc.integer({ min: 20, max: 90 }))
  .map(([a, b]) => [a, b]);
const anyShape = fc.oneof({ weight: 3, arbitrary: shapes }, long);

const layouts = fc.record({
  order: fc.shuffledSubarray([0, 1, 2, 3], { minLength: 4, maxLength: 4 }),
  gaps: fc.array(fc.integer({ min: 0, max: 2 }), { minLength: 4, maxLength: 4 }),
  turn: fc.array(fc.boolean(), { minLength: 4, maxLength: 4 }),
  lead: fc.integer({ min: 0, max: 3 }),
});
type LayoutSeed = typeof layouts extends fc.Arbitrary<infer T> ? T : never;

/** Half of the layouts are in C order, where copies merge axes. */
const anyLayout = fc.oneof(
  layouts,
  layouts.map((seed) => ({ ...seed, order: [3, 2, 1, 0], turn: [false, false, false, false] })),
  layouts.map((seed) => ({
    ...seed,
    order: [3, 2, 1, 0],
    turn: [false, false, false, false],
    gaps: [0, 0, 0, 0],
  })),
);

const layout = (shape: readonly number[], seed: LayoutSeed) =>
  layoutOf(shape, seed.order, seed.gaps, seed.turn, seed.lead);

/** Memory of distinct bytes: a copy that moves a wrong byte shows. */
function patterned(dtype: DType, count: number, salt: number): TypedArrayOf {
  const array = newArray(dtype, count);
  const bytes = new Uint8Array(array.buffer);
  for (let i = 0; i < bytes.length; i++) bytes[i] = (i * 37 + salt + (i >> 8)) & 0xff;
  return array;
}

const bytesOf = (array: TypedArrayOf) => [
  ...new Uint8Array(array.buffer, array.byteOffset, array.byteLength),
];

/** What a copy must leave: element by element, from a snapshot of the source. */
function naive(
  dtype: DType,
  shape: readonly number[],
  dst: TypedArrayOf,
  to: Layout,
  src: TypedArrayOf,
  from: Layout,
): number[] {
  const size = itemSize(dtype);
  const [before, after] = [bytesOf(src), bytesOf(dst)];
  for (const index of indices(shape)) {
    const d = placeOf(index, to.offset, to.strides) * size;
    const s = placeOf(index, from.offset, from.strides) * size;
    for (let byte = 0; byte < size; byte++) after[d + byte] = before[s + byte];
  }
  return after;
}

const dtypes = fc.constantFrom(...DTYPES);

test("copySlab copies as an element by element copy does", () => {
  fc.assert(
    fc.property(dtypes, anyShape, anyLayout, anyLayout, (dtype, shape, toSeed, fromSeed) => {
      const [to, from] = [layout(shape, toSeed), layout(shape, fromSeed)];
      const dst = patterned(dtype, to.needed, 11);
      const src = patterned(dtype, from.needed, 5);
      const expected = naive(dtype, shape, dst, to, src, from);
      copySlab(dst, to.offset, to.strides, src, from.offset, from.strides, shape, lanesOf(dtype));
      expect(bytesOf(dst)).toEqual(expected);
    }),
    { numRuns: 1500 },
  );
});

test("copySlab within one buffer copies as if through a temporary", () => {
  const shift = fc.integer({ min: 0, max: 30 });
  fc.assert(
    fc.property(
      dtypes,
      anyShape,
      anyLayout,
      anyLayout,
      fc.boolean(),
      shift,
      shift,
      (dtype, shape, one, other, same, a, b) => {
        const to = layout(shape, one);
        const from = layout(shape, same ? one : other);
        const count = Math.max(to.needed + a, from.needed + b);
        const memory = patterned(dtype, count, 3);
        const [d, s] = [
          { ...to, offset: to.offset + a },
          { ...from, offset: from.offset + b },
        ];
        const expected = naive(dtype, shape, memory, d, memory, s);
        copySlab(memory, d.offset, d.strides, memory, s.offset, s.strides, shape, lanesOf(dtype));
        expect(bytesOf(memory)).toEqual(expected);
      },
    ),
    { numRuns: 2500 },
  );
});

test("copySlab sees overlap through different arrays on one buffer", () => {
  const shared = new SharedArrayBuffer(800);
  const whole = new Float64Array(shared);
  whole.set(whole.map((_, i) => i));
  const part = new Float64Array(shared, 80, 80);
  copySlab(part, 0, [1], whole, 0, [1], [80]);
  expect([...part]).toEqual(Array.from({ length: 80 }, (_, i) => i));
});

test("a stride of 0 on the source side repeats an element", () => {
  const dst = new Int16Array(12);
  copySlab(dst, 1, [4, 1], Int16Array.of(7, 9), 1, [0, 0], [3, 2]);
  expect([...dst]).toEqual([0, 9, 9, 0, 0, 9, 9, 0, 0, 9, 9, 0]);
});

test("pack and unpack move a slab in pieces of any size and alignment", () => {
  const cuts = fc.array(fc.integer({ min: 1, max: 200 }), { minLength: 1, maxLength: 8 });
  fc.assert(
    fc.property(
      dtypes,
      anyShape,
      anyLayout,
      cuts,
      fc.integer({ min: 0, max: 4 }),
      (dtype, shape, seed, sizes, skew) => {
        // A slab is what an update wrote into a C-ordered array, possibly with gaps; backwards strides are legal too.
        const { offset, strides, needed } = layout(shape, seed);
        const src = patterned(dtype, needed, 1);
        const slab = slabOf(dtype, offset, shape, strides);
        const total = sizeOf(shape) * itemSize(dtype);
        expect(slabBytes(slab)).toBe(total);

        const dst = patterned(dtype, needed, 99);
        const expected = naive(dtype, shape, dst, { offset, strides, needed }, src, {
          offset,
          strides,
          needed,
        });
        const stream: number[] = [];
        for (let turn = 0; stream.length < total; turn++) {
          const piece = new Uint8Array(new ArrayBuffer(256), skew, sizes[turn % sizes.length]);
          const packed = packSlab(src, slab, stream.length, piece);
          expect(packed).toBe(Math.min(piece.length, total - stream.length));
          expect(unpackSlab(dst, slab, stream.length, piece)).toBe(packed);
          stream.push(...piece.subarray(0, packed));
        }
        expect(bytesOf(dst)).toEqual(expected);

        const size = itemSize(dtype);
        const source = bytesOf(src);
        const inOrder = indices(shape).flatMap((index) => {
          const at = placeOf(index, offset, strides) * size;
          return source.slice(at, at + size);
        });
        expect(stream).toEqual(inOrder);
        expect(packSlab(src, slab, total, new Uint8Array(4))).toBe(0);
      },
    ),
    { numRuns: 1000 },
  );
});

test("a contiguous region is one row", () => {
  expect(slabOf("float64", 2, [3, 4, 5], [20, 5, 1])).toEqual({
    offset: 16,
    rowBytes: 480,
    shape: [],
    strides: [],
  });
  expect(slabOf("float64", 2, [3, 4, 5], [40, 5, 1])).toEqual({
    offset: 16,
    rowBytes: 160,
    shape: [3],
    strides: [320],
  });
  expect(slabOf("complex64", 0, [2, 0], [3, 1])).toEqual({ offset: 0, rowBytes: 0, shape: [], strides: [] });
});
