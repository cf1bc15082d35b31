/**
 * The random numbers of the fuzzer. Every rank draws the same ones: what a program does follows from its seed and its number alone.
 * The generator is mulberry32 (32 bits of state, a Weyl sequence through a mixing function); nothing here needs more.
 */
import { Random } from "../test/property/programs/random.ts";

/** Local: numbers that depend on all of `parts`, in their order. */
export function randomOf(...parts: readonly number[]): Random {
  let state = 0;
  for (const part of parts) {
    const turned = Math.imul(state ^ (part | 0), 0x9e3779b1);
    state = (turned ^ (turned >>> 15)) + 0x6d2b79f5;
  }
  return new Random(state);
}

/** Local: a number of `from` that is not in `without`; `null` if there is none. */
export function otherThan(random: Random, size: number, without: number): number | null {
  return size < 2 ? null : (without + 1 + random.below(size - 1)) % size;
}

export { Random };
