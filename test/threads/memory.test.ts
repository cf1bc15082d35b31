/** Memory of ranks that are threads, and of a rank alone: what is promised counts before it is touched. */
import { totalmem } from "node:os";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { runJob } from "../job.ts";
import type { Outcome } from "./programs/memory.ts";

const cli = fileURLToPath(new URL("../../dist/cli/main.js", import.meta.url));
const program = fileURLToPath(new URL("programs/memory.ts", import.meta.url));

const LAUNCHES: Readonly<Record<string, readonly string[]>> = {
  serial: ["--import", "tsx"],
  "threads, 1 rank": [cli, "run", "-n", "1"],
  "threads, 4 ranks": [cli, "run", "-n", "4"],
  "threads, 4 ranks on 2 nodes": [cli, "run", "-n", "4", "--nodes", "2"],
};

async function run(launch: readonly string[], deed: string): Promise<Outcome> {
  const { code, stdout, output } = await runJob(process.execPath, [...launch, program, deed]);
  expect(code, output).toBe(0);
  return JSON.parse(stdout);
}

describe.each(Object.entries(LAUNCHES))("%s", (title, launch) => {
  it("is promised no more than there is, whoever asks, and again after it was given back", async () => {
    const { filled } = await run(launch, "fill");
    // A tenth of the memory for each; every simulated node has a copy.
    const most = title.endsWith("2 nodes") ? 5 : 10;
    const size = Math.min(totalmem() / 10, 2 ** 35);
    for (const count of filled!)
      expect(count).toBeLessThanOrEqual(Math.floor((most * totalmem()) / 10 / size));
    expect(filled![0]).toBeGreaterThan(0);
    // Other programs on this machine come and go.
    for (const count of filled!) expect(Math.abs(count - filled![0])).toBeLessThanOrEqual(2);
  });

  it.runIf(process.platform === "linux")("has it back from arrays that were closed", async () => {
    const { resident } = await run(launch, "cycles");
    // 40 arrays of 64 MiB were touched; a gibibyte of them may wait to be collected.
    expect(resident).toBeLessThan(2 * 2 ** 30);
  });
});

it("a batch of a thousand million tasks takes memory for its tasks and no more", async () => {
  expect(await run(LAUNCHES["threads, 4 ranks"], "batch")).toEqual({ task: 0 });
});
