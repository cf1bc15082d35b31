/** The end of a rank among those of its node. */
import type { Bells } from "../node/bells.ts";
import { DIED, ENDED, PRESENT, type Roster } from "../node/roster.ts";

/** How often (ms) a rank that has ended looks whether those that have not still run. */
const LOOK_MS = 1_000;

/** The ranks of a node, by place, and how they are woken. */
export interface Household {
  readonly roster: Roster;
  readonly bells: Bells;
  readonly place: number;
  readonly count: number;
  /** Whether the process at a place runs; null where processes cannot see one another. */
  readonly runs: ((place: number) => boolean) | null;
}

/** Local: whoever waits for this rank learns that it does so in vain. */
export function takeLeave(household: Household): void {
  mark(household, household.place, ENDED);
}

/**
 * Collective over the node, blocking: until all have come to their ends. MPI's own end would wait too, but looking all the time, and it cannot do without a rank
 * that dies meanwhile.
 */
export function awaitEnds(household: Household): void {
  const { roster, bells, place, runs } = household;
  const isThere = (mate: number) => roster.fateOf(mate) === PRESENT;
  const places = Array.from({ length: household.count }, (_, mate) => mate);
  // Where nobody sees a death, MPI is the one to wait.
  if (!runs) return;
  for (;;) {
    bells.arm(place);
    const there = places.filter(isThere);
    if (there.length === 0) return;
    bells.sleep(place, LOOK_MS);
    for (const mate of there) if (!runs(mate)) mark(household, mate, DIED);
  }
}

/** Local: whether a rank of the node is known to have died. */
export function hasDied({ roster, count }: Household): boolean {
  return Array.from({ length: count }, (_, mate) => mate).some((mate) => roster.fateOf(mate) === DIED);
}

function mark({ roster, bells, count }: Household, place: number, fate: typeof ENDED | typeof DIED): void {
  if (!roster.mark(place, fate)) return;
  for (let mate = 0; mate < count; mate++) bells.ring(mate);
}
