/** What reductions must give: the reference, one value after another in rank order. It shares nothing with the product. */
import type { ErrorCode, ReduceOp } from "../dist/index.js";
import type { Random } from "./random.ts";

/** All operations. */
export const OPS: readonly ReduceOp[] = [
  "sum",
  "prod",
  "min",
  "max",
  "land",
  "lor",
  "lxor",
  "band",
  "bor",
  "bxor",
  "minloc",
  "maxloc",
];

type Operand = number | bigint | boolean;
type Numbers = Int32Array | Uint8Array | Float64Array | Uint32Array | BigInt64Array;

const BITWISE = new Set<string>(["band", "bor", "bxor"]);
const LOGICAL = new Set<string>(["land", "lor", "lxor"]);

/** What ranks bring to one reduction: one kind, with different numbers. */
const KINDS = {
  integer: (random: Random) => random.between(-9, 9),
  fraction: (random: Random) => random.between(-9, 9) + 0.5,
  bigint: (random: Random) => BigInt(random.between(-9, 9)) * 10n ** 20n,
  boolean: (random: Random) => random.once(2),
  int32: (random: Random) => Int32Array.from([1, 2, 3], () => random.between(-(2 ** 31), 2 ** 31 - 1)),
  uint32: (random: Random) => Uint32Array.from([1, 2], () => random.below(2 ** 32)),
  bytes: (random: Random) => Uint8Array.from([1, 2, 3], () => random.below(256)),
  float64: (random: Random) => Float64Array.from([1, 2], () => random.between(-9, 9) / 4),
  int64: (random: Random) => BigInt64Array.from([1, 2], () => BigInt(random.between(-9, 9))),
  many: (random: Random) => Float64Array.from({ length: 200 }, () => random.below(9)),
  huge: (random: Random) => new Int32Array(20_000).fill(random.below(9)),
  buffer: (random: Random) => Buffer.from([random.below(256), random.below(256)]),
  list: (random: Random) => [random.between(-9, 9), random.between(-9, 9)],
  booleans: (random: Random) => [random.once(2), [random.once(2)]],
  nested: (random: Random) => [random.below(9), [random.below(9), Int32Array.of(random.below(9))]],
  pair: (random: Random) => [random.below(3), random.below(3)],
} as const;

/** A kind of operands. */
export type Kind = keyof typeof KINDS;

/** Their names; large ones seldom. */
export function anyKind(random: Random): Kind {
  const kind = random.pick(Object.keys(KINDS) as Kind[]);
  return kind === "huge" && !random.once(4) ? "integer" : kind;
}

/** Local: an operand of a kind. */
export function operandOf(kind: Kind, random: Random): unknown {
  return KINDS[kind](random);
}

/** Local: what makes an operand unfit for an operation. */
export function operandFault(op: string, value: unknown): ErrorCode | null {
  return OPS.includes(op as ReduceOp) && fits(op, value) ? null : "BAD_ARGUMENT";
}

function fits(op: string, value: unknown): boolean {
  if (op === "minloc" || op === "maxloc")
    return typeof value !== "boolean" && !isNumbers(value) && isLocated(value);
  if (isNumbers(value)) return !(BITWISE.has(op) && value instanceof Float64Array);
  if (Array.isArray(value)) return value.every((one) => fits(op, one));
  if (typeof value === "number") return !BITWISE.has(op) || Number.isInteger(value);
  return typeof value === "bigint" || typeof value === "boolean";
}

function isLocated(value: unknown): boolean {
  return (
    isKey(value) ||
    (Array.isArray(value) && value.length === 2 && isKey(value[0]) && typeof value[1] === "number")
  );
}

function isKey(value: unknown): boolean {
  return typeof value === "number" || typeof value === "bigint";
}

/** Local: the values of ranks `first` … combined. */
export function combined(op: ReduceOp, values: readonly unknown[], first = 0): unknown {
  if (op === "minloc" || op === "maxloc") return located(op, values, first);
  if (values.length === 1) return alone(op, values[0]);
  const [a, ...rest] = values;
  return rest.reduce((sum, value) => both(op, sum, value, a), a);
}

/** A single boolean counts as a number where several would; what several are tested for, a single one is. */
function alone(op: string, value: unknown): unknown {
  if (LOGICAL.has(op)) return both("lor", value, value, value);
  if (Array.isArray(value)) return value.map((one) => alone(op, one));
  if (isNumbers(value)) return copyOf(value);
  return typeof value === "boolean" && (op === "sum" || op === "prod") ? Number(value) : value;
}

/** `like` is a value as a rank brought it: what is counted may have become a number on the way. */
function both(op: string, a: unknown, b: unknown, like: unknown): unknown {
  if (Array.isArray(like)) {
    return like.map((one, i) => both(op, (a as unknown[])[i], (b as unknown[])[i], one));
  }
  if (isNumbers(like)) return bothNumbers(op, a as Numbers, b as Numbers);
  if (typeof like !== "boolean") return scalar(op, a as Operand, b as Operand);
  const result = scalar(op, Number(a), Number(b));
  return op === "sum" || op === "prod" ? result : Boolean(result);
}

function bothNumbers(op: string, a: Numbers, b: Numbers): Numbers {
  const result = copyOf(a);
  for (let i = 0; i < result.length; i++) {
    // Whole numbers of 32 bits: in full, then cut to the type by the store.
    const exact = !(a instanceof Float64Array);
    const whole = exact ? scalar(op, BigInt(a[i]), BigInt(b[i])) : scalar(op, a[i], b[i]);
    if (a instanceof BigInt64Array) result[i] = BigInt.asIntN(64, whole as bigint);
    else result[i] = Number(exact ? BigInt.asIntN(32, whole as bigint) : whole);
  }
  return result;
}

function scalar(op: string, a: Operand, b: Operand): Operand {
  const [x, y] = [a, b] as [number, number];
  if (op === "sum") return x + y;
  if (op === "prod") return x * y;
  if (op === "min") return x < y ? x : y;
  if (op === "max") return x > y ? x : y;
  if (LOGICAL.has(op)) return numbered(logical(op, Boolean(a), Boolean(b)), a);
  const bits = bitwise(op, BigInt(a), BigInt(b));
  return typeof a === "bigint" ? bits : Number(bits);
}

function logical(op: string, a: boolean, b: boolean): boolean {
  return op === "land" ? a && b : op === "lor" ? a || b : a !== b;
}

function bitwise(op: string, a: bigint, b: bigint): bigint {
  return op === "band" ? a & b : op === "bor" ? a | b : a ^ b;
}

function numbered(is: boolean, like: Operand): Operand {
  return typeof like === "bigint" ? BigInt(is) : Number(is);
}

function located(op: string, values: readonly unknown[], first: number): unknown {
  const pairs = values.map(
    (value, i) => (Array.isArray(value) ? value : [value, first + i]) as [number, number],
  );
  const keys = pairs.map(([key]) => key);
  const best = keys.reduce((a, b) => ((op === "minloc" ? b < a : b > a) ? b : a));
  const places = pairs.filter(([key]) => key === best).map(([, place]) => place);
  return [best, Math.min(...places)];
}

/** Local: whether this is a typed array. */
export function isNumbers(value: unknown): value is Numbers {
  return ArrayBuffer.isView(value) && !(value instanceof DataView);
}

/** As it arrives: a Buffer is bytes to those who receive it. */
function copyOf(numbers: Numbers): Numbers {
  return numbers instanceof Uint8Array ? Uint8Array.from(numbers) : numbers.slice();
}
