/** Values on their way between ranks, and combined. */
import { runInNewContext } from "node:vm";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { AnyTypedArray, ReduceOp } from "../../dist/comm/contract.js";
import { contents, enclosed } from "../../dist/comm/enclosure.js";
import { PAYLOAD_BYTES } from "../../dist/comm/engine.js";
import { combineAll, combineInto, faultOfOperand, kindOf } from "../../dist/comm/reduce.js";
import { decodeValue, encodeValue } from "../../dist/comm/values.js";

function trip<T>(value: T): T {
  return decodeValue<T>(encodeValue(value));
}

/** Values of all kinds that structuredClone takes, at any depth. */
const anything = fc.anything({
  withBigInt: true,
  withDate: true,
  withMap: true,
  withSet: true,
  withSparseArray: true,
  withTypedArray: true,
});

describe("values", () => {
  it("arrive as structuredClone would copy them", () => {
    fc.assert(
      fc.property(anything, (value) => {
        expect(trip(value)).toStrictEqual(structuredClone(value));
      }),
      { numRuns: 500 },
    );
  });

  it("share no memory with what was sent", () => {
    const sent = { list: new Int16Array([1, 2]), inside: [new Float64Array([3])] };
    const bytes = encodeValue(sent);
    const [first, second] = [decodeValue<typeof sent>(bytes), decodeValue<typeof sent>(bytes)];
    sent.list[0] = 9;
    first.inside[0][0] = 9;
    bytes.fill(0);
    expect(second).toEqual({ list: new Int16Array([1, 2]), inside: [new Float64Array([3])] });
  });

  it("that V8 writes and does not read again are refused where they come", () => {
    const { Module } = Reflect.get(globalThis, "WebAssembly") as { Module: new (code: Uint8Array) => object };
    const bytes = encodeValue([new Module(Uint8Array.of(0, 97, 115, 109, 1, 0, 0, 0))]);
    expect(() => decodeValue(bytes)).toThrow(expect.objectContaining({ code: "NOT_CLONEABLE" }));
  });

  it("that are typed arrays travel as their elements, at any offset", () => {
    const types = [
      Int8Array,
      Uint8ClampedArray,
      Int16Array,
      Uint32Array,
      Float32Array,
      Float64Array,
    ] as const;
    for (const type of types) {
      const whole = new type(1000).map((_, i) => i % 100);
      const part = whole.subarray(3, 7);
      expect(encodeValue(part).length).toBe(part.byteLength + 1);
      const came = trip(part);
      expect(came).toStrictEqual(new type([3, 4, 5, 6]));
      expect(came.buffer.byteLength).toBe(part.byteLength);
    }
    expect(trip(new BigUint64Array([2n ** 64n - 1n]))).toStrictEqual(new BigUint64Array([2n ** 64n - 1n]));
  });

  it("with small views of large memory stay small", () => {
    const large = new Uint8Array(1_000_000);
    expect(encodeValue({ view: large.subarray(5, 10) }).length).toBeLessThan(100);
    expect(trip({ view: large.subarray(5, 10) }).view.buffer.byteLength).toBe(5);
  });

  it("in shared memory are copied out of it", () => {
    const shared = new Int32Array(new SharedArrayBuffer(8)).fill(4);
    for (const came of [trip(shared), trip([shared])[0]]) {
      expect(came).toStrictEqual(new Int32Array([4, 4]));
      expect(came.buffer).toBeInstanceOf(ArrayBuffer);
    }
  });

  it("of the platform's own kinds arrive as such", () => {
    const circular: { self?: unknown } = {};
    circular.self = circular;
    const came = trip(circular);
    expect(came.self).toBe(came);
    expect(trip(new Error("text", { cause: 1 })).message).toBe("text");
    expect(trip(/a+/gi)).toEqual(/a+/gi);
    expect(trip(Buffer.from("abc"))).toStrictEqual(new Uint8Array([97, 98, 99]));
    const view = trip(new DataView(Uint8Array.of(1, 2, 3, 4).buffer, 1, 2));
    expect([view.byteLength, view.getUint8(0)]).toEqual([2, 2]);
    expect(new Uint8Array(trip(Uint8Array.of(7).buffer))[0]).toBe(7);
    for (const value of [undefined, null, NaN, -0, Infinity, "", 2n ** 100n]) expect(trip(value)).toBe(value);
  });

  it("that are typed arrays of a subclass or another realm arrive as what they are underneath", () => {
    class Own extends Float32Array {
      override readonly [Symbol.toStringTag] = "Float64Array" as never;
    }
    const foreign = runInNewContext("BigInt64Array.of(5n)") as BigInt64Array;
    for (const [sent, wanted] of [
      [Own.of(1.5), Float32Array.of(1.5)],
      [foreign, BigInt64Array.of(5n)],
    ]) {
      expect(trip(sent)).toStrictEqual(wanted);
      expect(trip([sent])).toStrictEqual([wanted]);
    }
    const view = runInNewContext("new DataView(Uint8Array.of(1, 2).buffer)") as DataView;
    expect(trip(view)).toStrictEqual(new DataView(Uint8Array.of(1, 2).buffer));
    expect(combineAll<unknown>([Own.of(1), Float32Array.of(2)], "sum")).toEqual(
      expect.objectContaining({ 0: 3 }),
    );
    expect(faultOfOperand(view, "sum")?.code).toBe("BAD_ARGUMENT");
    const large = runInNewContext("Int32Array.of(2 ** 31 - 1)") as Int32Array;
    expect([...combineInto<AnyTypedArray>(large, large.slice(), "prod")]).toEqual([1]);
  });

  it("that have lost their memory are refused", () => {
    const lost = new Int8Array(3);
    const view = new DataView(lost.buffer);
    structuredClone(lost.buffer, { transfer: [lost.buffer] });
    for (const value of [lost, [lost], lost.buffer, [lost.buffer], view, [view]]) {
      expect(() => encodeValue(value)).toThrow(expect.objectContaining({ code: "NOT_CLONEABLE" }));
    }
    expect(faultOfOperand(lost, "sum")?.code).toBe("NOT_CLONEABLE");
    expect(faultOfOperand([1, [lost]], "sum")?.code).toBe("NOT_CLONEABLE");
    for (const empty of [new Int8Array(0), new DataView(new ArrayBuffer(0))]) {
      expect(trip(empty)).toStrictEqual(empty);
      expect(trip([empty])).toStrictEqual([empty]);
    }
  });

  it("that cannot be cloned are refused with a remedy", () => {
    for (const value of [() => 1, Symbol("s"), { deep: [() => 1] }, new WeakMap(), Promise.resolve()]) {
      expect(() => encodeValue(value)).toThrow(
        expect.objectContaining({ code: "NOT_CLONEABLE", message: expect.stringMatching(/send data only/) }),
      );
    }
  });
});

describe("enclosure", () => {
  it("holds what fits beside its mark, and says when something comes later", () => {
    for (const length of [0, 1, PAYLOAD_BYTES - 2, PAYLOAD_BYTES - 1]) {
      const bytes = new Uint8Array(length).fill(5);
      const payload = enclosed(bytes);
      expect(payload.length).toBeLessThanOrEqual(PAYLOAD_BYTES);
      expect(contents(payload)).toStrictEqual(bytes);
    }
    expect(contents(enclosed(new Uint8Array(PAYLOAD_BYTES)))).toBeNull();
  });
});

/** What each operation is on bigints, where nothing wraps or rounds. */
const EXACT: Record<Exclude<ReduceOp, "minloc" | "maxloc">, (a: bigint, b: bigint) => bigint> = {
  sum: (a, b) => a + b,
  prod: (a, b) => a * b,
  min: (a, b) => (a < b ? a : b),
  max: (a, b) => (a > b ? a : b),
  land: (a, b) => (a !== 0n && b !== 0n ? 1n : 0n),
  lor: (a, b) => (a !== 0n || b !== 0n ? 1n : 0n),
  lxor: (a, b) => ((a !== 0n) !== (b !== 0n) ? 1n : 0n),
  band: (a, b) => a & b,
  bor: (a, b) => a | b,
  bxor: (a, b) => a ^ b,
};

/** What an operation makes of one value or more. A logical one gives a truth value of one alone too. */
function folded(op: keyof typeof EXACT, [first, ...rest]: readonly bigint[]): bigint {
  const start = ["land", "lor", "lxor"].includes(op) ? EXACT.lor(first, 0n) : first;
  return rest.reduce(EXACT[op], start);
}

const OPS = Object.keys(EXACT) as (keyof typeof EXACT)[];

const INTEGERS = [Int8Array, Uint8Array, Int16Array, Uint16Array, Int32Array, Uint32Array] as const;
const small = fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 });

describe.each(OPS)("%s", (op) => {
  it("on integers of every kind is what it is on whole numbers, wrapped to the type", () => {
    const lists = fc.array(fc.tuple(small, small), { minLength: 1, maxLength: 5 });
    fc.assert(
      fc.property(lists, fc.constantFrom(...INTEGERS), (rows, type) => {
        const arrays = rows.map((row) => new type(row));
        const came = combineAll<AnyTypedArray>(arrays, op);
        const wanted = [0, 1].map((i) =>
          folded(
            op,
            arrays.map((one) => BigInt(one[i])),
          ),
        );
        const bits = type.BYTES_PER_ELEMENT * 8;
        const wrap = (n: bigint) =>
          type.name.startsWith("U") ? BigInt.asUintN(bits, n) : BigInt.asIntN(bits, n);
        expect(Array.from(came as Int8Array, BigInt)).toEqual(wanted.map(wrap));
        // The arguments stay as they are.
        expect(arrays).toEqual(rows.map((row) => new type(row)));
      }),
    );
  });

  it("on bigints is exact", () => {
    fc.assert(
      fc.property(fc.array(fc.bigInt(), { minLength: 1, maxLength: 5 }), (values) => {
        expect(combineAll(values, op)).toBe(folded(op, values));
      }),
    );
  });

  it("on numbers, and arrays of them, combines each by itself", () => {
    const values = [[6, [3]], [5, [0]], [12, [7]]]; // prettier-ignore
    const one = (pick: (row: (typeof values)[0]) => unknown) => combineAll(values.map(pick), op);
    expect(combineAll(values, op)).toEqual([one((row) => row[0]), one((row) => row[1])]);
  });

  it("is told from values it cannot combine", () => {
    for (const bad of ["text", null, undefined, {}, Symbol("s"), ["a"]]) {
      expect(faultOfOperand(bad, op)?.code).toBe("BAD_ARGUMENT");
    }
    expect(() => combineAll<unknown>([1, 2n], op)).toThrow(expect.objectContaining({ code: "BAD_ARGUMENT" }));
    expect(() => combineAll([[1], [1, 2]], op)).toThrow(expect.objectContaining({ code: "BAD_ARGUMENT" }));
    expect(() => combineInto<AnyTypedArray>(new Int8Array(1), new Uint8Array(1), op)).toThrow(
      expect.objectContaining({ code: "BAD_ARGUMENT" }),
    );
  });
});

describe("reductions", () => {
  it("go in rank order, so that sums of floats repeat", () => {
    fc.assert(
      fc.property(fc.array(fc.double({ noNaN: true }), { minLength: 1 }), (values) => {
        expect(combineAll(values, "sum")).toBe(values.reduce((a, b) => a + b));
      }),
    );
  });

  it("keep a NaN wherever it stands", () => {
    for (const op of ["min", "max"] as const) {
      expect(combineAll([1, NaN, 2], op)).toBeNaN();
      expect(combineAll([NaN, 1], op)).toBeNaN();
      expect(combineAll([new Float32Array([NaN]), new Float32Array([1])], op)[0]).toBeNaN();
    }
    for (const op of ["minloc", "maxloc"] as const) {
      for (const place of [0, 1, 2]) {
        const values = [4, 4, 4].with(place, NaN);
        expect(combineAll<unknown>(values, op)).toEqual([NaN, place]);
        expect(combineAll<unknown>([...values, NaN], op)).toEqual([NaN, place]);
      }
      expect(combineAll([[NaN, 7], [NaN, 3], [1, 0]], op)).toEqual([NaN, 3]); // prettier-ignore
    }
  });

  it("of bits need integers, of any size", () => {
    expect(combineAll([2 ** 40 + 1, 2 ** 40], "band")).toBe(2 ** 40);
    expect(faultOfOperand(0.5, "bor")?.code).toBe("BAD_ARGUMENT");
    const fault = faultOfOperand(new Float64Array(1), "bxor");
    expect(fault).toMatchObject({
      code: "BAD_ARGUMENT",
      message: "bxor works on integers, not on Float64Array",
    });
    expect(combineAll([true, false], "bxor")).toBe(true);
  });

  it("of bits refuse half floats where there are any", () => {
    const { Float16Array } = globalThis as { Float16Array?: new (length: number) => AnyTypedArray };
    // Older Nodes have none: then nothing can be passed that would have to be refused.
    if (Float16Array) expect(faultOfOperand(new Float16Array(1), "band")?.code).toBe("BAD_ARGUMENT");
    else expect("Float16Array" in globalThis).toBe(false);
  });

  it.each(["land", "lor", "lxor"] as const)("%s gives a truth value of one value alone too", (op) => {
    expect(combineAll([6], op)).toBe(1);
    expect(combineAll([0n], op)).toBe(0n);
    expect(combineAll([true], op)).toBe(true);
    expect(combineAll([[0, 5]], op)).toEqual([0, 1]);
    const own = new BigInt64Array([0n, 5n]);
    expect(combineAll([own], op)).toEqual(new BigInt64Array([0n, 1n]));
    expect(own[1]).toBe(5n);
  });

  it("that locate give the lowest place of equal values", () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 3 }), { minLength: 1 }), (values) => {
        const [least, most] = [Math.min(...values), Math.max(...values)];
        expect(combineAll<unknown>(values, "minloc")).toEqual([least, values.indexOf(least)]);
        expect(combineAll<unknown>(values, "maxloc", 10)).toEqual([most, 10 + values.indexOf(most)]);
      }),
    );
    expect(combineAll([[3, 8], [3, 2], [4, 0]], "minloc")).toEqual([3, 2]); // prettier-ignore
    expect(faultOfOperand("x", "maxloc")?.code).toBe("BAD_ARGUMENT");
    expect(faultOfOperand(new Int8Array(1), "minloc")?.code).toBe("BAD_ARGUMENT");
  });

  it("that are none are refused, whatever is passed for one", () => {
    const circular: { self?: unknown } = {};
    circular.self = circular;
    for (const bad of ["", "SUM", "toString", null, undefined, 1, circular, Symbol("sum")]) {
      const fault = faultOfOperand(1, bad as ReduceOp);
      expect(fault?.code).toBe("BAD_ARGUMENT");
      expect(fault?.message).toContain("minloc");
    }
  });

  it("name the kinds of values so that equal names can be combined", () => {
    const value = fc.oneof(
      fc.integer(),
      fc.bigInt(),
      fc.boolean(),
      fc.array(fc.oneof(fc.integer(), fc.bigInt()), { maxLength: 2 }),
      fc.int8Array({ maxLength: 2 }),
      fc.float32Array({ maxLength: 2 }),
    );
    fc.assert(
      fc.property(value, value, (a, b) => {
        const can = (() => {
          try {
            combineAll<unknown>([a, b], "sum");
            return true;
          } catch {
            return false;
          }
        })();
        expect(can).toBe(kindOf(a) === kindOf(b));
      }),
    );
  });
});
