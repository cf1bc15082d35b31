import * as fc from "fast-check";
import { expect, test } from "vitest";
import { copySlab, packSlab, slabBytes, slabOf, unpackSlab } from "../../dist/array/slab.js";
import { copyWindows } from "../../dist/array/words.js";

test("offsets and strides beyond 2^31 elements", () => {
  const far = 2 ** 31 + 40;
  const memory = new Uint8Array(far + 40);
  copySlab(
    memory,
    3,
    [far, 1],
    Uint8Array.from({ length: 60 }, (_, i) => i + 1),
    0,
    [30, 1],
    [2, 30],
  );
  expect(memory[3]).toBe(1);
  expect(memory[far + 3]).toBe(31);

  const slab = slabOf("uint8", 3, [2, 30], [far, 1]);
  expect(slabBytes(slab)).toBe(60);
  const piece = new Uint8Array(20);
  expect(packSlab(memory, slab, 25, piece)).toBe(20);
  expect([...piece]).toEqual(Array.from({ length: 20 }, (_, i) => i + 26));

  copySlab(memory, far, [1], memory, far + 3, [1], [30]);
  expect(memory[far]).toBe(31);
  expect(unpackSlab(memory, slabOf("uint8", far, [20], [1]), 0, piece)).toBe(20);
  expect([...memory.subarray(far, far + 20)]).toEqual([...piece]);
});

test("a copy too long for one typed array is done in parts", () => {
  const parts = fc.record({ rows: fc.integer({ min: 1, max: 5 }), columns: fc.integer({ min: 1, max: 5 }) });
  fc.assert(
    fc.property(
      parts,
      fc.integer({ min: 1, max: 4 }),
      fc.integer({ min: 4, max: 30 }),
      ({ rows, columns }, run, most) => {
        const src = Uint16Array.from({ length: 200 }, (_, i) => i);
        const dst = new Uint16Array(200);
        const axes = { extents: [rows, columns], to: [columns * run, run], from: [35, run + 1] };
        copyWindows({ dst, src, d: 2, s: 1, ...axes, run, wordBytes: 2 }, undefined, most);
        const expected = new Uint16Array(200);
        let at = 2;
        for (let i = 0; i < rows; i++) {
          for (let j = 0; j < columns; j++) {
            for (let k = 0; k < run; k++) expected[at++] = 1 + i * 35 + j * (run + 1) + k;
          }
        }
        expect([...dst]).toEqual([...expected]);
      },
    ),
  );
});

test("parts of one run go in the order that an overlap needs", () => {
  for (const [d, s] of [
    [0, 5],
    [5, 0],
  ]) {
    const memory = Uint8Array.from({ length: 40 }, (_, i) => i);
    const expected = memory.slice().copyWithin(d, s, s + 30);
    const axes = { extents: [], to: [], from: [] };
    copyWindows({ dst: memory, src: memory, d, s, ...axes, run: 30, wordBytes: 1 }, 2, 8);
    expect([...memory]).toEqual([...expected]);
  }
});
