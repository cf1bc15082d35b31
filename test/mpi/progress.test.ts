/** Windows of a rank that computes: they wait for it, unless PSHMEM_PROGRESS=thread has a helper answer in its place. */
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";
import { describeMpi, launchLine, TYPESCRIPT } from "./launch.ts";

const PROGRAM = fileURLToPath(new URL("programs/computes.ts", import.meta.url));
const LONGEST_MS = 120_000;

interface Result {
  readonly computed: number;
  readonly fetches: readonly number[];
  readonly puts: readonly number[];
  readonly sum: number;
  readonly last: number;
}

describeMpi("MPICH", (mpi) => {
  const run = (env: Readonly<Record<string, string>>) => {
    const [command, ...args] = [...launchLine(mpi, 2), ...TYPESCRIPT, PROGRAM];
    const nodes = { MPIR_CVAR_NUM_CLIQUES: "2" };
    return spawnSync(command, args, {
      encoding: "utf8",
      timeout: LONGEST_MS,
      env: { ...process.env, PSHMEM_WINDOWS: "", PSHMEM_PROGRESS: "", ...nodes, ...env },
    });
  };
  const resultOf = (env: Readonly<Record<string, string>>): Result => {
    const { stdout, stderr, status } = run(env);
    expect(status, stderr).toBe(0);
    return JSON.parse(stdout.split("\n").find((line) => line.startsWith("{"))!);
  };

  for (const windows of ["messages", "rma"]) {
    it(`${windows}: a helper thread answers while its rank computes`, { timeout: LONGEST_MS }, () => {
      const { computed, fetches, sum, last } = resultOf({
        PSHMEM_WINDOWS: windows,
        PSHMEM_PROGRESS: "thread",
      });
      // The first operation would wait for the end of the computation.
      expect(fetches[0]).toBeLessThan(computed / 2);
      expect([sum, last]).toEqual([fetches.length, 19]);
    });

    it(`${windows}: without it the first operation waits, and none is lost`, { timeout: LONGEST_MS }, () => {
      const { computed, fetches, sum, last } = resultOf({ PSHMEM_WINDOWS: windows });
      expect(fetches[0]).toBeGreaterThan(computed / 2);
      expect([sum, last]).toEqual([fetches.length, 19]);
    });
  }

  for (const name of ["PSHMEM_WINDOWS", "PSHMEM_PROGRESS"]) {
    it(`${name}: an unknown value is refused on all ranks`, { timeout: LONGEST_MS }, () => {
      const { stderr, status } = run({ [name]: "often" });
      expect(status).not.toBe(0);
      expect(stderr).toContain(`${name} is "often" on all ranks; it must be`);
    });
  }
});
