/** What data can be given as, and the one form it is brought to: a typed array with a region. */
import { PshmemError } from "../errors.ts";
import { BaseView } from "./base.ts";
import type { DType, ReadonlyTypedArrayOf, Scalar, TypedArrayOf } from "./dtype.ts";
import { badArray, countOf, flatData, nestedData } from "./elements.ts";
import { checkShape, isListOfIntegers, sizeOf, stridesOf } from "./shape.ts";
import type { Region } from "./slice.ts";
import { listText } from "../shown.ts";

/** A typed array that can hold elements of a dtype; a float16 may be its bits in a `Uint16Array`. */
type Typed<D extends DType> =
  TypedArrayOf<D> | ReadonlyTypedArrayOf<D> | (D extends "uint8" | "bool" ? Uint8ClampedArray : never);

/** Arrays in arrays of elements, of any depth; the innermost may be typed arrays. */
type NestedSource<D extends DType> = Scalar<D> | Typed<D> | readonly NestedSource<D>[];

/**
 * The form that many libraries give an n-d array. Offset, strides and shape count elements; without strides it is contiguous in C
 * order. `stride` is scijs' name, `strides` everybody else's.
 */
export interface NdArrayLike<D extends DType = DType> {
  readonly data: Typed<D> | readonly Scalar<D>[];
  readonly shape: ArrayLike<number>;
  readonly stride?: ArrayLike<number>;
  readonly strides?: ArrayLike<number>;
  readonly offset?: number;
}

/**
 * Data with a shape: a number (0-d), nested arrays, a typed array (1-d, or of any shape given beside it), or an object
 * with `data` and `shape`, such as a view or a scijs ndarray. Complex numbers are `{ re, im }`, or pairs in a typed array.
 */
export type NdSource<D extends DType = DType> = NestedSource<D> | NdArrayLike<D>;

/** Data in its one form: where in a typed array the elements are. */
export interface Resolved<D extends DType = DType> extends Region {
  readonly data: TypedArrayOf<D>;
}

/**
 * Brings data to its one form. Local. Typed data is never copied; nested and plain arrays are converted once.
 *
 * A `given` shape goes with flat data: a typed or plain array of that many elements in C order. Numbers are not converted silently: an integer
 * dtype takes only integers in its range, a 64-bit one only bigints, bool only true and false; floats are rounded to the dtype's precision.
 *
 * @throws BAD_DTYPE elements of another kind, or a typed array that does not hold the dtype
 * @throws BAD_ARGUMENT an integer out of range or a fraction for an integer dtype; a stride or an offset that is no integer
 * @throws BAD_SHAPE ragged nested arrays, or a shape that does not go with the data
 * @throws BAD_DIMENSIONS strides and shape of different lengths
 * @throws OUT_OF_BOUNDS a shape and strides that reach outside the data
 * @throws NOT_CLONEABLE a typed array whose buffer was transferred
 */
export function resolveSource<D extends DType>(
  dtype: D,
  source: NdSource<D>,
  given?: ArrayLike<number> | null,
): Resolved<D>;
export function resolveSource(
  dtype: DType,
  source: unknown,
  given: ArrayLike<number> | null = null,
): Resolved {
  if (given !== null) return resolveFlat(dtype, source, checkShape(given));
  if (ArrayBuffer.isView(source)) {
    const data = flatData(dtype, source);
    return contiguous(data, [countOf(dtype, data)]);
  }
  if (isNdArray(source)) return resolveNdArray(dtype, source);
  const { data, shape } = nestedData(dtype, source);
  return contiguous(data, shape);
}

/** The fields of an n-d array of unknown origin. */
interface AnyNdArray {
  readonly data: unknown;
  readonly shape: unknown;
  readonly stride?: unknown;
  readonly strides?: unknown;
  readonly offset?: unknown;
}

function isNdArray(source: unknown): source is AnyNdArray {
  return typeof source === "object" && source !== null && "data" in source && "shape" in source;
}

function contiguous(data: TypedArrayOf, shape: readonly number[]): Resolved {
  return { data, offset: 0, shape, strides: stridesOf(shape) };
}

function resolveFlat(dtype: DType, source: unknown, shape: readonly number[]): Resolved {
  const data = flatData(dtype, source);
  const count = countOf(dtype, data);
  if (count === sizeOf(shape)) return contiguous(data, shape);
  throw new PshmemError(
    "BAD_SHAPE",
    `${count} elements do not fill the shape [${shape.join(", ")}]: give ${sizeOf(shape)}.`,
    { expected: sizeOf(shape), actual: count },
  );
}

function resolveNdArray(dtype: DType, source: AnyNdArray): Resolved {
  // A view knows what its elements are, also where the same typed array could hold others: bytes and bool, bits and float16.
  if (source instanceof BaseView && source.dtype !== dtype) throw badArray(dtype, source.dtype);
  const data = flatData(dtype, source.data);
  const shape = checkShape(source.shape);
  const given = source.strides ?? source.stride;
  const strides = given === undefined ? stridesOf(shape) : integers(given, "stride");
  const [offset] = integers([source.offset ?? 0], "offset");
  if (strides.length !== shape.length) {
    throw new PshmemError(
      "BAD_DIMENSIONS",
      `${strides.length} strides for ${shape.length} axes: give one for each.`,
      {
        expected: shape.length,
        actual: strides.length,
      },
    );
  }
  const region = { offset, shape, strides };
  checkInside(region, countOf(dtype, data));
  return { data, ...region };
}

/** As {@link checkShape} takes integers, but for their sign. */
function integers(list: unknown, name: string): number[] {
  const numbers = isListOfIntegers(list) ? Array.from(list, Number) : [NaN];
  if (numbers.every(Number.isSafeInteger)) return numbers;
  const text = `The ${name} of the data, ${listText(list)}, is no integer: give whole numbers, of the type number.`;
  throw new PshmemError("BAD_ARGUMENT", text, { actual: listText(list) });
}

/** @throws OUT_OF_BOUNDS if a region has elements outside 0 … count − 1 */
function checkInside({ offset, shape, strides }: Region, count: number): void {
  if (sizeOf(shape) === 0) return;
  const reaches = shape.map((extent, axis) => (extent - 1) * strides[axis]);
  const low = reaches.reduce((sum, reach) => sum + Math.min(reach, 0), offset);
  const high = reaches.reduce((sum, reach) => sum + Math.max(reach, 0), offset);
  if (low >= 0 && high < count) return;
  throw new PshmemError(
    "OUT_OF_BOUNDS",
    `Shape, strides and offset reach elements ${low} … ${high} of data that has ${count}.`,
    { expected: count, actual: low < 0 ? low : high },
  );
}
