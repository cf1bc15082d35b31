/** The package leaves signals alone under MPI too, and a guarded program ends its whole job. */
import { expect, it } from "vitest";
import { runJob } from "../job.ts";
import { describeEachMpi, launchLine } from "./launch.ts";

const programs = new URL("../threads/programs/", import.meta.url).pathname;

describeEachMpi((mpi) => {
  const run = (...program: string[]) => {
    const [command, ...args] = launchLine(mpi, 2);
    return runJob(command, [...args, process.execPath, ...program], { jobMs: 60_000 });
  };

  it("neither importing nor a world installs a handler", async () => {
    const { stdout, output } = await run(`${programs}handlers.mjs`);
    const lines = stdout.trim().split("\n");
    expect(lines, output).toHaveLength(2);
    for (const line of lines) {
      const [before, imported, started] = JSON.parse(line);
      expect(imported).toEqual(before);
      // MPI itself may catch some from its start on: UCX catches SIGHUP.
      for (const { listeners } of [before, started]) expect(listeners).toEqual([]);
    }
  });

  it.each(["throw", "reject", "unhandled"])(
    "ends the whole job when one guarded rank fails: %s",
    async (way) => {
      const { code, output } = await run(`${programs}guarded.mjs`, way);
      expect(code, output).toBe(1);
      expect(output).toContain("TypeError: on purpose");
      expect(output).not.toContain("finished");
      expect(output).not.toContain("it hung");
    },
  );
});
