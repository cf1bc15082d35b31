import * as fc from "fast-check";
import { expect, it } from "vitest";
import { exitCodeOf, exitCodeOfProcess } from "../../dist/exit-code.js";

it("a code gives its low byte, and 0 only if it is 0", () => {
  for (const zero of [0, -0]) expect(exitCodeOf(zero)).toBe(0);
  for (const code of [1, 7, 13, 255]) expect(exitCodeOf(code)).toBe(code);
  expect([-1, 257, 300, 2 ** 32 + 3, Number.MAX_SAFE_INTEGER].map(exitCodeOf)).toEqual([255, 1, 44, 3, 255]);
  for (const code of [256, -256, 512, 2 ** 31, 2 ** 32, 2 ** 60]) expect(exitCodeOf(code)).toBe(1);
  fc.assert(
    fc.property(fc.maxSafeInteger(), (code) => {
      const kept = Number(BigInt.asUintN(8, BigInt(code)));
      expect(exitCodeOf(code)).toBe(code === 0 ? 0 : kept || 1);
    }),
  );
});

it("what is no integer gives 1", () => {
  const others = [
    NaN,
    Infinity,
    0.5,
    1.5,
    0n,
    2n,
    "",
    "0",
    "7",
    "x",
    null,
    undefined,
    true,
    false,
    [],
    [0],
    {},
  ];
  for (const other of [...others, Symbol("s"), { valueOf: () => 0 }]) expect(exitCodeOf(other)).toBe(1);
});

it("a code that Node has let in may be a text", () => {
  expect(["0", " 5 ", "7", "256", "0x0", 0, 3, 512].map(exitCodeOfProcess)).toEqual([0, 5, 7, 1, 0, 0, 3, 1]);
});
