/**
 * Running cases and telling how they end, in the manner of TAP: a line for each case, by rank 0. Lines in between are those
 * of what the cases test, such as the lock's debug mode.
 */
import type { Communicator } from "../comm/contract.ts";
import { isPshmemError } from "../errors.ts";
import type { Case } from "./case.ts";

/**
 * Collective: runs all cases, those after a failed one too, and prints the results on rank 0. True, on every rank, if every
 * case that was not skipped passed on every rank.
 */
export async function runCases(cases: readonly Case[], everyone: Communicator): Promise<boolean> {
  const counts = { passed: 0, failed: 0, skipped: 0 };
  for (const [index, one] of cases.entries()) {
    const problems = one.skip === undefined ? await runCase(one, everyone) : null;
    counts[problems === null ? "skipped" : problems.length > 0 ? "failed" : "passed"] += 1;
    if (everyone.rank === 0) console.log(resultOf(index + 1, one, problems ?? []));
  }
  const { passed, failed, skipped } = counts;
  const left = skipped > 0 ? `, ${skipped} skipped` : "";
  if (everyone.rank === 0) console.log(`1..${cases.length}\n${passed} passed, ${failed} failed${left}`);
  return failed === 0;
}

/** Collective: what went wrong, by rank; the same on all ranks. */
async function runCase(one: Case, everyone: Communicator): Promise<readonly string[]> {
  // A communicator of its own: what a failed case leaves undone does not reach the next.
  const comm = everyone.dup();
  let problem: string | null = null;
  try {
    await one.run(comm);
  } catch (error) {
    problem = error instanceof Error ? (error.stack ?? error.message) : String(error);
  }
  const problems = agree(comm, problem);
  comm.free();
  return problems.flatMap((text, rank) => (text === null ? [] : [`rank ${rank}: ${text}`]));
}

/**
 * Collective: every rank's problem. A rank that has one may find others still in a collective of the case: that call throws
 * MISMATCH there, and this one here. Then they come here too, and both are in step again.
 */
function agree(comm: Communicator, problem: string | null): readonly (string | null)[] {
  for (;;) {
    try {
      return comm.allgather(problem);
    } catch (error) {
      if (!isPshmemError(error, "MISMATCH")) throw error;
    }
  }
}

function resultOf(number: number, { name, skip }: Case, problems: readonly string[]): string {
  if (skip !== undefined) return `ok ${number} - ${name} # SKIP ${skip}`;
  const line = `${problems.length > 0 ? "not ok" : "ok"} ${number} - ${name}`;
  const details = problems.flatMap((text) => text.split("\n").map((part) => `# ${part}`));
  return [line, ...details].join("\n");
}
