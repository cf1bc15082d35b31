/** Shapes: checking them, and what follows from them. Sizes and strides count elements; the order is C order. */
import { PshmemError } from "../errors.ts";
import { listText } from "../shown.ts";

/**
 * Returns a shape as a plain array. Local. Takes plain arrays and typed arrays of integers alike; `[]` is the shape of an array with
 * no axis and one element, and an axis may have length 0. `call` names the caller in the error.
 *
 * @throws BAD_SHAPE for anything but non-negative integers whose product is a safe integer
 */
export function checkShape(shape: unknown, call?: string): number[] {
  if (!isListOfIntegers(shape)) throw badShape(shape, "is no list of integers", call);
  const extents = Array.from(shape, Number);
  if (extents.some((extent) => !Number.isSafeInteger(extent))) {
    throw badShape(shape, "contains what is no integer", call);
  }
  if (extents.some((extent) => extent < 0)) throw badShape(shape, "contains a negative length", call);
  if (!Number.isSafeInteger(sizeOf(extents))) throw badShape(shape, "has too many elements", call);
  return extents;
}

/** Local: whether a list can be one of integers. Arrays of floats are refused for their kind, even where each value happens to be whole. */
export function isListOfIntegers(shape: unknown): shape is ArrayLike<number | bigint> {
  if (ArrayBuffer.isView(shape)) return /Int|Uint/.test(Object.prototype.toString.call(shape));
  return Array.isArray(shape) && shape.every((extent) => typeof extent === "number");
}

function badShape(shape: unknown, problem: string, call?: string): PshmemError {
  const text = listText(shape);
  return new PshmemError(
    "BAD_SHAPE",
    `The shape ${text} ${problem}: give one non-negative integer for each axis.`,
    {
      call,
      actual: text,
    },
  );
}

/** Elements in an array of this shape. Local. */
export function sizeOf(shape: readonly number[]): number {
  let size = 1;
  // A zero decides even where the other lengths multiply to infinity. By index, which allocates nothing, as every `set` asks.
  for (let axis = 0; axis < shape.length; axis++) {
    if (shape[axis] === 0) return 0;
    size *= shape[axis];
  }
  return size;
}

/** The strides of a contiguous array of this shape. Local. */
export function stridesOf(shape: readonly number[]): number[] {
  // Most arrays that are given as they are: without the call that `slice` is.
  if (shape.length === 1) return [1];
  const strides = shape.slice();
  let stride = 1;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    strides[axis] = stride;
    stride *= shape[axis];
  }
  return strides;
}
