/** Elements as users give them: checked against a dtype and converted, once. */
import { PshmemError } from "../errors.ts";
import {
  accepts,
  asStored,
  badScalar,
  checkMemory,
  type DType,
  DTYPES,
  dtypeOfArray,
  isScalar,
  lanesOf,
  lengthOf,
  newArray,
  readElement,
  type TypedArray,
  type TypedArrayOf,
  writeElement,
} from "./dtype.ts";
import { formatScalar } from "./print.ts";
import { sizeOf } from "./shape.ts";

/** The error for data of one kind where a dtype is wanted. Local. */
export function badArray(dtype: DType, actual: string): PshmemError {
  return new PshmemError("BAD_DTYPE", `Data of ${actual} cannot be taken as ${dtype}: convert it first.`, {
    expected: dtype,
    actual,
  });
}

/** Elements in a typed array of a dtype. Local. @throws BAD_SHAPE for half a complex number */
export function countOf(dtype: DType, data: TypedArray): number {
  const count = lengthOf(data) / lanesOf(dtype);
  if (Number.isInteger(count)) return count;
  throw new PshmemError("BAD_SHAPE", `${data.length} numbers are no whole ${dtype} elements: give pairs.`, {
    actual: data.length,
  });
}

/**
 * Flat data as a typed array of the kind that stores the dtype: a typed array on its own memory, without a copy; a plain array converted.
 * Local.
 *
 * @throws BAD_DTYPE BAD_ARGUMENT NOT_CLONEABLE
 */
export function flatData(dtype: DType, source: unknown): TypedArrayOf {
  if (!Array.isArray(source)) return typedData(dtype, source);
  const data = newArray(dtype, source.length);
  for (let index = 0; index < source.length; index++) convert(dtype, data, index, source[index]);
  return data;
}

function typedData(dtype: DType, source: unknown): TypedArrayOf {
  if (!accepts(dtype, source)) throw badArray(dtype, dtypeOfArray(source) ?? `type ${typeof source}`);
  checkMemory(source);
  return asStored(dtype, source);
}

/**
 * Arrays in arrays as one typed array in C order. Local. The innermost may be typed arrays; what is no array is one element.
 *
 * @throws BAD_SHAPE BAD_DTYPE BAD_ARGUMENT NOT_CLONEABLE
 */
export function nestedData(dtype: DType, source: unknown): { data: TypedArrayOf; shape: number[] } {
  const shape = lengthsOf(dtype, source);
  const data = newArray(dtype, sizeOf(shape));
  fillLevel(dtype, data, shape, 0, 0, source);
  return { data, shape };
}

/** What a list holds; null for what is no list. */
function itemsOf(dtype: DType, source: unknown): readonly unknown[] | null {
  if (Array.isArray(source)) return source;
  if (!ArrayBuffer.isView(source)) return null;
  const data = typedData(dtype, source);
  return Array.from({ length: countOf(dtype, data) }, (_, index) => readElement(dtype, data, index));
}

/** The lengths met on the way down the first items. */
function lengthsOf(dtype: DType, source: unknown): number[] {
  const items = itemsOf(dtype, source);
  if (items === null) return [];
  return items.length === 0 ? [0] : [items.length, ...lengthsOf(dtype, items[0])];
}

function fillLevel(
  dtype: DType,
  data: TypedArrayOf,
  shape: readonly number[],
  level: number,
  start: number,
  source: unknown,
): void {
  const items = itemsOf(dtype, source);
  if (items?.length !== shape[level]) throw ragged(level, shape[level], items?.length);
  if (items === null) return convert(dtype, data, start, source);
  const step = sizeOf(shape.slice(level + 1));
  for (const [i, item] of items.entries()) fillLevel(dtype, data, shape, level + 1, start + i * step, item);
}

function ragged(level: number, expected: number | undefined, actual: number | undefined): PshmemError {
  return new PshmemError(
    "BAD_SHAPE",
    `The nested arrays are ragged at depth ${level}: ${itemName(actual)} where the first item has ${itemName(expected)}.`,
    { expected, actual },
  );
}

function itemName(length: number | undefined): string {
  return length === undefined ? "an element" : `a list of ${length}`;
}

/** One element of each dtype, to try conversions in. */
const TRIAL = new Map<DType, TypedArrayOf>(DTYPES.map((dtype) => [dtype, newArray(dtype, 1)]));

/** Local: refuses a value that an array of the dtype would not take as an element. @throws BAD_DTYPE BAD_ARGUMENT */
export function checkElement(dtype: DType, value: unknown): void {
  convert(dtype, TRIAL.get(dtype)!, 0, value);
}

/** Stores one element. Floats are rounded to the dtype's precision; integers must fit. */
function convert(dtype: DType, data: TypedArrayOf, index: number, value: unknown): void {
  if (!isScalar(dtype, value)) throw badScalar(dtype, value);
  writeElement(dtype, data, index, value);
  if (!dtype.includes("int") || readElement(dtype, data, index) === value) return;
  throw new PshmemError(
    "BAD_ARGUMENT",
    `${formatScalar(dtype, value)} is no ${dtype}: give an integer in its range.`,
    {
      expected: dtype,
      actual: value,
    },
  );
}
