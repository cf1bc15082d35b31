/** The types of views and sources. `tsc` checks them; running the file only shows that the values agree. */
import ndarray from "ndarray";
import { expect, expectTypeOf, test } from "vitest";
import type { Complex, ReadonlyTypedArrayOf, Scalar, TypedArrayOf } from "../../dist/array/dtype.js";
import type { SliceText } from "../../dist/array/slice.js";
import type { NdArrayLike, NdSource } from "../../dist/array/source.js";
import { makeView, type View, type WritableView } from "../../dist/array/view.js";

const REGION = { offset: 0, shape: [2, 3], strides: [3, 1] };
const matrix: View<"float64", 2> = makeView<"float64", 2>("float64", new Float64Array(6), REGION);
const writable = makeView<"float64", 2>("float64", new Float64Array(6), REGION, true);

test("scalars and typed arrays by dtype", () => {
  expectTypeOf<Scalar<"int64">>().toEqualTypeOf<bigint>();
  expectTypeOf<Scalar<"bool">>().toEqualTypeOf<boolean>();
  expectTypeOf<Scalar<"complex64">>().toEqualTypeOf<Complex>();
  expectTypeOf<Scalar<"float16">>().toEqualTypeOf<number>();
  expectTypeOf<TypedArrayOf<"uint64">>().toEqualTypeOf<BigUint64Array>();
  expectTypeOf<TypedArrayOf<"complex128">>().toEqualTypeOf<Float64Array>();
});

test("a read-only typed array cannot be written to", () => {
  type Data = ReadonlyTypedArrayOf<"float64">;
  expectTypeOf<Data>().not.toHaveProperty("fill");
  expectTypeOf<Data>().not.toHaveProperty("set");
  expectTypeOf<Data>().not.toHaveProperty("sort");
  expectTypeOf<Data>().not.toHaveProperty("reverse");
  expectTypeOf<Data>().not.toHaveProperty("copyWithin");
  expectTypeOf<Data>().not.toExtend<Float64Array>();
  expectTypeOf<Float64Array>().toExtend<Data>();
  expectTypeOf<ReturnType<Data["subarray"]>>().toEqualTypeOf<Data>();
  expectTypeOf<Data["buffer"]>().toEqualTypeOf<ArrayBufferLike>();
  expectTypeOf<Data>().toExtend<ArrayLike<number> & Iterable<number>>();
  const { data } = matrix;
  expectTypeOf(data[0]).toEqualTypeOf<number>();
  // @ts-expect-error read-only
  data[0] = 0;
  expect([...data]).toEqual([0, 0, 0, 0, 0, 0]);
});

test("get knows elements from views where the number of dimensions is known", () => {
  expectTypeOf(matrix.get(1, 2)).toEqualTypeOf<number>();
  expectTypeOf(matrix.get(1)).toEqualTypeOf<View<"float64", 1>>();
  expectTypeOf(matrix.get(1).get(2)).toEqualTypeOf<number>();
  expectTypeOf(matrix.shape).toEqualTypeOf<readonly [number, number]>();
  expectTypeOf(matrix.toNested()).toEqualTypeOf<number[][]>();
  for (const row of matrix) {
    expectTypeOf(row).toEqualTypeOf<View<"float64", 1>>();
    for (const x of row) expectTypeOf(x).toEqualTypeOf<number>();
  }
  const unknown: View<"float64"> = matrix;
  expectTypeOf(unknown.get(1, 2)).toEqualTypeOf<number>();
  expectTypeOf(unknown.at(1)).toEqualTypeOf<View<"float64">>();
});

test("at counts the axes that stay", () => {
  expectTypeOf(matrix.at("0:1", null)).toEqualTypeOf<View<"float64", 2>>();
  expectTypeOf(matrix.at(0)).toEqualTypeOf<View<"float64", 1>>();
  expectTypeOf(matrix.at(0, 1)).toEqualTypeOf<View<"float64", 0>>();
  expectTypeOf(matrix.at(0, 1).get()).toEqualTypeOf<number>();
  expectTypeOf(matrix.at("...", 1)).toEqualTypeOf<View<"float64", 1>>();
  const start: number = 1;
  expectTypeOf(matrix.at(`${start}:`)).toEqualTypeOf<View<"float64", 2>>();
  expect(matrix.at(0, 1).shape).toEqual([]);
});

test("slice texts are checked", () => {
  expectTypeOf<"1:3" | "::2" | "-1:" | ":" | "::-1" | "..." | "1:2:3">().toExtend<SliceText>();
  expectTypeOf<"1;3">().not.toExtend<SliceText>();
  expectTypeOf<"a:3">().not.toExtend<SliceText>();
  expectTypeOf<"3">().not.toExtend<SliceText>();
  expectTypeOf<"1:2:3:4">().not.toExtend<SliceText>();
  // @ts-expect-error no slice
  expect(() => matrix.at("1;3")).toThrow(/cannot be read/);
});

test("a writable view is a view, a view of known dimensions one of any", () => {
  expectTypeOf<WritableView<"float64", 2>>().toExtend<View<"float64", 2>>();
  expectTypeOf<WritableView<"float64", 2>>().toExtend<WritableView<"float64">>();
  expectTypeOf<View<"float64", 2>>().toExtend<View<"float64">>();
  expectTypeOf<View<"float64", 2>>().toExtend<View>();
  expectTypeOf<View<"float64", 2>>().not.toExtend<View<"float64", 3>>();
  expectTypeOf<View<"float64">>().not.toExtend<WritableView<"float64">>();
  expectTypeOf<View<"float64">>().not.toExtend<View<"int64">>();
  expectTypeOf(writable.at(0)).toEqualTypeOf<WritableView<"float64", 1>>();
  expectTypeOf(writable.get(0)).toEqualTypeOf<WritableView<"float64", 1>>();
  // @ts-expect-error bigint for float64
  expect(() => writable.set([0, 0], 1n)).toThrow(/a number/);
  expect(() => writable.set([0], 1)).toThrow(/1 indices/);
});

test("sources by dtype", () => {
  expectTypeOf<number[][]>().toExtend<NdSource<"float64">>();
  expectTypeOf<Float64Array>().toExtend<NdSource<"float64">>();
  expectTypeOf<Float64Array[]>().toExtend<NdSource<"float64">>();
  expectTypeOf<number>().toExtend<NdSource<"float64">>();
  expectTypeOf<View<"float64", 2>>().toExtend<NdSource<"float64">>();
  expectTypeOf<WritableView<"float64">>().toExtend<NdSource<"float64">>();
  expectTypeOf<bigint[][]>().not.toExtend<NdSource<"float64">>();
  expectTypeOf<Float32Array>().not.toExtend<NdSource<"float64">>();
  expectTypeOf<number[]>().not.toExtend<NdSource<"int64">>();
  expectTypeOf<Complex[]>().toExtend<NdSource<"complex64">>();
  expectTypeOf<ndarray.NdArray<Float64Array>>().toExtend<NdArrayLike<"float64">>();
  expectTypeOf<View>().toExtend<NdSource>();
});

test("scijs takes a view's fields, and its arrays are sources", () => {
  const view = writable.copy();
  view.set([1, 2], 7);
  const scijs = ndarray(view.data, [...view.shape], [...view.stride], view.offset);
  expectTypeOf(scijs).toEqualTypeOf<ndarray.NdArray<Float64Array>>();
  expect(scijs.get(1, 2)).toBe(7);
});
