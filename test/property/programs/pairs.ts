/** Shared arrays beside plain ones that hold the same, on ranks that all make up the same program from one seed. */
import assert from "node:assert/strict";
import { MPIShared, world, type Complex, type DType, type Scalar } from "../../../dist/index.js";
import { Random } from "../../../fuzz/random.ts";
import { elementOf, sizeOf, type Part } from "../../../fuzz/writes.ts";

export const seed = Number(process.argv[2]);
export const comm = world();
export const random = new Random(seed);

/** A shared array, and what it must hold: element n is `elementOf(dtype, reference[n])`. */
export interface Pair {
  readonly shared: MPIShared;
  readonly reference: number[];
}

export function store(pair: Pair, { places }: Part, values: readonly number[]): void {
  places.forEach((place, i) => (pair.reference[place] = values[i]));
}

export function makePair(shape: readonly number[], dtype: DType): Pair {
  return {
    shared: new MPIShared(shape, dtype, comm),
    reference: Array.from({ length: sizeOf(shape) }, () => 0),
  };
}

export function isSame(a: unknown, b: Scalar): boolean {
  if (typeof b !== "object") return a === b;
  const { re, im } = a as Complex;
  return re === b.re && im === b.im;
}

export function check({ shared, reference }: Pair, what: string): void {
  const found = ([shared.at().toNested()] as unknown[]).flat(Infinity);
  const expected = reference.map((n) => elementOf(shared.dtype, n));
  if (found.length === expected.length && found.every((x, i) => isSame(x, expected[i]))) return;
  assert.deepEqual(found, expected, `rank ${comm.rank} of ${comm.size} has other elements after ${what}`);
}
