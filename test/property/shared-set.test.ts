/** All ways of writing an array against a plain array: random programs inside ranks, on several placements of the ranks. */
import { randomInt } from "node:crypto";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { runJob } from "../conformance/describe.ts";

const MAIN = fileURLToPath(new URL("../../dist/cli/main.js", import.meta.url));
const PROGRAM = fileURLToPath(new URL("./programs/set.ts", import.meta.url));

const STEPS = 100;

const PLACEMENTS = {
  "1 rank": ["-n", "1"],
  "3 ranks": ["-n", "3"],
  "4 ranks on 2 nodes, cyclic": ["-n", "4", "--nodes", "2", "--placement", "cyclic"],
  "5 ranks on nodes of 2, 1 and 2": ["-n", "5", "--node-sizes", "2,1,2"],
  "4 ranks on 4 nodes": ["-n", "4", "--nodes", "4"],
};

describe.each(Object.entries(PLACEMENTS))("%s", (_, options) => {
  // One seed that never changes, and one that was never tried: the test's name tells it.
  it.each([20_250_101, randomInt(2 ** 31)])("random writes of seed %i", async (seed) => {
    const end = await runJob(process.execPath, [MAIN, "run", ...options, PROGRAM, `${seed}`, `${STEPS}`]);
    expect(end.output).toContain(`${STEPS} steps of seed ${seed}`);
    expect(end.code, end.output).toBe(0);
  });
});
