/** Random parts of arrays, and data for them in every form; with them the plain arithmetic of C order that the product is compared with. */
import {
  MPIShared,
  type Axis,
  type DType,
  type NdSource,
  type Scalar,
  type SliceText,
  type TypedArrayOf,
} from "../dist/index.js";
import type { Random } from "./random.ts";

/** Where elements are in an array in C order: a number for each index of a region. */
export interface Part {
  readonly shape: readonly number[];
  readonly places: readonly number[];
}

/** Number n as an element of each dtype, within every dtype's range. */
export function elementOf(dtype: DType, n: number): Scalar {
  if (dtype === "int64" || dtype === "uint64") return BigInt(n);
  if (dtype === "bool") return n % 2 === 1;
  if (dtype === "complex64" || dtype === "complex128") return { re: n, im: n / 2 };
  return n;
}

export function sizeOf(shape: readonly number[]): number {
  return shape.reduce((size, extent) => size * extent, 1);
}

/** The places that an affine map gives the indices of a shape, last axis fastest. */
export function placesOf(shape: readonly number[], strides: readonly number[], offset: number): number[] {
  return shape.reduce<number[]>(
    (places, extent, axis) =>
      places.flatMap((place) => Array.from({ length: extent }, (_, i) => place + i * strides[axis])),
    [offset],
  );
}

export function stridesOf(shape: readonly number[]): number[] {
  return shape.map((_, axis) => sizeOf(shape.slice(axis + 1)));
}

/** A random part of an array, and the selectors that pick it. */
export function randomSelection(
  random: Random,
  shape: readonly number[],
  indices: boolean,
): Part & { axes: Axis[] } {
  const strides = stridesOf(shape);
  const axes: Axis[] = [];
  const kept: { count: number; stride: number }[] = [];
  let offset = 0;
  for (const [axis, extent] of shape.entries()) {
    if (indices && extent > 0 && random.once(4)) {
      const index = random.below(extent);
      axes.push(random.once(2) ? index : index - extent);
      offset += index * strides[axis];
      continue;
    }
    const { start, step, count, text } = randomSlice(random, extent);
    axes.push(text);
    offset += (count > 0 ? start : 0) * strides[axis];
    kept.push({ count, stride: step * strides[axis] });
  }
  const left = kept.map((one) => one.count);
  const places = placesOf(
    left,
    kept.map((one) => one.stride),
    offset,
  );
  return { axes, shape: left, places };
}

function randomSlice(
  random: Random,
  extent: number,
): { start: number; step: number; count: number; text: SliceText | null } {
  if (random.once(4)) return { start: 0, step: 1, count: extent, text: null };
  const step = random.pick([1, 1, 1, 2, 3, -1, -1, -2]);
  const most = Math.ceil(extent / Math.abs(step));
  const count = random.between(0, most);
  if (count === 0) return { start: 0, step: 1, count, text: `${extent}:` };
  const reach = (count - 1) * Math.abs(step);
  const first = random.below(extent - reach);
  const start = step > 0 ? first : first + reach;
  const stop = start + count * step;
  return { start, step, count, text: `${start}:${stop < 0 ? "" : stop}:${step}` };
}

/** The data of one write: what it is made of, and the form in which it is passed. */
export interface Write {
  readonly values: readonly number[];
  readonly form: string;
  readonly data: () => NdSource;
  readonly shape?: readonly number[];
}

function typed(dtype: DType, values: readonly number[]): TypedArrayOf {
  using lone = new MPIShared([values.length], dtype, null);
  lone.set(values.map((n) => elementOf(dtype, n)));
  return lone.at().copy().data;
}

function nested(dtype: DType, shape: readonly number[], values: readonly number[]): NdSource {
  if (shape.length === 0) return elementOf(dtype, values[0]);
  const [extent, ...rest] = shape;
  const step = sizeOf(rest);
  return Array.from(
    { length: extent },
    (_, i) => nested(dtype, rest, values.slice(i * step, (i + 1) * step)) as Scalar,
  );
}

/** Elements in any order of the axes, with gaps, some backwards. */
function scattered(
  random: Random,
  dtype: DType,
  shape: readonly number[],
  values: readonly number[],
): NdSource {
  const strides = shape.map(() => 0);
  let reach = 1;
  for (const axis of random.shuffled(shape.map((_, i) => i))) {
    strides[axis] = reach * random.between(1, 2) * random.pick([1, -1]);
    reach = Math.abs(strides[axis]) * Math.max(1, shape[axis]);
  }
  const lowest = shape.reduce((sum, n, axis) => sum + Math.min(0, (n - 1) * strides[axis]), 0);
  const offset = random.below(3) - (sizeOf(shape) === 0 ? 0 : lowest);
  const places = placesOf(shape, strides, offset);
  const flat = Array.from({ length: Math.max(offset, 0, ...places) + 1 }, () => 77);
  places.forEach((place, i) => (flat[place] = values[i]));
  const name = random.pick(["stride", "strides"]);
  return { data: typed(dtype, flat), shape, [name]: strides, offset };
}

/** Data for a part of a shape, in one of its forms. */
export function randomWrite(random: Random, dtype: DType, shape: readonly number[]): Write {
  const values = Array.from({ length: sizeOf(shape) }, () => random.below(120));
  const form = random.pick(["nested", "flat", "scattered", "plain"]);
  // An empty list does not tell its other axes.
  if (form === "nested" && !shape.includes(0))
    return { values, form, data: () => nested(dtype, shape, values) };
  if (form === "flat") return { values, form, data: () => typed(dtype, values), shape };
  if (form === "scattered" && values.length < 10_000) {
    const data = scattered(random, dtype, shape, values);
    return { values, form, data: () => data };
  }
  const list = values.map((n) => elementOf(dtype, n));
  return { values, form: "plain", data: () => ({ data: list, shape }) };
}
