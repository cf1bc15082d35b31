/** `setElements` does what `TypedArray.set` does, whichever memory is shared. */
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { setElements } from "../../dist/array/set-elements.js";

const TYPES = [
  Int8Array,
  Uint8ClampedArray,
  Int16Array,
  Uint32Array,
  Float32Array,
  Float64Array,
  BigInt64Array,
] as const;

/** Where an array lies in its buffer, and how much more there is behind it, in elements. */
const around = fc.record({ before: fc.nat(5), behind: fc.nat(5), isShared: fc.boolean() });

const ROOM = 8;

test("elements come to their places, and nothing else changes", () => {
  fc.assert(
    fc.property(
      fc.constantFrom(...TYPES),
      fc.integer({ min: 0, max: 40_000 }),
      fc.nat(ROOM),
      around,
      around,
      (Type, count, at, from, to) => {
        const make = (length: number, { before, behind, isShared }: typeof from) => {
          const bytes = (before + length + behind) * Type.BYTES_PER_ELEMENT;
          const buffer = isShared ? new SharedArrayBuffer(bytes) : new ArrayBuffer(bytes);
          new Uint8Array(buffer).fill(7);
          return new Type(buffer as ArrayBuffer, before * Type.BYTES_PER_ELEMENT, length);
        };
        const src = make(count, from);
        const bytes = new Uint8Array(src.buffer, src.byteOffset, src.byteLength);
        for (let i = 0; i < bytes.length; i++) bytes[i] = i * 31;
        const [dst, wanted] = [make(count + ROOM, to), make(count + ROOM, { ...to, isShared: false })];
        setElements(dst, src, at);
        (wanted as Float64Array).set(src as Float64Array, at);
        expect(Buffer.compare(new Uint8Array(dst.buffer), new Uint8Array(wanted.buffer))).toBe(0);
      },
    ),
    { numRuns: 200 },
  );
});
