/** A program: a seed and a number make a list of steps, the same on every rank; playing it does them one after another. */
import type { Communicator } from "../dist/index.js";
import { arrayDeeds } from "./deeds/arrays.ts";
import { batchDeeds } from "./deeds/batches.ts";
import { collectiveDeeds } from "./deeds/collectives.ts";
import { communicatorDeeds, useFreed } from "./deeds/communicators.ts";
import type { Deed } from "./deeds/deed.ts";
import { garbageDeeds } from "./deeds/garbage.ts";
import { lockDeeds } from "./deeds/locks.ts";
import { messageDeeds } from "./deeds/messages.ts";
import { mismatchDeeds } from "./deeds/mismatches.ts";
import { reductionDeeds } from "./deeds/reductions.ts";
import { windowDeeds } from "./deeds/windows.ts";
import { randomOf, type Random } from "./random.ts";
import { Finding, Site } from "./site.ts";
import { State, type Slot } from "./state.ts";

const DEEDS: readonly Deed[] = [
  ...arrayDeeds,
  ...batchDeeds,
  ...collectiveDeeds,
  ...communicatorDeeds,
  ...garbageDeeds,
  ...lockDeeds,
  ...messageDeeds,
  ...mismatchDeeds,
  ...reductionDeeds,
  ...windowDeeds,
];

/** Each deed as often as it weighs. */
const CHOICE = DEEDS.flatMap((deed) => Array.from({ length: deed.weight }, () => deed));

/** The most steps of a program. */
const LONGEST = 12;

const USE_FREED: Deed = { name: "use after free", weight: 0, run: useFreed };

/** Names one program of a job. */
export interface ProgramId {
  readonly seed: number;
  readonly number: number;
  /** The steps that are left of it; all when absent. */
  readonly steps?: readonly number[];
}

/** Local: how many steps a program has. */
export function lengthOf({ seed, number }: ProgramId): number {
  return randomOf(seed, number).between(1, LONGEST);
}

/**
 * Collective over `world`: plays a program. `tell` is given its text, line by line, before what each line says is done.
 *
 * @throws Finding when something is not as the reference says
 */
export async function play(
  world: Communicator,
  nodeOf: readonly number[],
  id: ProgramId,
  tell: (text: string) => void,
): Promise<void> {
  const state = new State(world.dup(), nodeOf);
  for (let step = 0; step < lengthOf(id); step++) {
    if (id.steps && !id.steps.includes(step)) continue;
    const random = randomOf(id.seed, id.number, step);
    const deed = random.pick(CHOICE);
    // oxlint-disable-next-line no-await-in-loop -- one step after another
    await perform(state, deed, random, [id.seed, id.number, step], tell);
  }
  state.end();
}

/** A step is done by all groups of its communicator at the same time, each by itself. */
async function perform(
  state: State,
  chosen: Deed,
  random: Random,
  seed: readonly number[],
  tell: (text: string) => void,
): Promise<void> {
  const n = random.below(state.slots.length);
  const slot = state.slots[n];
  const step = seed.at(-1)!;
  const deed = slot.freed ? USE_FREED : chosen;
  const made = await performOn(state, slot, deed, [...seed, n], (text) =>
    tell(`${step}. ${deed.name}, communicator ${n}: ${text}`),
  );
  if (deed.makes) state.slots.push(made ?? { comm: null, members: [], freed: false });
  if (deed.frees) slot.freed = true;
}

async function performOn(
  state: State,
  { comm, members }: Slot,
  deed: Deed,
  seed: readonly number[],
  tell: (text: string) => void,
): Promise<Slot | void> {
  if (!comm) return undefined;
  let text = "";
  const told = (more: string) => {
    text += `${text && "; "}${more}`;
    tell(more);
  };
  try {
    return await deed.run(new Site(comm, state, [...seed, members[0]], told));
  } catch (error) {
    const what = error instanceof Finding ? error.message : `threw ${describe(error)}`;
    throw new Finding(`step ${seed[2]}, ${deed.name} (${text}), rank ${comm.rank} of ${comm.size}: ${what}`);
  }
}

function describe(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : typeof error;
}
