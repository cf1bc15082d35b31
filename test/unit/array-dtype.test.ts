import { describe, expect, test } from "vitest";
import {
  accepts,
  checkDType,
  DTYPES,
  dtypeOfArray,
  isDType,
  itemSize,
  lanesOf,
  makeArray,
  newArray,
  readElement,
  type Scalar,
  writeElement,
} from "../../dist/array/dtype.js";
import { halfToNumber, numberToHalf } from "../../dist/array/float16.js";

test("names and sizes", () => {
  const sizes = Object.fromEntries(DTYPES.map((dtype) => [dtype, itemSize(dtype)]));
  expect(sizes).toEqual({
    int8: 1,
    uint8: 1,
    int16: 2,
    uint16: 2,
    int32: 4,
    uint32: 4,
    int64: 8,
    uint64: 8,
    float16: 2,
    float32: 4,
    float64: 8,
    complex64: 8,
    complex128: 16,
    bool: 1,
  });
  expect(isDType("float64")).toBe(true);
  expect(isDType("float")).toBe(false);
  expect(isDType(null)).toBe(false);
  expect(checkDType("bool")).toBe("bool");
  expect(() => checkDType("float", "new MPIShared")).toThrow(
    expect.objectContaining({ code: "BAD_DTYPE", call: "new MPIShared", actual: "float" }),
  );
});

test("an array of a dtype is one that the dtype accepts, over the memory given", () => {
  const memory = new SharedArrayBuffer(64);
  for (const dtype of DTYPES) {
    const array = makeArray(dtype, memory, 16, 2);
    expect(array.buffer).toBe(memory);
    expect([array.byteOffset, array.byteLength]).toEqual([16, 2 * itemSize(dtype)]);
    expect(array.length).toBe(2 * lanesOf(dtype));
    expect(accepts(dtype, array)).toBe(true);
  }
});

test("which typed array may hold what", () => {
  const kinds = [
    new Int8Array(1),
    new Uint8Array(1),
    new Uint8ClampedArray(1),
    new Uint16Array(1),
    new BigInt64Array(1),
    new Float32Array(1),
    new Float64Array(1),
  ];
  expect(kinds.map(dtypeOfArray)).toEqual([
    "int8",
    "uint8",
    "uint8",
    "uint16",
    "int64",
    "float32",
    "float64",
  ]);
  expect(dtypeOfArray(new DataView(new ArrayBuffer(1)))).toBeNull();
  expect(dtypeOfArray([1])).toBeNull();
  expect(accepts("bool", new Uint8Array(1))).toBe(true);
  expect(accepts("uint8", new Uint8ClampedArray(1))).toBe(true);
  expect(accepts("float16", new Uint16Array(1))).toBe(true);
  expect(accepts("complex64", new Float32Array(2))).toBe(true);
  expect(accepts("complex64", new Float64Array(2))).toBe(false);
  expect(accepts("float64", new Float32Array(1))).toBe(false);
  expect(accepts("uint8", new Int8Array(1))).toBe(false);
  expect(accepts("int64", new BigUint64Array(1))).toBe(false);
  expect(accepts("float64", [1])).toBe(false);
});

test("elements read back as written, and only where they are", () => {
  const values: { [D in (typeof DTYPES)[number]]: Scalar<D> } = {
    int8: -5,
    uint8: 250,
    int16: -300,
    uint16: 60000,
    int32: -70000,
    uint32: 4e9,
    int64: -(2n ** 60n),
    uint64: 2n ** 63n,
    float16: 0.5,
    float32: 0.25,
    float64: 0.1,
    complex64: { re: 1.5, im: -2 },
    complex128: { re: 0.1, im: 0.2 },
    bool: true,
  };
  for (const dtype of DTYPES) {
    const array = newArray(dtype, 3);
    writeElement(dtype, array, 1, values[dtype]);
    expect(readElement(dtype, array, 1)).toEqual(values[dtype]);
    expect(readElement(dtype, array, 0)).toEqual(readElement(dtype, newArray(dtype, 1), 0));
    expect(readElement(dtype, array, 2)).toEqual(readElement(dtype, newArray(dtype, 1), 0));
  }
});

test("an element of another kind is refused", () => {
  const refused: readonly [(typeof DTYPES)[number], unknown][] = [
    ["int64", 1],
    ["int32", 1n],
    ["bool", 1],
    ["float64", true],
    ["complex64", 1],
    ["complex128", { re: 1 }],
    ["complex128", null],
    ["float32", "1"],
  ];
  for (const [dtype, value] of refused) {
    const args: unknown[] = [dtype, newArray(dtype, 1), 0, value];
    expect(() => Reflect.apply(writeElement, null, args), dtype).toThrow(
      expect.objectContaining({ code: "BAD_DTYPE", expected: dtype }),
    );
  }
});

describe("halves", () => {
  const finite = Array.from({ length: 0x7c00 }, (_, bits) => bits);

  test("every pattern is the number that its fields say", () => {
    for (const bits of finite) {
      const [exponent, fraction] = [bits >> 10, bits & 0x3ff];
      const value =
        exponent === 0 ? (fraction / 1024) * 2 ** -14 : (1 + fraction / 1024) * 2 ** (exponent - 15);
      expect(halfToNumber(bits)).toBe(value);
      expect(halfToNumber(bits | 0x8000)).toBe(-value);
    }
    expect(halfToNumber(0x7c00)).toBe(Infinity);
    expect(halfToNumber(0xfc00)).toBe(-Infinity);
    for (let bits = 0x7c01; bits < 0x8000; bits++) {
      expect(halfToNumber(bits)).toBeNaN();
      expect(halfToNumber(bits | 0x8000)).toBeNaN();
    }
  });

  test("every pattern comes back", () => {
    for (const bits of [...finite, 0x7c00]) {
      expect(numberToHalf(halfToNumber(bits))).toBe(bits);
      expect(numberToHalf(halfToNumber(bits | 0x8000))).toBe(bits | 0x8000);
    }
    expect(numberToHalf(NaN)).toBe(0x7e00);
  });

  test("what is between two halves goes to the nearer, and in the middle to the even", () => {
    for (const bits of finite) {
      const low = halfToNumber(bits);
      const high = bits === 0x7bff ? 65536 : halfToNumber(bits + 1);
      const middle = (low + high) / 2;
      const nudge = middle * 2 ** -52;
      expect(numberToHalf(middle)).toBe(bits % 2 === 0 ? bits : bits + 1);
      expect(numberToHalf(middle - nudge)).toBe(bits);
      expect(numberToHalf(-(middle + nudge))).toBe((bits + 1) | 0x8000);
    }
    expect(numberToHalf(1e300)).toBe(0x7c00);
    expect(numberToHalf(5e-324)).toBe(0);
  });

  const Native: { new (values: number[]): { [i: number]: number; buffer: ArrayBuffer } } | undefined =
    Reflect.get(globalThis, "Float16Array");

  test.runIf(Native !== undefined)("the platform's halves agree", () => {
    const values = finite.flatMap((bits) => [halfToNumber(bits), halfToNumber(bits) * (1 + 2 ** -12)]);
    const native = new Native!(values);
    const patterns = new Uint16Array(native.buffer);
    for (const [i, value] of values.entries()) {
      expect(numberToHalf(value)).toBe(patterns[i]);
      expect(halfToNumber(patterns[i])).toBe(native[i]);
    }
  });
});
