/** Making a failing program shorter: the step that failed alone, else without one step after another, as long as it still fails. */
import { playJob, type Failure } from "./job.ts";
import { lengthOf } from "./program.ts";
import type { Order } from "./rank.ts";
import type { Topology } from "./topology.ts";

/** The least that fails. */
export interface Shrunk {
  readonly steps: readonly number[];
  readonly failure: Failure;
}

/** How long (ms) a program may take here at the most: it is played alone, and most often fails at once. */
const MOST_MS = 8_000;

/** Asynchronous: plays the program alone, then with fewer steps; null if it does not fail alone. */
export async function shrink(
  topology: Topology,
  order: Omit<Order, "folder">,
  limitMs: number,
): Promise<Shrunk | null> {
  const { seed, from: number } = order;
  const whole = order.steps ?? Array.from({ length: lengthOf({ seed, number }) }, (_, step) => step);
  const attempt = (steps: readonly number[]) =>
    playJob(topology, { ...order, to: number + 1, steps, trace: true }, Math.min(limitMs, MOST_MS));
  const failure = await attempt(whole);
  if (!failure) return null;
  const last = lastStep(failure.trace) ?? whole.at(-1)!;
  const alone = await attempt([last]);
  if (alone) return { steps: [last], failure: alone };
  let best: Shrunk = { steps: whole, failure };
  for (const step of whole.toReversed()) {
    const fewer = best.steps.filter((one) => one !== step);
    // oxlint-disable-next-line no-await-in-loop -- each attempt follows from the one before
    const failed = await attempt(fewer);
    if (failed) best = { steps: fewer, failure: failed };
  }
  return best;
}

/** The step that the ranks came to. */
function lastStep(trace: string): number | null {
  const steps = [...trace.matchAll(/^rank \d+: (\d+)\./gm)].map((match) => Number(match[1]));
  return steps.length === 0 ? null : Math.max(...steps);
}
