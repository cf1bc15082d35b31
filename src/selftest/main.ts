/** The self-test: every case of the Python original's own test programme, on the world the program was started in. */
import { world } from "../world.ts";
import { batchCases } from "./batch.ts";
import type { Case } from "./case.ts";
import { lockCases } from "./lock.ts";
import { runCases } from "./run.ts";
import { sharedCases } from "./shared.ts";
import { splitCases } from "./split.ts";

const CASES: readonly Case[] = [...lockCases, ...sharedCases, ...splitCases, ...batchCases];

/**
 * Collective over the world: runs all cases and prints the results on rank 0. True, on every rank, if every case that was not
 * skipped passed on every rank.
 *
 * @throws BAD_LAUNCH as `world` does
 */
export async function selftest(): Promise<boolean> {
  return runCases(CASES, world());
}
