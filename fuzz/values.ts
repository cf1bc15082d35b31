/** Values of many kinds, made from random numbers: the same on every rank that draws the same numbers. */
import type { Random } from "./random.ts";

/** Beyond what travels with a call, and beyond what fits into a pipe between two ranks of a node. */
const LONG = 1_500;
const VERY_LONG = 70_000;

type Make = (random: Random, depth: number) => unknown;

const integer: Make = (random) => random.between(-1000, 1000);
const text: Make = (random) => random.pick(["", "a", "grüße", "𝄞 ", "\0", "[1, 2]"]).repeat(random.below(5));

const SIMPLE: readonly Make[] = [
  integer,
  (random) => random.pick([0, -0, 0.5, -1e300, NaN, Infinity, -Infinity, 2 ** 53]),
  text,
  (random) => random.once(2),
  () => null,
  () => undefined,
  (random) => BigInt(random.between(-5, 5)) ** 41n,
  (random) => new Date(random.below(2 ** 31)),
  () => /a+(?<b>c)/gi,
];

const ARRAYS: readonly ((length: number) => ArrayBufferView)[] = [
  (n) => new Int8Array(n).map((_, i) => i),
  (n) => new Uint8Array(n).map((_, i) => i * 3),
  (n) => new Uint8ClampedArray(n).map((_, i) => i),
  (n) => new Int16Array(n + 1).subarray(1),
  (n) => new Uint16Array(n).fill(65_535),
  (n) => new Int32Array(n).map((_, i) => -i),
  (n) => new Uint32Array(n).fill(2 ** 32 - 1),
  (n) => new BigInt64Array(n).fill(-1n),
  (n) => new BigUint64Array(n).fill(2n ** 64n - 1n),
  (n) => new Float32Array(n).fill(0.1),
  (n) => new Float64Array(n).map((_, i) => i / 7),
  (n) => new DataView(new ArrayBuffer(n), n >> 1),
];

const typed: Make = (random) => random.pick(ARRAYS)(random.below(20));

const NESTED: readonly Make[] = [
  (random, depth) => Array.from({ length: random.below(4) }, () => valueFrom(random, depth + 1)),
  (random, depth) => ({ a: valueFrom(random, depth + 1), "": valueFrom(random, depth + 1) }),
  (random, depth) => new Map([[valueFrom(random, depth + 1), valueFrom(random, depth + 1)]]),
  (random, depth) => new Set([valueFrom(random, depth + 1), 1]),
  (random, depth) => Object.assign([], { 3: valueFrom(random, depth + 1) }),
  () => {
    const ring: { self?: unknown } = {};
    return Object.assign(ring, { self: ring });
  },
  () => new RangeError("an error as a value"),
  (random) => new Uint8Array(random.below(9)).buffer,
  typed,
];

const BIG: readonly ((length: number) => unknown)[] = [
  (n) => "y".repeat(n),
  (n) => new Uint8Array(n).map((_, i) => i * 7),
  (n) => ({ deep: [new Float64Array(n / 8).fill(1.5), "end"] }),
  (n) => Array.from({ length: n / 8 }, (_, i) => i),
];

function valueFrom(random: Random, depth: number): unknown {
  return random.pick(depth > 2 || random.once(2) ? SIMPLE : NESTED)(random, depth);
}

/** Local: a value that can be sent. Now and then it is larger than what travels with a call, seldom larger than any pipe. */
export function anyValue(random: Random): unknown {
  if (random.once(12)) return random.pick(BIG)(LONG);
  if (random.once(60)) return random.pick(BIG)(VERY_LONG);
  return random.once(3) ? typed(random, 0) : valueFrom(random, 0);
}

const UNSENDABLE: readonly (() => unknown)[] = [
  () => () => 1,
  () => Symbol("s"),
  () => ({ inside: [() => 1] }),
  () => new WeakMap(),
  () => Promise.resolve(1),
  () => new Map([[1, Symbol.iterator]]),
];

/** Local: a value that cannot be sent. */
export function unsendable(random: Random): unknown {
  return random.pick(UNSENDABLE)();
}

const circular: unknown[] = [];
circular.push(circular);

/** What nobody should pass, for any parameter. Each is made anew, since a call may keep it. */
const GARBAGE: readonly (() => unknown)[] = [
  () => null,
  () => undefined,
  () => NaN,
  () => Infinity,
  () => -1,
  () => 0.5,
  () => 2 ** 53,
  () => -(2 ** 40),
  () => "",
  () => "x",
  () => true,
  () => 1n,
  () => Symbol("garbage"),
  () => ({}),
  () => [],
  () => [NaN, "a"],
  () => Array(3),
  () => circular,
  () => () => 1,
  () => new Float64Array(3),
  () => new Map(),
  // Neither has a text of its own: a message that wants to show it must not fail over that.
  () => Object.create(null),
  () => ({
    toString() {
      throw new Error("no text");
    },
  }),
  () => new Date(NaN),
];

/** Local: something that is wrong nearly everywhere. */
export function garbage(random: Random): unknown {
  return random.pick(GARBAGE)();
}

/** Local: no rank of a communicator of this size, whatever its type. */
export function badRank(random: Random, size: number): number {
  return random.pick<unknown>([size, -1, 0.5, NaN, "0", null, {}, 2 ** 40, Object.create(null)]) as number;
}

/** Local: how a value is shown in a program's text. */
export function shown(value: unknown): string {
  if (typeof value === "function") return "function";
  if (typeof value === "string" && value.length > 40) return `text of ${value.length}`;
  if (ArrayBuffer.isView(value)) return `${value.constructor.name} of ${value.byteLength} bytes`;
  if (Array.isArray(value)) return shownList(value);
  if (typeof value === "object" && value !== null)
    return value.constructor?.name ?? "object without prototype";
  return typeof value === "bigint"
    ? `${value}n`
    : typeof value === "string"
      ? JSON.stringify(value)
      : String(value);
}

function shownList(list: readonly unknown[]): string {
  if (list.includes(list)) return "circular list";
  return list.length > 8 ? `list of ${list.length}` : `[${Array.from(list, shown).join(", ")}]`;
}
