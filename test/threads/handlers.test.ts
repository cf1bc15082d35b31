/** The package leaves signals alone: what a program does on SIGTERM is the program's. */
import { expect, it } from "vitest";
import { runJob } from "../job.ts";

const cli = new URL("../../dist/cli/main.js", import.meta.url).pathname;
const program = new URL("./programs/handlers.mjs", import.meta.url).pathname;

it("neither importing nor a world installs a handler, on a rank alone", async () => {
  const { stdout, output } = await runJob(process.execPath, [program]);
  const nothing = { listeners: [], caught: [] };
  expect(JSON.parse(stdout), output).toEqual([nothing, nothing, nothing]);
});

it("neither importing nor a world installs a handler, on threads", async () => {
  const { stdout, output } = await runJob(process.execPath, [cli, "run", "-n", "2", program]);
  const lines = stdout.trim().split("\n");
  expect(lines, output).toHaveLength(2);
  // The launcher's own, which end the ranks in order, are there before.
  for (const line of lines) {
    const [before, ...later] = JSON.parse(line);
    expect(before.listeners).toEqual([]);
    expect(later).toEqual([before, before]);
  }
});
