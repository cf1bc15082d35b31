/** The package leaves signals alone: what a program does on SIGTERM is the program's. */
import { expect, it } from "vitest";
import { runJob } from "../job.ts";

const cli = new URL("../../dist/cli/main.js", import.meta.url).pathname;
const program = new URL("./programs/handlers.mjs", import.meta.url).pathname;

function expectNoHandlers(text: string): void {
  const [before, ...later] = JSON.parse(text);
  expect(before.listeners).toEqual([]);
  // Node itself catches some, to leave the terminal as it was.
  expect(later).toEqual([before, before]);
}

it("neither importing nor a world installs a handler, on a rank alone", async () => {
  expectNoHandlers((await runJob(process.execPath, [program])).stdout);
});

it("neither importing nor a world installs a handler, on threads", async () => {
  const { stdout, output } = await runJob(process.execPath, [cli, "run", "-n", "2", program]);
  const lines = stdout.trim().split("\n");
  expect(lines, output).toHaveLength(2);
  for (const line of lines) expectNoHandlers(line);
});
