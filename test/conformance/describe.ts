/** Turns conformance suites that run in a job of ranks into vitest tests: one job, then a test for each case's result. */
import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import type { CaseResult } from "./run.ts";
import { suites, type SuiteName } from "./suites.ts";

const program = new URL("./run.ts", import.meta.url).pathname;

/** How long one job may take: far more than any needs, and an end for one that hangs. */
const JOB_MS = 240_000;

/** Ends of a job: what it printed is shown when a case has failed. */
interface JobEnd {
  readonly code: number | null;
  readonly output: string;
}

/** Runs a command to its end, or to the time limit. */
export function runJob(
  command: string,
  args: readonly string[],
  env: Record<string, string> = {},
): Promise<JobEnd> {
  return new Promise((resolve) => {
    const job = spawn(command, args, { env: { ...process.env, ...env }, stdio: ["ignore", "pipe", "pipe"] });
    let output = "";
    const timer = setTimeout(() => {
      output += `\nended after ${JOB_MS} ms: it hung`;
      job.kill("SIGKILL");
    }, JOB_MS);
    for (const stream of [job.stdout, job.stderr]) stream.on("data", (chunk) => (output += String(chunk)));
    job.on("close", (code) => {
      clearTimeout(timer);
      resolve({ code, output });
    });
  });
}

/** Defines the tests of all suites for one way of starting ranks: `launch` is what stands before the program. */
export function describeConformance(
  title: string,
  launch: readonly [command: string, ...args: string[]],
  { env = {}, ranks = 1 }: { env?: Record<string, string>; ranks?: number } = {},
): void {
  describe(title, () => {
    let end: JobEnd;
    let results: readonly CaseResult[] = [];

    beforeAll(async () => {
      const folder = mkdtempSync(join(tmpdir(), "pshmem-conformance-"));
      const file = join(folder, "results");
      const [command, ...args] = launch;
      end = await runJob(command, [...args, program, file, ...Object.keys(suites)], env);
      if (existsSync(file))
        results = readFileSync(file, "utf8")
          .split("\n")
          .filter(Boolean)
          .map((line) => JSON.parse(line));
      rmSync(folder, { recursive: true });
    }, JOB_MS + 10_000);

    for (const suite of Object.keys(suites) as SuiteName[]) {
      describe(suite, () => {
        for (const { name, minSize = 1 } of suites[suite]) {
          // What needs more ranks is no case of this configuration; another one has it.
          if (minSize > ranks) continue;
          it(name, () => {
            const result = results.find((one) => one.suite === suite && one.name === name);
            expect(result?.error ?? (result ? "" : `no result; the job printed:\n${end.output}`)).toBe("");
            expect(result?.outcome).toBe("passed");
          });
        }
      });
    }

    it("ends with exit code 0", () => expect(end.code, end.output).toBe(0));
  });
}
