/** Where the data of one rank goes. */
import { describe, expect, it } from "vitest";
import type { Segment } from "../../dist/comm/engine.js";
import { Filling } from "../../dist/shared/filling.js";
import { Placing } from "../../dist/shared/placing.js";

const placing = () => new Placing("float64", { offset: 0, shape: [4], strides: [1] });

describe("plain data", () => {
  it("is placed where the array begins, by the same placement for the same length", () => {
    const places = placing();
    const [one, other] = [Float64Array.of(1, 2), Float64Array.of(3, 4)];
    const first = places.place(one, null, null);
    expect(first).toEqual({
      source: { data: one, offset: 0, shape: [2], strides: [1] },
      target: { offset: 0, shape: [2], strides: [1] },
    });
    places.release();
    expect(places.place(other, null, null)).toBe(first);
    expect(first.source.data).toBe(other);
    expect(places.place(Float64Array.of(5), null, null)).not.toBe(first);
  });

  it("is let go", () => {
    const places = placing();
    const placement = places.place(Float64Array.of(1, 2), null, null);
    places.release();
    expect(placement.source.data).toHaveLength(0);
  });

  it("is refused where it does not fit, and where it is of another kind", () => {
    const places = placing();
    places.place(new Float64Array(4), null, null);
    expect(() => places.place(new Float64Array(5), null, null)).toThrow(/do not fit/);
    expect(() => places.place(new Float32Array(4) as never, null, null)).toThrow(/float32/);
    expect(places.place(new Float64Array(4), null, null).source.shape).toEqual([4]);
  });

  it("is looked at once", () => {
    const places = placing();
    const data = new Float64Array(new ArrayBuffer(16, { maxByteLength: 32 }));
    let looks = 0;
    Object.defineProperty(data, "constructor", {
      get() {
        if (++looks === 2) data.buffer.resize(32);
        return Float64Array;
      },
    });
    expect(places.place(data, null, null).source.shape).toEqual([2]);
    expect(looks).toBe(1);
  });
});

describe("data on its way", () => {
  it("is not asked where it lies", () => {
    const segment = {
      buffer: new SharedArrayBuffer(32),
      byteOffset: 0,
      byteLength: 32,
    } as unknown as Segment;
    const filling = new Filling({ dtype: "float64", segment, data: new Float64Array(segment.buffer) });
    const data = new Float64Array(new ArrayBuffer(32), 8, 2);
    const placement = placing().place(data, null, null);
    for (const name of ["buffer", "byteOffset", "length"])
      Object.defineProperty(data, name, { get: () => expect.fail(`${name} was asked`) });
    const source = filling.take(placement).source()!;
    expect([source.byteOffset, source.byteLength]).toEqual([8, 16]);
  });
});
