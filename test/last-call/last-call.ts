/** Tests that a call which is the last of every rank comes through on all, though some are through with it, and end, long before others. */
import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";
import { runJob } from "../job.ts";

const PROGRAM = fileURLToPath(new URL("program.mjs", import.meta.url));
const CALLS = execFileSync(process.execPath, [PROGRAM, "list"], { encoding: "utf8" }).trim().split(",");

/** Four, so that a tree has a rank that passes on, and a ring one that is neither first nor last. */
export const RANKS = 4;

/** Defines a test for each call; `launch` is the command line of a job of {@link RANKS} ranks without its program. */
export function itComesThrough(
  [command, ...args]: readonly [string, ...string[]],
  env: Readonly<Record<string, string>> = {},
): void {
  it.each(CALLS)("%s", async (call) => {
    const { code, stdout, output } = await runJob(command, [...args, PROGRAM, call], { env });
    expect(code, output).toBe(0);
    const through = Array.from({ length: RANKS }, (_, rank) => `rank ${rank} has come through`);
    expect(stdout.trim().split("\n").toSorted(), output).toEqual(through);
  });
}
