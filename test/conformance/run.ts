/**
 * Runs conformance suites inside ranks, started by `pshmem run`, `mpirun` or plainly. The arguments are the file for the results
 * and the names of the suites. One line of JSON is written as each case ends. A failure on any rank ends the job, since the
 * others may wait in that case for ever; the cases after it then have no line.
 */
import { appendFileSync } from "node:fs";
import { world, type Communicator } from "../../dist/index.js";
import type { Case } from "./case.ts";
import { suites, type SuiteName } from "./suites.ts";

/** How one case ended. */
export interface CaseResult {
  readonly suite: string;
  readonly name: string;
  readonly outcome: "passed" | "failed" | "too few ranks";
  /** What failed, on which rank. */
  readonly error?: string;
}

const [file, ...names] = process.argv.slice(2);
const everyone = world();

function report(result: CaseResult): void {
  appendFileSync(file, `${JSON.stringify(result)}\n`);
}

async function runCase(suite: string, one: Case, comm: Communicator): Promise<void> {
  const { name, minSize = 1 } = one;
  try {
    if (comm.size >= minSize) await one.run(comm);
  } catch (error) {
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
    report({ suite, name, outcome: "failed", error: `rank ${comm.rank} of ${comm.size}: ${text}` });
    throw error;
  }
  comm.barrier();
  if (comm.rank === 0) report({ suite, name, outcome: comm.size >= minSize ? "passed" : "too few ranks" });
}

for (const suite of names as SuiteName[]) {
  for (const one of suites[suite]) {
    const comm = everyone.dup();
    await runCase(suite, one, comm);
    comm.free();
  }
}
