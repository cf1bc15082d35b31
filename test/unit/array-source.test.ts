import { runInNewContext } from "node:vm";
import ndarray from "ndarray";
import { describe, expect, test } from "vitest";
import { type DType, newArray, type TypedArray } from "../../dist/array/dtype.js";
import { resolveSource } from "../../dist/array/source.js";
import { makeView } from "../../dist/array/view.js";

/** As a caller without types calls it. */
function resolve(...args: unknown[]): ReturnType<typeof resolveSource> {
  return Reflect.apply(resolveSource, null, args);
}

/** Two elements from another realm. */
function foreign(kind: string): Uint16Array {
  return runInNewContext(`${kind}.of(0x3c00, 2)`);
}

const code = (name: string) => expect.objectContaining({ code: name });

describe("typed data is taken as it is", () => {
  const data = Float64Array.from({ length: 12 }, (_, i) => i);

  test("alone, it has one dimension", () => {
    expect(resolveSource("float64", data)).toEqual({ data, offset: 0, shape: [12], strides: [1] });
    expect(resolveSource("float64", data).data).toBe(data);
    expect(resolveSource("complex128", data).shape).toEqual([6]);
    expect(() => resolveSource("complex128", new Float64Array(3))).toThrow(code("BAD_SHAPE"));
  });

  test("with a shape beside it", () => {
    expect(resolveSource("float64", data, [3, 4])).toEqual({
      data,
      offset: 0,
      shape: [3, 4],
      strides: [4, 1],
    });
    expect(resolveSource("complex128", data, Int32Array.of(2, 3)).shape).toEqual([2, 3]);
    expect(() => resolveSource("float64", data, [3, 5])).toThrow(code("BAD_SHAPE"));
    expect(() => resolveSource("float64", data, 0 as never)).toThrow(code("BAD_SHAPE"));
    expect(resolveSource("float64", data, null).shape).toEqual([12]);
    expect(() => resolveSource("float64", data, [-12])).toThrow(code("BAD_SHAPE"));
    expect(() => resolveSource("float64", [[1]], [1])).toThrow(code("BAD_DTYPE"));
  });

  test("in an object, by either name of the strides", () => {
    const strided = { data, shape: [2, 2], stride: [-6, 2], offset: 8 };
    expect(resolveSource("float64", strided)).toEqual({ data, shape: [2, 2], strides: [-6, 2], offset: 8 });
    expect(resolveSource("float64", { data, shape: [3, 2], strides: Int32Array.of(4, 1) }).strides).toEqual([
      4, 1,
    ]);
    expect(resolveSource("float64", { data, shape: [6, 2] }).strides).toEqual([2, 1]);
    expect(resolveSource("float64", { data, shape: [0, 99] }).shape).toEqual([0, 99]);
  });

  test("a clamped array is bytes on the same memory", () => {
    const clamped = Uint8ClampedArray.of(1, 2, 3);
    const { data: bytes } = resolveSource("uint8", clamped.subarray(1));
    expect(bytes.buffer).toBe(clamped.buffer);
    expect([...bytes]).toEqual([2, 3]);
  });

  test("what another kind holds is taken as the kind that stores the dtype, on the same memory", () => {
    class Sub extends Float64Array {
      // What makes arrays of its like must not go through it.
      constructor(...args: [ArrayBufferLike, number, number] | [number]) {
        super(...(args as [number]));
        if (args.length > 1) throw new Error("not by this");
      }
    }
    const cases: [DType, TypedArray][] = [
      ["float16", Uint16Array.of(0, 0x3c00, 2).subarray(1)],
      ["float16", foreign("Uint16Array")],
      ["float64", new Sub(2).fill(7)],
      ["int32", foreign("Int32Array")],
      ["uint8", Buffer.of(1, 2)],
      ["bool", Uint8ClampedArray.of(1, 0)],
    ];
    for (const [dtype, source] of cases) {
      for (const taken of [resolve(dtype, source), resolve(dtype, { data: source, shape: [2] })]) {
        expect(taken.data.constructor).toBe(newArray(dtype, 0).constructor);
        expect(taken.data.buffer).toBe(source.buffer);
        expect([taken.data.byteOffset, taken.data.length]).toEqual([source.byteOffset, source.length]);
      }
    }
    const bits = resolveSource("float16", foreign("Uint16Array"));
    expect(makeView("float16", bits.data, bits).toNested()).toEqual([1, 2 ** -23]);
    expect(resolveSource("float16", [foreign("Uint16Array")]).data).toEqual(bits.data.slice());
  });

  test("a view, and a scijs array", () => {
    const view = makeView("float64", data, { offset: 1, shape: [2, 3], strides: [6, 2] });
    expect(resolveSource("float64", view)).toEqual({ data, offset: 1, shape: [2, 3], strides: [6, 2] });
    const scijs = ndarray(data, [3, 4]).transpose(1, 0).lo(1, 1);
    const resolved = resolveSource("float64", scijs);
    expect(resolved).toEqual({ data, offset: 5, shape: [3, 2], strides: [1, 4] });
    expect(makeView("float64", data, resolved).get(2, 1)).toBe(scijs.get(2, 1));
  });

  test("of another kind it is refused", () => {
    expect(() => resolve("float64", new Float32Array(2))).toThrow(code("BAD_DTYPE"));
    expect(() => resolve("float64", { data: new Float32Array(2), shape: [2] })).toThrow(code("BAD_DTYPE"));
    expect(() => resolve("float64", new DataView(new ArrayBuffer(8)))).toThrow(code("BAD_DTYPE"));
    const flags = makeView("bool", new Uint8Array(2), { offset: 0, shape: [2], strides: [1] });
    expect(() => resolve("uint8", flags)).toThrow(code("BAD_DTYPE"));
    expect(resolve("bool", { data: new Uint8Array(2), shape: [2] }).shape).toEqual([2]);
  });

  test("without its memory it is refused, not taken for nothing", () => {
    const lost = new Float64Array(2);
    structuredClone(lost.buffer, { transfer: [lost.buffer] });
    const resizable = new ArrayBuffer(16, { maxByteLength: 32 });
    const short = new Float64Array(resizable, 8, 1);
    resizable.resize(8);
    for (const gone of [lost, short]) {
      for (const source of [gone, [gone], { data: gone, shape: [0] }]) {
        expect(() => resolve("float64", source)).toThrow(code("NOT_CLONEABLE"));
      }
    }
    expect(resolve("float64", new Float64Array(resizable, 8)).shape).toEqual([0]);
  });

  test("its shape, strides and offset must fit", () => {
    expect(() => resolveSource("float64", { data, shape: [13] })).toThrow(code("OUT_OF_BOUNDS"));
    expect(() => resolveSource("float64", { data, shape: [3], stride: [-1], offset: 1 })).toThrow(
      code("OUT_OF_BOUNDS"),
    );
    expect(() => resolveSource("float64", { data, shape: [2, 2], strides: [1] })).toThrow(
      code("BAD_DIMENSIONS"),
    );
    expect(() => resolveSource("float64", { data, shape: [2], strides: [0.5] })).toThrow(
      code("BAD_ARGUMENT"),
    );
    expect(() => resolveSource("float64", { data, shape: [2], offset: 0.5 })).toThrow(code("BAD_ARGUMENT"));
    expect(() => resolve("float64", { data, shape: 2 })).toThrow(code("BAD_SHAPE"));
    for (const strides of [
      1,
      "1",
      ["1"],
      [1n],
      [true],
      [null],
      Object.assign([], { length: 1 }),
      Float64Array.of(1),
    ]) {
      expect(() => resolve("float64", { data, shape: [2], strides })).toThrow(code("BAD_ARGUMENT"));
    }
    for (const offset of ["1", 1n, [1], true, NaN]) {
      expect(() => resolve("float64", { data, shape: [2], offset })).toThrow(code("BAD_ARGUMENT"));
    }
    expect(
      resolve("float64", { data, shape: [2], strides: BigInt64Array.of(2n), offset: null }),
    ).toMatchObject({
      strides: [2],
      offset: 0,
    });
  });
});

describe("other data is converted", () => {
  test("nested arrays, to any depth", () => {
    expect(
      resolveSource("int16", [
        [1, 2, 3],
        [4, 5, 6],
      ]),
    ).toEqual({
      data: Int16Array.of(1, 2, 3, 4, 5, 6),
      offset: 0,
      shape: [2, 3],
      strides: [3, 1],
    });
    expect(resolveSource("float32", [[[1]], [[2]]]).shape).toEqual([2, 1, 1]);
    expect(resolveSource("float64", 5)).toEqual({
      data: Float64Array.of(5),
      offset: 0,
      shape: [],
      strides: [],
    });
    expect(resolveSource("float64", []).shape).toEqual([0]);
    expect(resolveSource("float64", [[], []]).shape).toEqual([2, 0]);
  });

  test("each dtype's own elements", () => {
    expect(resolveSource("int64", [1n, -1n]).data).toEqual(BigInt64Array.of(1n, -1n));
    expect(resolveSource("bool", [[true], [false]]).data).toEqual(Uint8Array.of(1, 0));
    expect(resolveSource("complex64", [{ re: 1, im: 2 }]).data).toEqual(Float32Array.of(1, 2));
    expect(resolveSource("complex64", { re: 1, im: 2 }).shape).toEqual([]);
    expect(resolveSource("float32", [0.1]).data).toEqual(Float32Array.of(0.1));
    expect(resolveSource("float64", { data: [1, 2, 3, 4], shape: [2, 2] }).data).toEqual(
      Float64Array.of(1, 2, 3, 4),
    );
  });

  test("rows may be typed arrays", () => {
    expect(resolveSource("float64", [Float64Array.of(1, 2), Float64Array.of(3, 4)])).toEqual(
      resolveSource("float64", [
        [1, 2],
        [3, 4],
      ]),
    );
    expect(resolveSource("bool", [Uint8Array.of(1, 0)]).shape).toEqual([1, 2]);
    expect(resolveSource("complex64", [Float32Array.of(1, 2, 3, 4)]).shape).toEqual([1, 2]);
    expect(() => resolve("float64", [Float32Array.of(1)])).toThrow(code("BAD_DTYPE"));
  });

  test.each<[string, unknown]>([
    ["a short row", [[1, 2], [3]]],
    ["a long row", [[1], [2, 3]]],
    ["an element for a row", [[1], 2]],
    ["a row for an element", [1, [2]]],
    ["a short typed row", [Float64Array.of(1, 2), Float64Array.of(3)]],
    ["a typed row for an element", [1, Float64Array.of(3)]],
    ["rows of different depth", [[[1]], Float64Array.of(3)]],
  ])("ragged: %s", (_, nested) => {
    expect(() => resolve("float64", nested)).toThrow(code("BAD_SHAPE"));
  });

  test.each<[DType, unknown, string]>([
    ["int8", [128], "BAD_ARGUMENT"],
    ["int8", [0.5], "BAD_ARGUMENT"],
    ["int8", [NaN], "BAD_ARGUMENT"],
    ["uint32", [-1], "BAD_ARGUMENT"],
    ["int64", [2n ** 63n], "BAD_ARGUMENT"],
    ["int64", [1], "BAD_DTYPE"],
    ["int32", [1n], "BAD_DTYPE"],
    ["bool", [1], "BAD_DTYPE"],
    ["complex64", [1], "BAD_DTYPE"],
    ["float64", ["1"], "BAD_DTYPE"],
    ["float64", [null], "BAD_DTYPE"],
    ["float64", null, "BAD_DTYPE"],
    ["float64", undefined, "BAD_DTYPE"],
    ["float64", {}, "BAD_DTYPE"],
    ["float64", "text", "BAD_DTYPE"],
  ])("%s refuses %o: %s", (dtype, source, expected) => {
    expect(() => resolve(dtype, source)).toThrow(code(expected));
  });
});
