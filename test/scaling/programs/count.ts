/** Runs inside ranks: makes every call of the tables once, each on a communicator of its own, and prints what it cost as lines of JSON. */
import type { Communicator } from "../../../dist/index.js";
import { CALLS, type CountedCall, type Part } from "../calls.ts";
import { countingWorld, type Counts } from "../counting.ts";

/** What one call came to, with the ranks in given parts. */
export interface Counted {
  readonly name: string;
  readonly root: number;
  readonly caller: number;
  readonly waiter: number;
  readonly bytes: number;
  readonly tasks: number;
  /** By rank. */
  readonly counts: readonly Counts[];
}

const TASKS = 5;

const { comm: everyone, tally } = countingWorld();
const { rank, size } = everyone;
const last = size - 1;

/** All that was sent has come, and what that leads to: an end is told to rank 0, which tells it to all. */
function settle(): void {
  for (let round = 0; round < 2; round++) {
    everyone.barrier();
    everyone.iprobe();
  }
}

async function count(call: CountedCall, parts: Pick<Part, "root" | "caller">): Promise<void> {
  const comm: Communicator = everyone.dup();
  const part = { ...parts, comm, waiter: Math.min(1, last), bytes: call.bytes ?? 0, tasks: TASKS };
  const act = call.prepare(part);
  settle();
  tally.reset();
  // Whoever is first may be asking this rank already.
  everyone.barrier();
  tally.begin();
  const result = act();
  if (result instanceof Promise) await result;
  tally.end();
  settle();
  const counts = everyone.gather(tally.counts);
  const { root, caller, waiter, bytes, tasks } = part;
  const counted: Counted = { name: call.name, root, caller, waiter, bytes, tasks, counts: counts ?? [] };
  if (rank === 0) console.log(JSON.stringify(counted));
}

for (const call of CALLS) {
  if (call.waits && size < 3) continue;
  await count(call, { root: 0, caller: last });
  await count(call, { root: last, caller: 0 });
}
