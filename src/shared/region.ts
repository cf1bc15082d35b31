/** Where in an array data goes, and whether it fits there. */
import { resolveSource, type NdSource, type Resolved } from "../array/source.ts";
import { kindOfArray, type DType } from "../array/dtype.ts";
import { selectRegion, type Axis, type Region } from "../array/slice.ts";
import { PshmemError } from "../errors.ts";
import { listText, textOf } from "../shown.ts";

/** Data, and the part of the array that takes it. */
export interface Placement<D extends DType> {
  readonly source: Resolved<D>;
  readonly target: Region;
}

/**
 * Local: a user's offset as plain numbers, one for each axis; null for none. To be read once, and before the data: it may be an object whose fields
 * run code, which could take the data's memory away.
 *
 * @throws BAD_ARGUMENT what is no list
 * @throws BAD_DIMENSIONS
 */
export function offsetOf(
  whole: Region,
  offset: ArrayLike<number> | null | undefined,
): readonly number[] | null {
  if (offset === null || offset === undefined) return null;
  const { length } = whole.shape;
  checkLength(offset, length);
  return Array.from({ length }, (_, axis) => offset[axis]);
}

/** Local: data at an offset, or where the array begins. @throws those of {@link firstOf} */
export function placeAt<D extends DType>(
  whole: Region,
  source: Resolved<D>,
  offset: readonly number[] | null,
): Placement<D> {
  const first = firstOf(whole, source.shape, offset, "the data");
  return { source, target: { offset: first, shape: source.shape, strides: whole.strides } };
}

/**
 * Local: where a part of this shape begins that has its first element at an offset.
 *
 * @throws BAD_ARGUMENT an offset that is not of integers
 * @throws BAD_DIMENSIONS OUT_OF_BOUNDS
 */
export function firstOf(
  whole: Region,
  shape: readonly number[],
  offset: readonly number[] | null,
  what: string,
): number {
  const dimensions = whole.shape.length;
  if (shape.length !== dimensions) throw badDimensions(what, shape.length, dimensions);
  let first = whole.offset;
  for (let axis = 0; axis < dimensions; axis++) {
    const start = offset ? offset[axis] : 0;
    if (!Number.isInteger(start)) throw noOffset(offset);
    checkExtent(start, shape[axis], whole.shape[axis], axis);
    first += whole.strides[axis] * start;
  }
  return first;
}

/**
 * Local: data for what the selectors pick. Only indices, one for each axis, say where data of as many dimensions begins (the
 * original's `array[offset] = data`); otherwise they pick a part as `at` does, which the data must fill. One element fills any part.
 *
 * @throws BAD_ARGUMENT what is no list
 * @throws BAD_DIMENSIONS BAD_SLICE OUT_OF_BOUNDS BAD_SHAPE and those of the data
 */
export function placeIn<D extends DType>(
  whole: Region,
  dtype: D,
  axes: readonly Axis[],
  data: NdSource<D>,
): Placement<D> {
  // Once, and before the data: see `offsetOf`.
  const read = readAxes(axes);
  const isOffset = read.length === whole.shape.length && read.every((axis) => Number.isInteger(axis));
  const part = isOffset ? null : selectRegion(whole, read);
  const source = resolveSource(dtype, data);
  if (isOffset && source.shape.length > 0) return placeAt(whole, source, read as readonly number[]);
  const target = part ?? selectRegion(whole, read);
  if (source.shape.length === 0) return { source: repeated(source, target.shape), target };
  const fits =
    source.shape.length === target.shape.length && target.shape.every((n, axis) => n === source.shape[axis]);
  if (fits) return { source, target };
  const text = `data of shape [${source.shape.join()}] does not fill the selected part of shape [${target.shape.join()}]`;
  throw new PshmemError("BAD_SHAPE", text, { expected: target.shape, actual: source.shape });
}

/** Without types the axes may be anything. */
function readAxes(axes: readonly Axis[]): readonly Axis[] {
  if (Array.isArray(axes) || kindOfArray(axes) !== undefined) return Array.from(axes);
  const actual = textOf(axes);
  const text = `the axes are ${actual}; give a list of indices and slices, one for each axis`;
  throw new PshmemError("BAD_ARGUMENT", text, { actual });
}

/** One element as an array of it: every stride is 0. */
function repeated<D extends DType>(source: Resolved<D>, shape: readonly number[]): Resolved<D> {
  return { ...source, shape, strides: shape.map(() => 0) };
}

/** Without types an offset may be anything. */
function checkLength(offset: ArrayLike<number>, dimensions: number): void {
  if (typeof offset !== "object" || !Number.isInteger(offset.length)) throw noOffset(offset);
  if (offset.length !== dimensions) throw badDimensions("the offset", offset.length, dimensions);
}

function noOffset(offset: unknown): PshmemError {
  const actual = listText(offset);
  const text = `the offset ${actual} is no list of integers; give a whole number, of the type number, for each axis`;
  return new PshmemError("BAD_ARGUMENT", text, { actual });
}

function checkExtent(offset: number, count: number, extent: number, axis: number): void {
  if (offset >= 0 && offset + count <= extent) return;
  const text =
    `${count} elements from offset ${offset} do not fit into axis ${axis} of ${extent} elements; ` +
    "offsets are whole numbers from 0";
  throw new PshmemError("OUT_OF_BOUNDS", text, { expected: extent, actual: [offset, count] });
}

function badDimensions(what: string, actual: number, expected: number): PshmemError {
  const text = `${what} has ${actual} dimensions, the array ${expected}; give one for each axis`;
  return new PshmemError("BAD_DIMENSIONS", text, { expected, actual });
}
