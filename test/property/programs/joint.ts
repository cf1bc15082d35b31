/** Random writes of all ranks at once. What they overlap in is known by listing every element. */
import assert from "node:assert/strict";
import { isPshmemError, type Axis } from "../../../dist/index.js";
import { comm, isSame, random, store, type Pair } from "./pairs.ts";
import {
  elementOf,
  placesOf,
  randomSelection,
  randomWrite,
  stridesOf,
  type Part,
} from "../../../fuzz/writes.ts";

/** What one rank writes somewhere. */
interface Deed {
  readonly rank: number;
  readonly part: Part;
  readonly values: readonly number[];
}

const ranks = Array.from({ length: comm.size }, (_, rank) => rank);

/** Places that two ranks write. */
function contested(deeds: readonly Deed[]): Set<number> {
  const owner = new Map<number, number>();
  const found = new Set<number>();
  for (const { rank, part } of deeds) {
    for (const place of part.places) {
      if ((owner.get(place) ?? rank) !== rank) found.add(place);
      owner.set(place, rank);
    }
  }
  return found;
}

/** True if the call came to an overlap, as it must exactly where there is one. */
function refuses(call: () => void, overlaps: boolean): boolean {
  let error: unknown;
  try {
    call();
  } catch (thrown) {
    error = thrown;
  }
  if (error !== undefined && !isPshmemError(error, "OVERLAP")) throw error;
  assert.equal(error !== undefined, overlaps);
  return overlaps;
}

/** Where each rank's block may begin and end on an axis: one after the other, or anywhere. */
function bounds(extent: number): readonly (readonly [number, number])[] {
  if (random.once(4)) return ranks.map(() => [0, extent]);
  const cuts = ranks.map(() => random.between(0, extent)).toSorted((a, b) => a - b);
  return random.shuffled(ranks).map((i) => [i === 0 ? 0 : cuts[i - 1], cuts[i]]);
}

/** `setAll` of blocks of some ranks. */
export function setAllPieces(pair: Pair): string {
  const { shared } = pair;
  const parted = random.below(Math.max(1, shared.shape.length));
  const range = bounds(shared.shape[parted] ?? 0);
  const strides = stridesOf(shared.shape);
  const deeds: Deed[] = [];
  let own: () => void = () => shared.setAll(null);
  for (const rank of ranks) {
    if (random.once(5) || (shared.shape.length === 0 && rank > 0 && !random.once(9))) continue;
    const limits = shared.shape.map((extent, axis) => (axis === parted ? range[rank] : [0, extent]));
    const shape = limits.map(([from, to]) => random.between(0, to - from));
    const offset = limits.map(([from, to], axis) => random.between(from, to - shape[axis]));
    const { values, data, shape: flat } = randomWrite(random, shared.dtype, shape);
    const first = offset.reduce((sum, at, axis) => sum + at * strides[axis], 0);
    deeds.push({ rank, part: { shape, places: placesOf(shape, strides, first) }, values });
    if (rank === comm.rank) own = () => shared.setAll(data(), { offset, shape: flat });
  }
  const overlaps = contested(deeds).size > 0;
  if (!refuses(own, overlaps)) for (const { part, values } of deeds) store(pair, part, values);
  return `setAll of ranks ${deeds.map(({ rank }) => rank).join()}${overlaps ? ", which overlap" : ""}`;
}

/** A part of rows that no other rank has, or any part. */
function partOf(shape: readonly number[], rank: number, alone: boolean): Part & { axes: Axis[] } {
  if (!alone || shape.length === 0) return randomSelection(random, shape, true);
  const rest = randomSelection(random, shape.slice(1), true);
  const rows = Array.from({ length: shape[0] }, (_, row) => row).filter((row) => row % comm.size === rank);
  const [stride] = stridesOf(shape);
  const places = rows.flatMap((row) => rest.places.map((place) => place + row * stride));
  return { axes: [`${rank}::${comm.size}`, ...rest.axes], shape: [rows.length, ...rest.shape], places };
}

/** Element by element, or all at once where they are one. */
function write({ shared }: Pair, axes: readonly Axis[], part: Part, values: readonly number[]): void {
  shared.write(axes.every((axis) => axis === null) ? { shape: shared.shape } : axes, (view) => {
    assert.deepEqual([...view.shape], part.shape);
    const scalars = values.map((n) => elementOf(shared.dtype, n));
    if (new Set(values).size === 1) return view.fill(scalars[0]);
    const strides = stridesOf(part.shape);
    for (const [i, scalar] of scalars.entries()) {
      view.set(
        strides.map((stride, axis) => Math.floor(i / stride) % part.shape[axis]),
        scalar,
      );
    }
  });
}

/** Where several ranks wrote an element, it is what one of them wrote, on all nodes the same. */
function settle({ shared, reference }: Pair, deeds: readonly Deed[], places: ReadonlySet<number>): void {
  const found = ([shared.at().toNested()] as unknown[]).flat(Infinity);
  const all = deeds.map(({ part, values }) => new Map(part.places.map((place, i) => [place, values[i]])));
  for (const place of places) {
    const written = all.flatMap((one) => one.get(place) ?? []);
    const value = written.find((n) => isSame(found[place], elementOf(shared.dtype, n)));
    assert.ok(value !== undefined, `nobody wrote what is at ${place}`);
    reference[place] = value;
  }
  for (const theirs of comm.allgather([...places].map((place) => reference[place]))) {
    assert.deepEqual(
      theirs,
      [...places].map((place) => reference[place]),
    );
  }
}

/** Some writes of every rank, and a `sync`; maybe a `set` in between, which is then what came last. */
export function writeAndSync(pair: Pair): string {
  const { shared } = pair;
  const alone = !random.once(4);
  const deeds: Deed[] = [];
  // Ranks of this node see at once what is written, and may still be comparing.
  comm.barrier();
  for (const rank of random.shuffled(ranks)) {
    for (let left = random.below(4); left > 0; left--) {
      if (alone && shared.shape.length === 0 && rank > 0) continue;
      const { axes, ...part } = partOf(shared.shape, rank, alone);
      const value = random.below(120);
      const values = random.once(3) ? part.places.map(() => value) : part.places.map(() => random.below(120));
      deeds.push({ rank, part, values });
      if (rank === comm.rank) write(pair, axes, part, values);
    }
  }
  for (const { part, values } of deeds) store(pair, part, values);
  const places = contested(deeds);
  if (places.size === 0 && random.once(3)) setEverything(pair);
  if (refuses(() => shared.sync(), places.size > 0)) settle(pair, deeds, places);
  return `write ${deeds.length} times${places.size > 0 ? ", overlapping" : ""}`;
}

function setEverything(pair: Pair): void {
  const { shared } = pair;
  const places = placesOf(shared.shape, stridesOf(shared.shape), 0);
  const { data, values, shape } = randomWrite(random, shared.dtype, shared.shape);
  shared.set(comm.rank === 0 ? data() : null, { shape });
  store(pair, { shape: shared.shape, places }, values);
}
