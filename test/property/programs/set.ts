/**
 * Runs inside ranks: random writes to shared arrays, each compared on every rank with a plain array. The arguments are the seed and
 * the number of steps. All ranks make up the same program; only the rank whose turn it is to write has data.
 */
import assert from "node:assert/strict";
import {
  DTYPES,
  MPIShared,
  world,
  type Axis,
  type Complex,
  type DType,
  type NdSource,
  type Scalar,
  type SliceText,
  type TypedArrayOf,
} from "../../../dist/index.js";
import { Random } from "./random.ts";

const [seed, steps] = process.argv.slice(2).map(Number);
const comm = world();
const random = new Random(seed);

/** Where elements are in an array in C order: a number for each index of a region. */
interface Part {
  readonly shape: readonly number[];
  readonly places: readonly number[];
}

/** A shared array, and what it must hold: element n is `elementOf(dtype, reference[n])`. */
interface Pair {
  readonly shared: MPIShared;
  readonly reference: number[];
}

/** Number n as an element of each dtype, within every dtype's range. */
function elementOf(dtype: DType, n: number): Scalar {
  if (dtype === "int64" || dtype === "uint64") return BigInt(n);
  if (dtype === "bool") return n % 2 === 1;
  if (dtype === "complex64" || dtype === "complex128") return { re: n, im: n / 2 };
  return n;
}

function sizeOf(shape: readonly number[]): number {
  return shape.reduce((size, extent) => size * extent, 1);
}

/** The places that an affine map gives the indices of a shape, last axis fastest. */
function placesOf(shape: readonly number[], strides: readonly number[], offset: number): number[] {
  return shape.reduce<number[]>(
    (places, extent, axis) =>
      places.flatMap((place) => Array.from({ length: extent }, (_, i) => place + i * strides[axis])),
    [offset],
  );
}

function stridesOf(shape: readonly number[]): number[] {
  return shape.map((_, axis) => sizeOf(shape.slice(axis + 1)));
}

/** A random part of an array, and the selectors that pick it. */
function randomSelection(shape: readonly number[], indices: boolean): Part & { axes: Axis[] } {
  const strides = stridesOf(shape);
  const axes: Axis[] = [];
  const kept: { count: number; stride: number }[] = [];
  let offset = 0;
  for (const [axis, extent] of shape.entries()) {
    if (indices && extent > 0 && random.once(4)) {
      const index = random.below(extent);
      axes.push(random.once(2) ? index : index - extent);
      offset += index * strides[axis];
      continue;
    }
    const { start, step, count, text } = randomSlice(extent);
    axes.push(text);
    offset += (count > 0 ? start : 0) * strides[axis];
    kept.push({ count, stride: step * strides[axis] });
  }
  const left = kept.map((one) => one.count);
  const places = placesOf(
    left,
    kept.map((one) => one.stride),
    offset,
  );
  return { axes, shape: left, places };
}

function randomSlice(extent: number): { start: number; step: number; count: number; text: SliceText | null } {
  if (random.once(4)) return { start: 0, step: 1, count: extent, text: null };
  const step = random.pick([1, 1, 1, 2, 3, -1, -1, -2]);
  const most = Math.ceil(extent / Math.abs(step));
  const count = random.between(0, most);
  if (count === 0) return { start: 0, step: 1, count, text: `${extent}:` };
  const reach = (count - 1) * Math.abs(step);
  const first = random.below(extent - reach);
  const start = step > 0 ? first : first + reach;
  const stop = start + count * step;
  return { start, step, count, text: `${start}:${stop < 0 ? "" : stop}:${step}` };
}

/** The data of one write: what it is made of, and the form in which it is passed. */
interface Write {
  readonly values: readonly number[];
  readonly form: string;
  readonly data: () => NdSource;
  readonly shape?: readonly number[];
}

function typed(dtype: DType, values: readonly number[]): TypedArrayOf {
  using lone = new MPIShared([values.length], dtype, null);
  lone.set(values.map((n) => elementOf(dtype, n)));
  return lone.at().copy().data;
}

function nested(dtype: DType, shape: readonly number[], values: readonly number[]): NdSource {
  if (shape.length === 0) return elementOf(dtype, values[0]);
  const [extent, ...rest] = shape;
  const step = sizeOf(rest);
  return Array.from(
    { length: extent },
    (_, i) => nested(dtype, rest, values.slice(i * step, (i + 1) * step)) as Scalar,
  );
}

/** Elements in any order of the axes, with gaps, some backwards. */
function scattered(dtype: DType, shape: readonly number[], values: readonly number[]): NdSource {
  const strides = shape.map(() => 0);
  let reach = 1;
  for (const axis of random.shuffled(shape.map((_, i) => i))) {
    strides[axis] = reach * random.between(1, 2) * random.pick([1, -1]);
    reach = Math.abs(strides[axis]) * Math.max(1, shape[axis]);
  }
  const lowest = shape.reduce((sum, n, axis) => sum + Math.min(0, (n - 1) * strides[axis]), 0);
  const offset = random.below(3) - (sizeOf(shape) === 0 ? 0 : lowest);
  const places = placesOf(shape, strides, offset);
  const flat = Array.from({ length: Math.max(offset, 0, ...places) + 1 }, () => 77);
  places.forEach((place, i) => (flat[place] = values[i]));
  const name = random.pick(["stride", "strides"]);
  return { data: typed(dtype, flat), shape, [name]: strides, offset };
}

/** Data for a part of a shape, in one of its forms. */
function randomWrite(dtype: DType, shape: readonly number[]): Write {
  const values = Array.from({ length: sizeOf(shape) }, () => random.below(120));
  const form = random.pick(["nested", "flat", "scattered", "plain"]);
  // An empty list does not tell its other axes.
  if (form === "nested" && !shape.includes(0))
    return { values, form, data: () => nested(dtype, shape, values) };
  if (form === "flat") return { values, form, data: () => typed(dtype, values), shape };
  if (form === "scattered" && values.length < 10_000) {
    const data = scattered(dtype, shape, values);
    return { values, form, data: () => data };
  }
  const list = values.map((n) => elementOf(dtype, n));
  return { values, form: "plain", data: () => ({ data: list, shape }) };
}

function store(pair: Pair, { places }: Part, values: readonly number[]): void {
  places.forEach((place, i) => (pair.reference[place] = values[i]));
}

/** `set` of data at an offset. */
function setAtOffset(pair: Pair, _: Pair, fromRank: number): string {
  const { shared } = pair;
  const shape = shared.shape.map((extent) => random.between(0, extent));
  const offset = shared.shape.map((extent, axis) => random.between(0, extent - shape[axis]));
  const write = randomWrite(shared.dtype, shape);
  const junk = random.pick([null, undefined, "junk", [[[1n]]]]);
  const own = comm.rank === fromRank;
  shared.set(own ? write.data() : (junk as null), { offset, fromRank, shape: own ? write.shape : undefined });
  const strides = stridesOf(shared.shape);
  const first = offset.reduce((sum, at, axis) => sum + at * strides[axis], 0);
  store(pair, { shape, places: placesOf(shape, strides, first) }, write.values);
  return `set ${write.form} [${shape.join()}] at [${offset.join()}]`;
}

/** `set` of a view: of the array itself, maybe overlapping, or of its twin. */
function setFromView(pair: Pair, twin: Pair, fromRank: number): string {
  const { shared } = pair;
  const source = random.once(2) ? pair : twin;
  const { axes, shape, places } = randomSelection(shared.shape, false);
  const offset = shared.shape.map((extent, axis) => random.between(0, extent - shape[axis]));
  const values = places.map((place) => source.reference[place]);
  shared.set(comm.rank === fromRank ? source.shared.at(...axes) : null, { offset, fromRank });
  const strides = stridesOf(shared.shape);
  const first = offset.reduce((sum, at, axis) => sum + at * strides[axis], 0);
  store(pair, { shape, places: placesOf(shape, strides, first) }, values);
  return `set ${source === pair ? "itself" : "twin"}.at(${axes.join(" ; ")}) at [${offset.join()}]`;
}

/** `assign` to a selection: data of its shape, or one element for all of it. */
function assignTo(pair: Pair, _: Pair, fromRank: number): string {
  const { shared } = pair;
  const part = randomSelection(shared.shape, true);
  const own = comm.rank === fromRank;
  const scalar = part.shape.length === 0 || random.once(3);
  const write = randomWrite(shared.dtype, scalar ? [] : part.shape);
  let data = own ? write.data() : null;
  // Flat data needs its shape beside it; `assign` takes it in the object's form.
  if (own && write.shape) data = { data: data as TypedArrayOf, shape: write.shape };
  shared.assign(own ? part.axes : null, data);
  store(pair, part, scalar ? part.places.map(() => write.values[0]) : write.values);
  return `assign ${write.form} to (${part.axes.join(" ; ")})`;
}

function randomShape(): number[] {
  // Now and then more than one message between nodes can hold.
  if (random.once(20)) return [3, random.between(15_000, 30_000)];
  return Array.from({ length: random.between(0, 4) }, () => random.pick([0, 1, 2, 3, 4, 5, 6, 7]));
}

function makePair(shape: readonly number[], dtype: DType): Pair {
  return {
    shared: new MPIShared(shape, dtype, comm),
    reference: Array.from({ length: sizeOf(shape) }, () => 0),
  };
}

function isSame(a: unknown, b: Scalar): boolean {
  if (typeof b !== "object") return a === b;
  const { re, im } = a as Complex;
  return re === b.re && im === b.im;
}

function check({ shared, reference }: Pair, what: string): void {
  const found = ([shared.at().toNested()] as unknown[]).flat(Infinity);
  const expected = reference.map((n) => elementOf(shared.dtype, n));
  if (found.length === expected.length && found.every((x, i) => isSame(x, expected[i]))) return;
  assert.deepEqual(found, expected, `rank ${comm.rank} of ${comm.size} has other elements after ${what}`);
}

for (let step = 0; step < steps;) {
  const [shape, dtype] = [randomShape(), random.pick(DTYPES)];
  const pairs = [makePair(shape, dtype), makePair(shape, dtype)] as const;
  for (let left = random.between(1, sizeOf(shape) > 10_000 ? 2 : 12); left > 0; left--, step++) {
    const [pair, twin] = random.shuffled(pairs) as [Pair, Pair];
    const fromRank = random.below(comm.size);
    const deed = random.pick([setAtOffset, setFromView, assignTo]);
    const told = deed(pair, twin, fromRank);
    const what = `step ${step}, ${dtype} [${shape.join()}], from rank ${fromRank}: ${told}`;
    check(pair, what);
    check(twin, what);
  }
  for (const { shared } of pairs) shared.close();
}
if (comm.rank === 0) console.log(`${steps} steps of seed ${seed}`);
