/** Runs inside ranks: cycles until the minutes are over, and measures between them. Argument: the minutes. */
import { world } from "../dist/index.js";
import { Cycle } from "./cycle.ts";
import { usage } from "./usage.ts";
import { Record } from "./verdict.ts";

/** Between two measurements, in ms: a full collection takes some 10 ms. */
const SAMPLE_MS = 3_000;

const GO = 0;
const MEASURE = 1;
const STOP = 2;

const minutes = Number(process.argv[2]);
const comm = world();
const record = new Record(comm.size);
const cycle = new Cycle(comm);
const end = performance.now() + minutes * 60_000;
let sample = 0;
let cycles = 0;

/** Rank 0 has the clock. */
function next(): number {
  const now = performance.now();
  if (now >= end) return STOP;
  if (now < sample) return GO;
  sample = now + SAMPLE_MS;
  return MEASURE;
}

for (;;) {
  const what = comm.bcast(comm.rank === 0 ? next() : GO);
  if (what === STOP) break;
  if (what === MEASURE) {
    const all = comm.gather(usage());
    if (all) record.add(all, cycles);
  }
  await cycle.run(cycles++);
}
cycle.close();
if (comm.rank === 0) {
  console.log(`${cycles} cycles on ${comm.size} ranks, ${comm.backend}, in ${minutes} minutes`);
  if (!record.conclude()) process.exitCode = 1;
}
