/** The exit code of a job of one rank says whether it failed, as on other backends. */
import { expect, it } from "vitest";
import { runJob } from "../job.ts";

const program = new URL("./programs/ends.mjs", import.meta.url).pathname;

it.each([
  ["nothing", null, 0],
  ["exit", 0, 0],
  ["exit", "0", 0],
  ["exit", 3, 3],
  ["exit", 256, 1],
  ["exit", -1, 255],
  ["exitCode", 512, 1],
  ["exitCode", "7", 7],
  ["atExit", 256, 1],
  ["abort", 7, 7],
  ["abort", 0, 0],
  ["abort", 256, 1],
  ["abort", 300, 44],
  ["abort", null, 1],
  ["abort", 1.5, 1],
  ["abort", "x", 1],
  ["throw", null, 1],
  // Node's own code for an await that never settles.
  ["never", null, 13],
] as const)("%s %s ends with code %i", async (end, value, code) => {
  const ended = await runJob(process.execPath, [program, end, JSON.stringify(value)]);
  expect(ended.code, ended.output).toBe(code);
  if (end === "abort") expect(ended.output).toBe("");
});
