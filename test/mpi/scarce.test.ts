/** A rank that cannot map what another lends: all ranks learn of it at the same call, each time they try, and go on. */
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";
import { JOB_MS, runJob } from "../job.ts";
import { describeEachMpi, describeMpi, launchLine, ON_LINUX, TYPESCRIPT, type Mpi } from "./launch.ts";

const PROGRAM = fileURLToPath(new URL("programs/scarce.ts", import.meta.url));

const SMALL = ["array", "dup", "split", "lock", "window"];
const LARGE = ["large array"];

function all(kinds: readonly string[], outcome: string): Readonly<Record<string, string>> {
  return Object.fromEntries(kinds.map((kind) => [kind, outcome]));
}

const REFUSED = "NO_MEMORY on rank 1";
const MADE = all([...SMALL, ...LARGE], "made");
const OUTCOMES = {
  unknown: Array.from({ length: 2 }, () => all([...SMALL, ...LARGE], REFUSED)),
  enough: MADE,
  known: [all(SMALL, "made"), all(LARGE, REFUSED)],
  again: MADE,
};

function itFailsOnAll(mpi: Mpi, title: string, env: Readonly<Record<string, string>> = {}): void {
  it.runIf(ON_LINUX)(title, { timeout: JOB_MS + 30_000 }, async () => {
    const [command, ...args] = [...launchLine(mpi, 3), ...TYPESCRIPT, PROGRAM];
    const { code, stdout, output } = await runJob(command, args, { env });
    expect(code, output).toBe(0);
    const outcomes = stdout
      .split("\n")
      .filter((line) => line.startsWith("{"))
      .map((line) => (JSON.parse(line) as { outcomes: unknown }).outcomes);
    expect(outcomes).toEqual([OUTCOMES, OUTCOMES, OUTCOMES]);
  });
}

describeEachMpi((mpi) => {
  itFailsOnAll(mpi, "a rank without descriptors fails the creation on all ranks");
});

describeMpi("MPICH", (mpi) => {
  // Rank 2 is alone on the second node, and its memory can be had.
  const nodes = { MPIR_CVAR_NUM_CLIQUES: "2", MPIR_CVAR_CLIQUES_BY_BLOCK: "1" };
  itFailsOnAll(mpi, "also on those of other nodes", { ...nodes, PSHMEM_WINDOWS: "messages" });
});
