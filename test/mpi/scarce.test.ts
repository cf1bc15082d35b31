/** A rank that cannot map what another lends: all ranks learn of it at the same call, and go on. */
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";
import { JOB_MS, runJob } from "../job.ts";
import { describeEachMpi, launchLine, ON_LINUX, TYPESCRIPT } from "./launch.ts";

const PROGRAM = fileURLToPath(new URL("programs/scarce.ts", import.meta.url));

describeEachMpi((mpi) => {
  it.runIf(ON_LINUX)(
    "a rank without descriptors fails the creation on all ranks",
    { timeout: JOB_MS + 30_000 },
    async () => {
      const [command, ...args] = [...launchLine(mpi, 3), ...TYPESCRIPT, PROGRAM];
      const { code, stdout, output } = await runJob(command, args);
      expect(code, output).toBe(0);
      const outcomes = stdout
        .split("\n")
        .filter((line) => line.startsWith("{"))
        .map((line) => (JSON.parse(line) as { outcomes: string[] }).outcomes);
      expect(outcomes).toEqual(Array.from({ length: 3 }, () => ["NO_MEMORY on rank 1", "made", "made"]));
    },
  );
});
