/**
 * Runs inside ranks: random writes to shared arrays, each compared on every rank with a plain array. The arguments are the seed and
 * the number of steps. All ranks make up the same program; only the ranks whose turn it is to write have data.
 */
import { DTYPES, type TypedArrayOf } from "../../../dist/index.js";
import { setAllPieces, writeAndSync } from "./joint.ts";
import { check, comm, makePair, random, seed, store, type Pair } from "./pairs.ts";
import { placesOf, randomSelection, randomWrite, sizeOf, stridesOf } from "../../../fuzz/writes.ts";

const steps = Number(process.argv[3]);

/** `set` of data at an offset. */
function setAtOffset(pair: Pair, _: Pair, fromRank: number): string {
  const { shared } = pair;
  const shape = shared.shape.map((extent) => random.between(0, extent));
  const offset = shared.shape.map((extent, axis) => random.between(0, extent - shape[axis]));
  const write = randomWrite(random, shared.dtype, shape);
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
  const { axes, shape, places } = randomSelection(random, shared.shape, false);
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
  const part = randomSelection(random, shared.shape, true);
  const own = comm.rank === fromRank;
  const scalar = part.shape.length === 0 || random.once(3);
  const write = randomWrite(random, shared.dtype, scalar ? [] : part.shape);
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

for (let step = 0; step < steps;) {
  const [shape, dtype] = [randomShape(), random.pick(DTYPES)];
  const pairs = [makePair(shape, dtype), makePair(shape, dtype)] as const;
  for (let left = random.between(1, sizeOf(shape) > 10_000 ? 2 : 12); left > 0; left--, step++) {
    const [pair, twin] = random.shuffled(pairs) as [Pair, Pair];
    const fromRank = random.below(comm.size);
    const deed = random.pick([setAtOffset, setFromView, assignTo, setAllPieces, writeAndSync]);
    const told = deed(pair, twin, fromRank);
    const what = `step ${step}, ${dtype} [${shape.join()}], from rank ${fromRank}: ${told}`;
    check(pair, what);
    check(twin, what);
  }
  for (const { shared } of pairs) shared.close();
}
if (comm.rank === 0) console.log(`${steps} steps of seed ${seed}`);
