/**
 * `npm run fuzz -- --programs 100000 --seed 1`: plays random programs on random topologies beside a reference. Ends with code 1 at the first
 * failure, with the shortest part of the program that fails and the command that plays it again.
 *
 * Options: `--backend threads|mpich|openmpi|serial`, `--ranks`, `--nodes`, `--placement block|cyclic`, `--node-sizes 3,1`,
 * `--windows auto|messages` (what is not given is left to chance), `--from` (the first program), `--only` (one program), `--steps 2,5`
 * (some of its steps), `--trace` (what every rank is about to do), `--limit` (ms that one program may take, 60 000), `--mutant` (a mistake to
 * plant in the product).
 */
import { parseArgs } from "node:util";
import { playJob, type Failure } from "./job.ts";
import { MUTANT_NAMES, type MutantName } from "./mutants.ts";
import { randomOf } from "./random.ts";
import type { Order } from "./rank.ts";
import { shrink } from "./shrink.ts";
import { optionsOf, topologyOf, type BackendName, type Fixed, type Topology } from "./topology.ts";

/** Programs of one job: each batch has a topology of its own. */
const BATCH = 500;

const { values } = parseArgs({
  options: {
    programs: { type: "string", default: "1000" },
    seed: { type: "string", default: "1" },
    from: { type: "string", default: "0" },
    only: { type: "string" },
    steps: { type: "string" },
    trace: { type: "boolean", default: false },
    backend: { type: "string", default: "threads" },
    ranks: { type: "string" },
    nodes: { type: "string" },
    placement: { type: "string" },
    "node-sizes": { type: "string" },
    windows: { type: "string" },
    limit: { type: "string", default: "60000" },
    mutant: { type: "string" },
  },
});

const number = (text: string | undefined) => (text === undefined ? undefined : Number(text));
const numbers = (text: string | undefined) => text?.split(",").map(Number);

const seed = Number(values.seed);
const limitMs = Number(values.limit);
const backend = values.backend as BackendName;
const fixed: Fixed = {
  ...given("ranks", number(values.ranks)),
  ...given("nodes", number(values.nodes)),
  ...given("placement", values.placement as Topology["placement"] | undefined),
  ...given("nodeSizes", numbers(values["node-sizes"])),
  ...given("windows", values.windows as Topology["windows"] | undefined),
};
const mutant = MUTANT_NAMES.find((name) => name === values.mutant) satisfies MutantName | undefined;

function given<K extends string, T>(name: K, value: T | undefined): { [key in K]?: T } {
  return value === undefined ? {} : ({ [name]: value } as { [key in K]: T });
}

function orderOf(from: number, to: number): Omit<Order, "folder"> {
  return { seed, from, to, steps: numbers(values.steps), trace: values.trace, mutant };
}

/** A batch's topology follows from the seed and the batch's number. */
function topologyAt(program: number): Topology {
  return topologyOf(randomOf(seed, Math.floor(program / BATCH), 1), backend, fixed);
}

async function report(topology: Topology, failure: Failure): Promise<void> {
  console.log(
    `program ${failure.program} of seed ${seed}: ${failure.kind}: ${failure.text}\n${failure.trace}`,
  );
  const order = orderOf(failure.program, failure.program + 1);
  const shrunk = await shrink(topology, order, limitMs);
  const steps = shrunk ? ` --steps ${shrunk.steps.join()}` : "";
  if (shrunk) {
    const { kind, text, trace } = shrunk.failure;
    console.log(`shrunk to ${shrunk.steps.length} steps: ${kind}: ${text}\n${trace}`);
  } else console.log("it does not fail when it is played alone: play the batch again");
  const which = shrunk
    ? `--only ${failure.program}`
    : `--from ${failure.program - (failure.program % BATCH)} --programs ${BATCH}`;
  console.log(
    `again: npm run fuzz -- --seed ${seed} ${which}${steps} ${optionsOf(topology)}${mutant ? ` --mutant ${mutant}` : ""}`,
  );
  process.exitCode = 1;
}

async function runBatch(from: number, to: number): Promise<boolean> {
  const topology = topologyAt(from);
  const began = performance.now();
  const failure = await playJob(topology, orderOf(from, to), limitMs);
  const seconds = ((performance.now() - began) / 1000).toFixed(1);
  console.log(
    `${from} … ${to - 1}: ${optionsOf(topology)}: ${failure ? failure.kind : "well"}, ${seconds} s`,
  );
  if (failure) await report(topology, failure);
  return failure === null;
}

const from = number(values.only) ?? Number(values.from);
const end = values.only === undefined ? from + Number(values.programs) : from + 1;
let well = true;
for (let at = from; at < end && well;) {
  const next = Math.min(end, at - (at % BATCH) + BATCH);
  // oxlint-disable-next-line no-await-in-loop -- one job at a time
  well = await runBatch(at, next);
  at = next;
}
if (well) console.log(`${end - from} programs of seed ${seed}: no hang, no wrong result, no untyped error`);
