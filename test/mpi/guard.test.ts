/** Read-only arrays (`PSHMEM_GUARD=1`) where ranks are processes: a stray store of one ends the job. */
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";
import { runJob, type JobEnd } from "../job.ts";
import { describeEachMpi, launchLine } from "./launch.ts";

const program = fileURLToPath(new URL("../threads/programs/stray.mjs", import.meta.url));

describeEachMpi((mpi) => {
  const start = (guard: string, size: string): Promise<JobEnd> => {
    const [command, ...options] = launchLine(mpi, 2);
    return runJob(command, [...options, process.execPath, program, size], {
      env: { PSHMEM_GUARD: guard },
      jobMs: 60_000,
    });
  };

  it.each(["small", "large"])("a store to a %s array ends the job under the guard", async (size) => {
    const { code, output } = await start("1", size);
    expect(code, output).not.toBe(0);
    expect(output).not.toContain("went on");
    expect(output).not.toContain("hung");
  });

  it("and nothing happens without", async () => {
    const { code, output } = await start("", "large");
    expect(code, output).toBe(0);
    expect(output.match(/went on/g)).toHaveLength(2);
  });
});
