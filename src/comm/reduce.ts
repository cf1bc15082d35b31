/** Combining values: the predefined operations of MPI-4.1 §6.9.2, on scalars, pairs, and arrays element by element. */
import { PshmemError } from "../errors.ts";
import { kindOfArray } from "../array/dtype.ts";
import type { AnyTypedArray, ReduceOp } from "./contract.ts";
import { textOf } from "../shown.ts";
import { emptyLike } from "./values.ts";
import { asFault } from "./verdict.ts";

type Numeric = number | bigint;
type Combine = (a: Numeric, b: Numeric) => Numeric;

/** On values of one type the operators work for numbers and bigints alike; TypeScript sees only one of them at a time. */
const asNumbers = (operator: (a: number, b: number) => number): Combine => operator as unknown as Combine;

const COMBINE: Record<Exclude<ReduceOp, "minloc" | "maxloc">, Combine> = {
  sum: asNumbers((a, b) => a + b),
  prod: asNumbers((a, b) => a * b),
  // A NaN on either side stays: it must not depend on who came first.
  min: asNumbers((a, b) => (b < a || Number.isNaN(b) ? b : a)),
  max: asNumbers((a, b) => (b > a || Number.isNaN(b) ? b : a)),
  land: (a, b) => logical(Boolean(a) && Boolean(b), a),
  lor: (a, b) => logical(Boolean(a) || Boolean(b), a),
  lxor: (a, b) => logical(Boolean(a) !== Boolean(b), a),
  band: asNumbers((a, b) => a & b),
  bor: asNumbers((a, b) => a | b),
  bxor: asNumbers((a, b) => a ^ b),
};

const BITWISE = new Set<ReduceOp>(["band", "bor", "bxor"]);
const LOGICAL = new Set<ReduceOp>(["land", "lor", "lxor"]);

/** All operations. */
const REDUCE_OPS: readonly ReduceOp[] = [...(Object.keys(COMBINE) as ReduceOp[]), "minloc", "maxloc"];

/** Local: a fault if `op` is not an operation. */
function faultOfOp(op: unknown): PshmemError | undefined {
  if (REDUCE_OPS.includes(op as ReduceOp)) return undefined;
  const text = `${textOf(op)} is not a reduction; use one of ${REDUCE_OPS.join(", ")}`;
  return new PshmemError("BAD_ARGUMENT", text, { expected: REDUCE_OPS, actual: op });
}

/**
 * Local: the values of all ranks combined in rank order. Numbers, bigints, booleans, pairs for minloc and maxloc, typed arrays
 * and plain arrays of one length. @throws BAD_ARGUMENT when the values do not fit one another or the operation
 */
export function combineAll<T>(values: readonly T[], op: ReduceOp, firstRank = 0): T {
  if (op === "minloc" || op === "maxloc") return locate(values, op, firstRank) as T;
  const [first, ...rest] = values;
  if (isTypedArray(first)) {
    return combineAllInto(first.slice() as AnyTypedArray, rest as unknown as AnyTypedArray[], op) as T;
  }
  const start = LOGICAL.has(op) ? combine(first, first, "lor") : first;
  return counted([start, ...rest], op).reduce((a, b) => combine(a, b, op)) as T;
}

/** Local: replaces the elements of `a` by those of `a` and all of `others` combined; returns `a`. */
export function combineAllInto<A extends AnyTypedArray>(
  a: A,
  others: readonly AnyTypedArray[],
  op: ReduceOp,
): A {
  // The result of a logical operation is 0 or 1, also where nothing is to be combined.
  if (LOGICAL.has(op)) combineInto(a, a, "lor");
  for (const other of others) combineInto(a, other, op);
  return a;
}

/** Local: a fault if `op` is none, or cannot combine a value like this one with its like. */
export function faultOfOperand(value: unknown, op: ReduceOp): PshmemError | undefined {
  const unknown = faultOfOp(op);
  if (unknown) return unknown;
  try {
    const sample = sampleOf(value);
    combineAll([sample, sample], op);
    return undefined;
  } catch (error) {
    return asFault(error);
  }
}

/** A value's like without elements in its typed arrays: whether these fit does not depend on them. @throws NOT_CLONEABLE */
function sampleOf(value: unknown): unknown {
  if (isTypedArray(value)) return emptyLike(value);
  return Array.isArray(value) ? Array.from(value, sampleOf) : value;
}

/** Local: a text that is equal for two values exactly if they can be combined. */
export function kindOf(value: unknown): string {
  if (isTypedArray(value)) return `${kindOfArray(value)}[${value.length}]`;
  if (Array.isArray(value)) return `[${Array.from(value, kindOf).join()}]`;
  return typeof value;
}

function combine(a: unknown, b: unknown, op: Exclude<ReduceOp, "minloc" | "maxloc">): unknown {
  if (isTypedArray(a) && isTypedArray(b)) return combineInto(a.slice() as AnyTypedArray, b, op);
  if (Array.isArray(a) && Array.isArray(b)) {
    sameLength(a.length, b.length, op);
    return Array.from(a, (one, i) => combine(one, (b as unknown[])[i], op));
  }
  if (typeof a === "boolean" && typeof b === "boolean") return Boolean(COMBINE[op](Number(a), Number(b)));
  if (!isNumeric(a) || typeof a !== typeof b) throw unfit(op, a, b);
  return typeof a === "number" && BITWISE.has(op)
    ? combineBits(a, b as number, op)
    : COMBINE[op](a, b as Numeric);
}

/** JavaScript's own operators cut numbers to 32 bits; bigints do not. */
function combineBits(a: number, b: number, op: Exclude<ReduceOp, "minloc" | "maxloc">): number {
  for (const value of [a, b]) {
    if (!Number.isInteger(value)) throw unfitForBits(op, value);
  }
  return Number(COMBINE[op](BigInt(a), BigInt(b)));
}

/** Sums and products count true as 1, however many values there are; the other operations give booleans on booleans. */
function counted(values: readonly unknown[], op: ReduceOp): readonly unknown[] {
  const [first] = values;
  if ((op !== "sum" && op !== "prod") || !hasBoolean(first)) return values;
  const other = values.find((value) => kindOf(value) !== kindOf(first));
  if (other !== undefined) throw unfit(op, first, other);
  return values.map(asNumbersIn);
}

function hasBoolean(value: unknown): boolean {
  return Array.isArray(value) ? value.some(hasBoolean) : typeof value === "boolean";
}

function asNumbersIn(value: unknown): unknown {
  if (Array.isArray(value)) return Array.from(value, asNumbersIn);
  return typeof value === "boolean" ? Number(value) : value;
}

/** Local: replaces the elements of `a` by those of `a` and `b` combined; returns `a`. Integers wrap as their type does. */
export function combineInto<A extends AnyTypedArray>(a: A, b: AnyTypedArray, op: ReduceOp): A {
  if (op === "minloc" || op === "maxloc")
    throw new PshmemError("BAD_ARGUMENT", `${op} works on pairs, not on typed arrays`);
  const kind = kindOfArray(a)!;
  if (kind !== kindOfArray(b)) throw unfit(op, a, b);
  sameLength(a.length, b.length, op);
  if (BITWISE.has(op) && kind.startsWith("Float")) throw unfitForBits(op, kind);
  // One loop for all types: an index signature of numbers, whatever the array holds.
  const [into, from] = [a, b];
  const one = kind === "Int32Array" || kind === "Uint32Array" ? exactProduct(op) : COMBINE[op];
  for (let i = 0; i < a.length; i++) into[i] = one(into[i], from[i]);
  return a;
}

/** The product of two 32-bit integers can exceed 2⁵³: multiply modulo 2³², as the type would wrap. */
function exactProduct(op: Exclude<ReduceOp, "minloc" | "maxloc">): Combine {
  return op === "prod" ? asNumbers(Math.imul) : COMBINE[op];
}

/** A pair of a value and where it is. */
type Located = readonly [number | bigint, number];

function locate(values: readonly unknown[], op: "minloc" | "maxloc", firstRank: number): Located {
  const pairs = values.map((value, i) => pairOf(value, firstRank + i, op));
  return pairs.reduce((a, b) => {
    // As for min and max a NaN stays, whoever brings it; of several the first place counts.
    if (Object.is(a[0], b[0]) || a[0] === b[0]) return b[1] < a[1] ? b : a;
    const best = COMBINE[op === "minloc" ? "min" : "max"](a[0], b[0]);
    return Object.is(best, b[0]) ? b : a;
  });
}

function pairOf(value: unknown, rank: number, op: ReduceOp): Located {
  if (isNumeric(value)) return [value, rank];
  if (Array.isArray(value) && value.length === 2 && isNumeric(value[0]) && typeof value[1] === "number") {
    return [value[0], value[1]];
  }
  throw new PshmemError(
    "BAD_ARGUMENT",
    `${op} takes a number or a pair [value, location], not ${typeof value}`,
  );
}

function logical(result: boolean, like: Numeric): Numeric {
  if (typeof like === "bigint") return result ? 1n : 0n;
  return result ? 1 : 0;
}

function isNumeric(value: unknown): value is Numeric {
  return typeof value === "number" || typeof value === "bigint";
}

function isTypedArray(value: unknown): value is AnyTypedArray {
  return ArrayBuffer.isView(value) && kindOfArray(value) !== undefined;
}

function sameLength(a: number, b: number, op: ReduceOp): void {
  if (a === b) return;
  throw new PshmemError("BAD_ARGUMENT", `${op} over arrays of different lengths, ${a} and ${b}`, {
    expected: a,
    actual: b,
  });
}

function unfit(op: ReduceOp, a: unknown, b: unknown): PshmemError {
  const text = `${op} cannot combine ${typeName(a)} and ${typeName(b)}; give the same numeric type on every rank`;
  return new PshmemError("BAD_ARGUMENT", text, { expected: typeName(a), actual: typeName(b) });
}

function unfitForBits(op: ReduceOp, actual: number | string): PshmemError {
  return new PshmemError("BAD_ARGUMENT", `${op} works on integers, not on ${actual}`, { actual });
}

function typeName(value: unknown): string {
  return kindOfArray(value) ?? typeof value;
}
