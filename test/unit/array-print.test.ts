import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { type DType, DTYPES, isDType, makeArray, type TypedArrayOf } from "../../dist/array/dtype.js";
import { formatScalar, formatShared } from "../../dist/array/print.js";
import { sizeOf, stridesOf } from "../../dist/array/shape.js";
import { makeView } from "../../dist/array/view.js";

interface Entry {
  readonly dtype: DType;
  readonly shape: readonly number[];
  readonly data: string;
  readonly text: string;
}

function fixtures(name: string): Entry[] {
  const text = readFileSync(new URL(`../../fixtures/printing/${name}.json`, import.meta.url), "utf8");
  const entries: Entry[] = JSON.parse(text);
  expect(entries.length).toBeGreaterThan(10);
  return entries;
}

function viewOf({ dtype, shape, data }: Entry) {
  const bytes = new Uint8Array(Buffer.from(data, "base64"));
  const array: TypedArrayOf = makeArray(dtype, bytes.buffer, 0, sizeOf(shape));
  return makeView(dtype, array, { offset: 0, shape, strides: stridesOf(shape) });
}

describe("arrays print as in NumPy", () => {
  test.each(DTYPES)("%s", (dtype) => {
    for (const entry of fixtures(dtype)) expect(String(viewOf(entry)), entry.shape.join()).toBe(entry.text);
  });

  test("a view that is not contiguous prints as its copy does", () => {
    const data = Float64Array.from({ length: 60 }, (_, i) => i / 8);
    const view = makeView("float64", data, { offset: 59, shape: [4, 5], strides: [-15, -2] });
    expect(String(view)).toBe(String(view.copy()));
    expect(String(view.at(0, 0))).toBe("7.375");
  });
});

describe("a shared array prints as in the original", () => {
  test("without a communicator", () => {
    for (const entry of fixtures("shared")) {
      const { dtype, shape, text } = entry;
      const view = viewOf(entry);
      expect(formatShared({ nodes: 1, nodeSizes: [1], ranks: 1, shape, dtype, view })).toBe(text);
    }
  });

  test("where nodes differ in size, and without an axis", () => {
    const view = makeView("int32", Int32Array.of(7), { offset: 0, shape: [], strides: [] });
    const text = formatShared({ nodes: 2, nodeSizes: [3, 1], ranks: 4, shape: [], dtype: "int32", view });
    expect(text.split("\n")).toEqual([
      "<MPIShared",
      "  replicated on 2 nodes, each with 1 to 3 processes (4 total)",
      "  shape = (), dtype = int32",
      "  [ 7 ]",
      ">",
    ]);
  });
});

test("every dtype has a scalar text", () => {
  expect(DTYPES.every(isDType)).toBe(true);
  expect(formatScalar("bool", true)).toBe("True");
  expect(formatScalar("int64", -5n)).toBe("-5");
  expect(formatScalar("float32", Math.fround(0.1))).toBe("0.1");
  expect(formatScalar("float64", 1)).toBe("1.0");
  expect(formatScalar("complex128", { re: 1, im: -0.5 })).toBe("(1-0.5j)");
});
