/** Memory that is promised before it is there; rank 0 prints what came of it as JSON. Where the argument is `cycles`, arrays come and go. */
import { readFileSync } from "node:fs";
import { totalmem } from "node:os";
import { MPIBatch, MPIShared, PshmemError, world } from "../../../dist/index.js";

/** What the test finds in the output. */
export interface Outcome {
  /** Arrays of a tenth of the machine's memory that could be made at the same time; then again, after all had been closed. */
  readonly filled?: readonly number[];
  /** Bytes of the process that belong to no file, after many arrays of a quarter of the memory. */
  readonly resident?: number;
  /** The number of a task taken from a very large batch. */
  readonly task?: number | null;
}

const comm = world();
/** More arrays than there can be room for. */
const MOST = 30;
/** Elements of 16 bytes; an array cannot have more than 2³¹ of them on every Node. */
const part = (share: number): number => Math.min(Math.floor((totalmem() * share) / 16), 2 ** 31);

function make(count: number): MPIShared<"complex128"> {
  return new MPIShared([count], "complex128", comm);
}

/** Makes arrays, which nobody touches, until memory is refused; closes them all and tells how many there were. */
function fill(): number {
  const arrays: MPIShared<"complex128">[] = [];
  try {
    while (arrays.length < MOST) arrays.push(make(part(0.1)));
  } catch (error) {
    if (!(error instanceof PshmemError) || error.code !== "NO_MEMORY") throw error;
  }
  for (const array of arrays) array.close();
  return arrays.length;
}

/** Each array has 64 MiB that are touched. */
function cycle(): number {
  const data = new Float64Array(2 ** 23).fill(1);
  for (let round = 0; round < 40; round++) {
    using array = make(part(0.25));
    array.set(data, { fromRank: round % comm.size });
    comm.barrier();
  }
  const status = readFileSync("/proc/self/status", "utf8");
  return Number(/^RssAnon:\s+(\d+) kB/m.exec(status)![1]) * 1024;
}

function takeOne(): number | null {
  using batch = new MPIBatch(comm, 1, 1_000_000_000);
  return comm.bcast(comm.rank === 0 ? batch.nextTask() : null);
}

const deeds: Readonly<Record<string, () => Outcome>> = {
  fill: () => ({ filled: [fill(), fill(), fill()] }),
  cycles: () => ({ resident: cycle() }),
  batch: () => ({ task: takeOne() }),
};
const outcome = deeds[process.argv[2]]();
if (comm.rank === 0) console.log(JSON.stringify(outcome));
