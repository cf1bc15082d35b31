/** Making a failing program shorter: drop one step after another, as long as it still fails. */
import { playJob, type Failure } from "./job.ts";
import { lengthOf } from "./program.ts";
import type { Order } from "./rank.ts";
import type { Topology } from "./topology.ts";

/** The least that fails. */
export interface Shrunk {
  readonly steps: readonly number[];
  readonly failure: Failure;
}

/** How long (ms) a program may take here: it is played alone, and most often fails at once. */
const PROGRAM_MS = 8_000;

/** Asynchronous: plays the program alone, then with fewer steps; null if it does not fail alone. */
export async function shrink(topology: Topology, order: Omit<Order, "folder">): Promise<Shrunk | null> {
  const { seed, from: number } = order;
  const all = order.steps ?? Array.from({ length: lengthOf({ seed, number }) }, (_, step) => step);
  const attempt = (steps: readonly number[]) =>
    playJob(topology, { ...order, to: number + 1, steps, trace: true }, PROGRAM_MS);
  const failure = await attempt(all);
  if (!failure) return null;
  let best: Shrunk = { steps: all, failure };
  for (const step of all.toReversed()) {
    const fewer = best.steps.filter((one) => one !== step);
    // oxlint-disable-next-line no-await-in-loop -- each attempt follows from the one before
    const failed = fewer.length > 0 ? await attempt(fewer) : null;
    if (failed) best = { steps: fewer, failure: failed };
  }
  return best;
}
