/** Shared arrays beside plain ones: made, written in every form, read in every way, closed; and all that must be refused. */
import {
  DTYPES,
  MPIShared,
  type Axis,
  type DType,
  type ErrorCode,
  type NdSource,
  type TypedArrayOf,
} from "../../dist/index.js";
import { elementOf, placesOf, randomSelection, randomWrite, sizeOf, stridesOf } from "../writes.ts";
import { otherThan } from "../random.ts";
import { outcomeOf, verdict, type Site } from "../site.ts";
import type { OpenArray } from "../state.ts";
import { badRank, garbage, shown } from "../values.ts";
import type { Deed } from "./deed.ts";

function anyShape({ random }: Site): number[] {
  if (random.once(25)) return [3, random.between(15_000, 30_000)];
  return Array.from({ length: random.between(0, 4) }, () => random.pick([0, 1, 2, 3, 4, 5, 6, 7]));
}

/** Collective: an open array, or a new one. */
function arrayFor(site: Site): OpenArray {
  const arrays = site.state.arraysOn(site.comm);
  if (arrays.length > 0 && !site.random.once(3)) {
    const n = site.random.below(arrays.length);
    site.tell(`array ${n}, ${arrays[n].shared.dtype} [${arrays[n].shared.shape.join()}]`);
    return arrays[n];
  }
  const [shape, dtype] = [anyShape(site), site.random.pick(DTYPES)];
  site.tell(`new ${dtype} [${shape.join()}]`);
  const shared = new MPIShared(shape, dtype, site.comm);
  arrays.push({ shared, reference: Array.from({ length: sizeOf(shape) }, () => 0), version: 0 });
  return arrays.at(-1)!;
}

function store(array: OpenArray, places: readonly number[], values: readonly number[]): void {
  places.forEach((place, i) => (array.reference[place] = values[i]));
  array.version++;
}

/** Every rank reads all of it. */
function compare(site: Site, { shared, reference, version }: OpenArray): void {
  const found = ([shared.at().toNested()] as unknown[]).flat(Infinity);
  site.same(
    "the array",
    found,
    reference.map((n) => elementOf(shared.dtype, n)),
  );
  site.same("the version", shared.version, version);
}

function set(site: Site): void {
  const { random, rank, size } = site;
  const array = arrayFor(site);
  const { shared } = array;
  const shape = shared.shape.map((extent) => random.between(0, extent));
  const offset = shared.shape.map((extent, axis) => random.between(0, extent - shape[axis]));
  const fromRank = random.below(size);
  const write = randomWrite(random, shared.dtype, shape);
  const junk = site.each(garbage)[rank];
  site.tell(`set ${write.form} [${shape.join()}] at [${offset.join()}] from ${fromRank}`);
  const own = rank === fromRank;
  const options = {
    offset: random.once(9) && sum(offset) === 0 ? null : offset,
    fromRank,
    shape: own ? write.shape : undefined,
  };
  shared.set(own ? write.data() : (junk as null), options);
  const strides = stridesOf(shared.shape);
  const first = offset.reduce((at, n, axis) => at + n * strides[axis], 0);
  store(array, placesOf(shape, strides, first), write.values);
  compare(site, array);
}

function sum(list: readonly number[]): number {
  return list.reduce((a, b) => a + b, 0);
}

function assign(site: Site): void {
  const { random, rank, size } = site;
  const array = arrayFor(site);
  const { shared } = array;
  const part = randomSelection(random, shared.shape, true);
  const fromRank = random.below(size);
  const scalar = part.shape.length === 0 || random.once(3);
  const write = randomWrite(random, shared.dtype, scalar ? [] : part.shape);
  site.tell(`assign ${write.form} to (${part.axes.join(" ; ")}) from ${fromRank}`);
  const own = rank === fromRank;
  let data = own ? write.data() : null;
  // Flat data needs its shape beside it; `assign` takes it in the object's form.
  if (own && write.shape) data = { data: data as TypedArrayOf, shape: write.shape };
  shared.assign(own ? part.axes : null, data);
  store(array, part.places, scalar ? part.places.map(() => write.values[0]) : write.values);
  compare(site, array);
}

/** Every way to read; each rank in its own order. */
function read(site: Site): void {
  const array = arrayFor(site);
  const { shared, reference } = array;
  const random = site.each((own) => own)[site.rank];
  site.tell("read");
  const { axes, places } = randomSelection(random, shared.shape, true);
  const found = ([shared.at(...axes).toNested()] as unknown[]).flat(Infinity);
  site.same(
    "at",
    found,
    places.map((place) => elementOf(shared.dtype, reference[place])),
  );
  if (sizeOf(shared.shape) > 0) {
    const index = shared.shape.map((extent) => random.below(extent));
    const place = index.reduce((at, n, axis) => at + n * shared.strides[axis], 0);
    site.same("get", shared.get(...index), elementOf(shared.dtype, reference[place]));
  }
  if (shared.shape.length > 0) site.same("rows", [...shared].length, shared.shape[0]);
  site.holds("a text", String(shared).length > 0);
  for (const selector of [garbage(random), garbage(random)] as Axis[])
    refusedOrRead(site, () => shared.at(selector));
  refusedOrRead(site, () => shared.get(garbage(random) as number));
}

/** Local: anything but an error without a type. */
function refusedOrRead(site: Site, call: () => unknown): void {
  try {
    call();
  } catch (error) {
    site.holds(`${String(call)}: ${String(error)} is typed`, error instanceof Error && "code" in error);
  }
}

/** A write that is wrong in one way: all ranks say so, and the array is as it was. */
function refusedSet(site: Site): void {
  const { random, rank, size } = site;
  const array = arrayFor(site);
  const { shared } = array;
  const root = random.below(size);
  const ones = shared.shape.map(() => 1);
  const [code, data, options] = random.pick<readonly [ErrorCode, unknown, object]>([
    ["NO_SOURCE", null, {}],
    ["NO_SOURCE", undefined, {}],
    ["BAD_DIMENSIONS", { data: [], shape: [0, ...shared.shape] }, {}],
    ["BAD_DIMENSIONS", wrongShape(shared, shared.shape), { offset: [0, ...shared.shape] }],
    ["BAD_DTYPE", { data: "text", shape: shared.shape }, {}],
    ["BAD_SHAPE", { data: [], shape: [-1] }, {}],
    ["BAD_SHAPE", { data: [], shape: ones }, shared.shape.length > 0 ? { shape: 0.5 } : { shape: "x" }],
  ]);
  const faulty = code === "BAD_SHAPE" && "shape" in options ? { ...options } : options;
  site.tell(`${code} from ${root}`);
  const call = () => shared.set((rank === root ? data : null) as NdSource, { ...faulty, fromRank: root });
  site.check("set", call, { code });
  beyond(site, array, root);
  compare(site, array);
}

function wrongShape(shared: MPIShared, shape: readonly number[]): NdSource {
  return shared.at(...shape.map((): Axis => "0:0"));
}

/** Ranks that disagree about the source, and data that reaches outside. */
function beyond(site: Site, { shared }: OpenArray, root: number): void {
  const { random, rank, size } = site;
  const bad = site.spoiled(root, badRank(random, size));
  const other = otherThan(random, size, root);
  const roots = other !== null && random.once(3) ? site.spoiled(root, other) : bad;
  site.tell(`fromRank ${shown(roots)}`);
  const nothing = wrongShape(shared, shared.shape);
  const offset = shared.shape.map((extent) => extent + 1);
  const faults = roots.map((one, at): ErrorCode | null => {
    if (!Number.isInteger(one) || one < 0 || one >= size) return "BAD_RANK";
    return at === one && shared.shape.length > 0 ? "OUT_OF_BOUNDS" : null;
  });
  const agree = roots.every((one) => one === roots[0]);
  const expected = verdict(faults, agree, () => undefined);
  // An array of no dimensions has nothing outside.
  if ("value" in expected) return;
  site.check("set", () => shared.set(nothing, { offset, fromRank: roots[rank] }), expected);
}

/** Data on no rank, on several, or of the wrong form. */
function refusedAssign(site: Site): void {
  const { random, rank, size } = site;
  const array = arrayFor(site);
  const { shared } = array;
  const one = elementOf(shared.dtype, 1);
  const sources = random.shuffled(site.each((_, at) => at)).slice(0, random.below(size + 1));
  const axes = random.pick<unknown>([
    ["0:0:0"],
    ["x"],
    [0.5],
    [Symbol("axis")],
    5,
    "...",
    ["...", "..."],
    [{}],
  ]);
  site.tell(`assign from ranks ${sources.join()} to ${shown(axes)}`);
  const call = () => shared.assign(axes as Axis[], sources.includes(rank) ? one : null);
  if (sources.length === 1) site.holds("refused alike", !site.checkAlike("assign", outcomeOf(call)));
  else site.check("assign", call, { code: sources.length === 0 ? "NO_SOURCE" : "MANY_SOURCES" });
  compare(site, array);
}

const BAD_ARRAYS: readonly (readonly [ErrorCode, unknown, unknown])[] = [
  ["BAD_SHAPE", [-1], "int8"],
  ["BAD_SHAPE", [0.5], "int8"],
  ["BAD_SHAPE", [NaN], "int8"],
  ["BAD_SHAPE", null, "int8"],
  ["BAD_SHAPE", 5, "int8"],
  ["BAD_SHAPE", ["3"], "int8"],
  ["BAD_SHAPE", Object.create(null), "int8"],
  ["BAD_SHAPE", [2 ** 40, 2 ** 40], "int8"],
  ["BAD_DTYPE", [2], "int7"],
  ["BAD_DTYPE", [2], null],
  ["BAD_DTYPE", [2], Symbol("dtype")],
  ["BAD_DTYPE", [2], Object.create(null)],
  ["NO_MEMORY", [2 ** 50], "int8"],
];

/** All refuse to make what one rank cannot, or not as the others. */
function refusedMaking(site: Site): void {
  const { random, rank, comm, size } = site;
  const [code, shape, dtype] = random.pick(BAD_ARRAYS);
  const bad = site.spoiled(false, true);
  const differs = size > 1 && random.once(3);
  site.tell(`${code} on ${shown(bad)}, another shape on rank 0: ${differs}`);
  const good = differs && rank === 0 ? [2, 3] : [3, 2];
  const make = () =>
    new MPIShared(
      (bad[rank] ? shape : good) as number[],
      (bad[rank] ? dtype : "int8") as DType,
      comm,
    ).close();
  site.check(
    "new MPIShared",
    make,
    verdict(
      bad.map((one) => (one ? code : null)),
      !differs,
      () => undefined,
    ),
  );
  const commNode = site.spoiled(null, size > 1 ? comm.split(rank) : null);
  const reuse = { commNode: commNode[rank] };
  const misfits = commNode.map((_, at) => commNode[at] !== null && !aloneOnNode(site, at));
  const expected = verdict(
    misfits.map((one) => (one ? "BAD_NODE_COMM" : null)),
    commNode.every((one) => one === commNode[0]),
    () => undefined,
  );
  site.check("reuse", () => new MPIShared([2], "int8", comm, reuse).close(), expected);
}

function aloneOnNode({ comm, size }: Site, rank: number): boolean {
  const { topology } = comm;
  const node = topology.nodeOf(rank);
  return Array.from({ length: size }, (_, other) => other).every(
    (other) => other === rank || topology.nodeOf(other) !== node,
  );
}

/** One rank closes: nobody can write any more, the others can read. */
function close(site: Site): void {
  const { random, rank } = site;
  const array = arrayFor(site);
  const { shared } = array;
  const victim = random.below(site.size);
  site.tell(`closed on ${victim}`);
  if (rank === victim) shared.close();
  // The lowest rank with a fault is heard.
  const faults = site.each((_, at) => (at === victim ? "FREED" : at === 0 ? "NO_SOURCE" : null));
  site.check(
    "set",
    () => shared.set(null),
    verdict(faults, true, () => undefined),
  );
  if (rank === victim) {
    site.check("get", () => shared.get(), { code: "FREED" });
    site.check("data", () => shared.data, { code: "FREED" });
    site.check("at", () => shared.at(), { code: "FREED" });
  } else compare(site, array);
  site.check("assign", () => shared.assign([], rank === 0 ? elementOf(shared.dtype, 1) : null), {
    code: "FREED",
  });
  shared.close();
  const arrays = site.state.arraysOn(site.comm);
  arrays.splice(arrays.indexOf(array), 1);
}

export const arrayDeeds: readonly Deed[] = [
  { name: "set", weight: 5, run: set },
  { name: "assign", weight: 4, run: assign },
  { name: "read", weight: 2, run: read },
  { name: "refused set", weight: 3, run: refusedSet },
  { name: "refused assign", weight: 2, run: refusedAssign },
  { name: "refused array", weight: 2, run: refusedMaking },
  { name: "close", weight: 2, run: close },
];
