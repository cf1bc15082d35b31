/** The element types: their names, sizes, typed arrays, and the way to read and write one element. */
import { PshmemError } from "../errors.ts";
import { halfToNumber, numberToHalf } from "./float16.ts";
import { textOf } from "../shown.ts";

/** Every dtype, by its NumPy name. */
export const DTYPES = [
  "int8",
  "uint8",
  "int16",
  "uint16",
  "int32",
  "uint32",
  "int64",
  "uint64",
  "float16",
  "float32",
  "float64",
  "complex64",
  "complex128",
  "bool",
] as const;

/** The name of an element type. */
export type DType = (typeof DTYPES)[number];

/** A complex number. */
export interface Complex {
  readonly re: number;
  readonly im: number;
}

/** Names `Float16Array` only where the program's `lib` knows it: naming it outright would oblige every consumer to es2025. */
type HalfArray = typeof globalThis extends { Float16Array: { prototype: infer A } }
  ? A | Uint16Array
  : Uint16Array;

interface ArrayTypes {
  int8: Int8Array;
  uint8: Uint8Array;
  int16: Int16Array;
  uint16: Uint16Array;
  int32: Int32Array;
  uint32: Uint32Array;
  int64: BigInt64Array;
  uint64: BigUint64Array;
  float16: HalfArray;
  float32: Float32Array;
  float64: Float64Array;
  complex64: Float32Array;
  complex128: Float64Array;
  bool: Uint8Array;
}

interface ScalarTypes {
  int8: number;
  uint8: number;
  int16: number;
  uint16: number;
  int32: number;
  uint32: number;
  int64: bigint;
  uint64: bigint;
  float16: number;
  float32: number;
  float64: number;
  complex64: Complex;
  complex128: Complex;
  bool: boolean;
}

/**
 * The typed array that stores elements of a dtype. `bool` is a byte, 0 or 1 (bytes that come in a typed array are kept as they are: any but 0
 * is true); complex numbers are interleaved, real part first; `float16` is a `Float16Array` where the runtime has one, else its bits in a
 * `Uint16Array`.
 */
export type TypedArrayOf<D extends DType = DType> = ArrayTypes[D];

/** What one element reads as: `bigint` for 64-bit integers, `boolean` for bool, {@link Complex}, else `number`. */
export type Scalar<D extends DType = DType> = ScalarTypes[D];

/** A typed array of any kind. */
export type TypedArray = TypedArrayOf | Uint8ClampedArray;

/** What elements can be read from. */
export type Elements = ArrayLike<number> | ArrayLike<bigint>;

/** The methods that change a typed array in place. */
type Mutator = "copyWithin" | "fill" | "reverse" | "set" | "sort";

/** A typed array with everything removed, by type, that would change it. */
type ReadonlyTypedArray<A extends TypedArray> = {
  readonly [K in keyof A as K extends Mutator | "subarray" | "valueOf" ? never : K]: A[K];
} & {
  /** The elements from `begin` up to `end`, no copy, read-only again. */
  subarray(begin?: number, end?: number): ReadonlyTypedArray<A>;
};

/** The typed array of a dtype, read-only by type. Hand it to code that insists on a mutable one with a cast, or copy it. */
export type ReadonlyTypedArrayOf<D extends DType = DType> = ReadonlyTypedArray<TypedArrayOf<D>>;

interface ArrayConstructor<A> {
  new (buffer: ArrayBufferLike, byteOffset: number, length: number): A;
  readonly BYTES_PER_ELEMENT: number;
}

const NativeFloat16: ArrayConstructor<HalfArray> | undefined = Reflect.get(globalThis, "Float16Array");

const CONSTRUCTORS: { readonly [D in DType]: ArrayConstructor<ArrayTypes[D]> } = {
  int8: Int8Array,
  uint8: Uint8Array,
  int16: Int16Array,
  uint16: Uint16Array,
  int32: Int32Array,
  uint32: Uint32Array,
  int64: BigInt64Array,
  uint64: BigUint64Array,
  float16: NativeFloat16 ?? Uint16Array,
  float32: Float32Array,
  float64: Float64Array,
  complex64: Float32Array,
  complex128: Float64Array,
  bool: Uint8Array,
};

/** The dtype a typed array has by itself. */
const NATURAL = new Map<string, DType>([
  ["Int8Array", "int8"],
  ["Uint8Array", "uint8"],
  ["Uint8ClampedArray", "uint8"],
  ["Int16Array", "int16"],
  ["Uint16Array", "uint16"],
  ["Int32Array", "int32"],
  ["Uint32Array", "uint32"],
  ["BigInt64Array", "int64"],
  ["BigUint64Array", "uint64"],
  ["Float16Array", "float16"],
  ["Float32Array", "float32"],
  ["Float64Array", "float64"],
]);

/** The dtypes that a typed array may hold although its natural dtype is another. */
const STORED_AS: Partial<Record<DType, DType>> = {
  bool: "uint8",
  complex64: "float32",
  complex128: "float64",
  float16: "uint16",
};

/** True for the name of a dtype. Local. */
export function isDType(name: unknown): name is DType {
  return (DTYPES as readonly unknown[]).includes(name);
}

/** Returns the name if it is a dtype. Local. `call` names the caller in the error. @throws BAD_DTYPE */
export function checkDType(name: unknown, call?: string): DType {
  if (isDType(name)) return name;
  throw new PshmemError("BAD_DTYPE", `Unknown dtype ${textOf(name)}: use one of ${DTYPES.join(", ")}.`, {
    call,
    expected: DTYPES,
    actual: typeof name === "string" ? name : textOf(name),
  });
}

/** Numbers that make up one element: 2 for complex dtypes, else 1. Local. */
export function lanesOf(dtype: DType): 1 | 2 {
  return isComplex(dtype) ? 2 : 1;
}

/** True for complex64 and complex128. Local. */
export function isComplex(dtype: DType): dtype is "complex64" | "complex128" {
  return dtype === "complex64" || dtype === "complex128";
}

/** True for the dtypes whose elements are `bigint`: int64 and uint64. Local. */
function isBigInt(dtype: DType): dtype is "int64" | "uint64" {
  return dtype === "int64" || dtype === "uint64";
}

/** Bytes of one element. Local. */
export function itemSize(dtype: DType): number {
  return CONSTRUCTORS[dtype].BYTES_PER_ELEMENT * lanesOf(dtype);
}

/**
 * A typed array over `count` elements of `buffer`, from `byteOffset` (a multiple of the size of the element's numbers). Local, no copy.
 *
 * @throws RangeError, the platform's, where the elements do not fit into the buffer
 */
export function makeArray<D extends DType>(
  dtype: D,
  buffer: ArrayBufferLike,
  byteOffset: number,
  count: number,
): TypedArrayOf<D> {
  return new CONSTRUCTORS[dtype](buffer, byteOffset, count * lanesOf(dtype));
}

/** A zeroed typed array of `count` elements with a buffer of its own. Local. */
export function newArray<D extends DType>(dtype: D, count: number): TypedArrayOf<D> {
  return makeArray(dtype, new ArrayBuffer(count * itemSize(dtype)), 0, count);
}

/** What all typed arrays inherit from. */
const { prototype } = Object.getPrototypeOf(Uint8Array) as { readonly prototype: TypedArray };
const { get: tag } = Object.getOwnPropertyDescriptor(prototype, Symbol.toStringTag) as {
  readonly get: () => string | undefined;
};
const { get: length } = Object.getOwnPropertyDescriptor(prototype, "length") as {
  readonly get: () => number;
};
const { get: buffer } = Object.getOwnPropertyDescriptor(prototype, "buffer") as {
  readonly get: () => ArrayBufferLike;
};
const { get: byteOffset } = Object.getOwnPropertyDescriptor(prototype, "byteOffset") as {
  readonly get: () => number;
};
const { set } = prototype as { readonly set: (elements: Elements, at: number) => void };

/** `array.length`, in less time where typed arrays of many kinds come by: V8 looks a property of those up each time. Local. */
export function lengthOf(array: TypedArray): number {
  return Reflect.apply(length, array, []);
}

/** `array.buffer`, past what a subclass or the array itself says of it: no code of a user runs. Local. */
export function bufferOf(array: TypedArray): ArrayBufferLike {
  return Reflect.apply(buffer, array, []);
}

/** `array.byteOffset` in the same way. Local. */
export function byteOffsetOf(array: TypedArray): number {
  return Reflect.apply(byteOffset, array, []);
}

/** `target.set(elements, at)` in the same way: see {@link lengthOf}. Both are of one kind. Local. */
export function setInto(target: TypedArray, elements: TypedArray, at: number): void {
  Reflect.apply(set, target, [elements, at]);
}

/** The kind of a typed array by name, for arrays of subclasses and of other realms too; undefined for anything else. Local. */
export function kindOfArray(value: unknown): string | undefined {
  return Reflect.apply(tag, value, []);
}

/**
 * Refuses a typed array whose buffer was transferred away, or has become too short for it. Such an array seems to be of length 0, which no
 * rank should take for no elements. Local.
 *
 * @throws NOT_CLONEABLE
 */
export function checkMemory(array: TypedArray): void {
  if (lengthOf(array) > 0) return;
  try {
    // The platform's methods look.
    Reflect.apply(prototype.at, array, [0]);
  } catch (cause) {
    const text =
      "The typed array has lost its memory: its buffer was transferred, or has shrunk. Give an array that has its own.";
    throw new PshmemError("NOT_CLONEABLE", text, { cause });
  }
}

/** The dtype a typed array has by itself, or null for anything else. Local. */
export function dtypeOfArray(array: unknown): DType | null {
  return NATURAL.get(kindOfArray(array) ?? "") ?? null;
}

/**
 * True if a typed array may hold elements of a dtype: its natural dtype, and `Uint8Array` for bool, `Float32Array` and
 * `Float64Array` for complex numbers, `Uint16Array` (the bits) for float16. Local.
 */
export function accepts(dtype: DType, array: unknown): array is TypedArray {
  const natural = dtypeOfArray(array);
  return natural !== null && (natural === dtype || natural === STORED_AS[dtype]);
}

/**
 * A typed array that {@link accepts} the dtype, as the platform's own array of the kind that stores it: bits of halves as a `Float16Array`
 * where there is one, a clamped array as bytes, one of a subclass or another realm as what it is. Local; on the same memory, no copy.
 */
export function asStored<D extends DType>(dtype: D, array: TypedArray): TypedArrayOf<D> {
  const Kind = CONSTRUCTORS[dtype];
  if (array.constructor === Kind) return array as TypedArrayOf<D>;
  return new Kind(array.buffer, array.byteOffset, lengthOf(array));
}

function isHalfBits(array: unknown): boolean {
  return array instanceof Uint16Array;
}

/** Element number `index` of a typed array that {@link accepts} the dtype. Local. */
export function readElement<D extends DType>(dtype: D, array: Elements, index: number): Scalar<D>;
export function readElement(dtype: DType, array: Elements, index: number): Scalar {
  if (isComplex(dtype)) return { re: Number(array[2 * index]), im: Number(array[2 * index + 1]) };
  const stored = array[index];
  if (dtype === "bool") return stored !== 0;
  if (dtype === "float16" && isHalfBits(array)) return halfToNumber(Number(stored));
  return stored;
}

/**
 * Stores `value` as element number `index` of a typed array that {@link accepts} the dtype. Local.
 *
 * @throws BAD_DTYPE if the value is of another kind than the dtype's {@link Scalar}
 */
export function writeElement<D extends DType>(
  dtype: D,
  array: TypedArrayOf<D>,
  index: number,
  value: Scalar<D>,
): void;
export function writeElement(dtype: DType, array: TypedArrayOf, index: number, value: Scalar): void {
  if (!isScalar(dtype, value)) throw badScalar(dtype, value);
  if (typeof value === "object") {
    array[2 * index] = value.re;
    array[2 * index + 1] = value.im;
  } else if (dtype === "float16" && isHalfBits(array)) {
    array[index] = numberToHalf(Number(value));
  } else {
    array[index] = typeof value === "boolean" ? Number(value) : value;
  }
}

/** True if a value is what an element of the dtype reads as; whether it is in range is not looked at. Local. */
export function isScalar<D extends DType>(dtype: D, value: unknown): value is Scalar<D> {
  if (isComplex(dtype)) {
    const { re, im } = (value ?? {}) as Partial<Complex>;
    return typeof re === "number" && typeof im === "number";
  }
  if (dtype === "bool") return typeof value === "boolean";
  return typeof value === (isBigInt(dtype) ? "bigint" : "number");
}

/** The error for a value that is no element of a dtype. Local. */
export function badScalar(dtype: DType, value: unknown): PshmemError {
  let kind = "a number";
  if (isComplex(dtype)) kind = "{ re, im }";
  else if (dtype === "bool") kind = "true or false";
  else if (isBigInt(dtype)) kind = "a bigint, for example 1n";
  const actual = value === null ? "null" : typeof value;
  return new PshmemError("BAD_DTYPE", `An element of ${dtype} is ${kind}, not ${actual}.`, {
    expected: dtype,
    actual,
  });
}
