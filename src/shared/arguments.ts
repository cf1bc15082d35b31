/** What the calls of an array are given, and what is wrong with it. */
import { checkDType } from "../array/dtype.ts";
import { checkShape, sizeOf } from "../array/shape.ts";
import { faultOfLength } from "../comm/arguments.ts";
import { asFault } from "../comm/verdict.ts";
import { PshmemError } from "../errors.ts";

/** Local: the shape as numbers, and what is wrong with it or the dtype. */
export function checkedShape(shape: unknown, dtype: unknown): { extents: number[]; fault?: PshmemError } {
  try {
    const extents = checkShape(shape);
    const fault = faultOfLength(checkDType(dtype), sizeOf(extents));
    return { extents: fault ? [] : extents, fault };
  } catch (error) {
    return { extents: [], fault: asFault(error) };
  }
}

/** Local: the one source there must be; its fault is found by all ranks alike, so that nobody need be told. */
export function oneOf(sources: readonly number[]): number {
  if (sources.length === 1) return sources[0];
  const call = "MPIShared.assign";
  if (sources.length === 0) {
    throw new PshmemError(
      "NO_SOURCE",
      `${call}: no rank passed data; exactly one must, the others pass null`,
      { call },
    );
  }
  const text = `${call}: ranks ${sources.join(", ")} passed data; exactly one must, the others pass null`;
  throw new PshmemError("MANY_SOURCES", text, { call, actual: sources });
}

/** Local: what the root was given. @throws NO_SOURCE */
export function dataOf<T>(data: T | null | undefined, fromRank: number): T {
  if (data !== null && data !== undefined) return data;
  throw new PshmemError(
    "NO_SOURCE",
    `fromRank is ${fromRank}, but that rank passed no data; pass its data there, null elsewhere`,
  );
}
