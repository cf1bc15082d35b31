/** Turns conformance suites that run in a job of ranks into vitest tests: one job, then a test for each case's result. */
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { JOB_MS, runJob, type JobEnd } from "../job.ts";
import type { CaseResult } from "./run.ts";
import { suites, type SuiteName } from "./suites.ts";

export { runJob };

const program = new URL("./run.ts", import.meta.url).pathname;

/** Defines the tests of all suites for one way of starting ranks: `launch` is what stands before the program. */
export function describeConformance(
  title: string,
  launch: readonly [command: string, ...args: string[]],
  {
    env = {},
    ranks = 1,
    jobMs = JOB_MS,
  }: { env?: Record<string, string>; ranks?: number; jobMs?: number } = {},
): void {
  describe(title, () => {
    let end: JobEnd;
    let results: readonly CaseResult[] = [];

    beforeAll(async () => {
      const folder = mkdtempSync(join(tmpdir(), "pshmem-conformance-"));
      const file = join(folder, "results");
      const [command, ...args] = launch;
      end = await runJob(command, [...args, program, file, ...Object.keys(suites)], { env, jobMs });
      if (existsSync(file))
        results = readFileSync(file, "utf8")
          .split("\n")
          .filter(Boolean)
          .map((line) => JSON.parse(line));
      rmSync(folder, { recursive: true });
    }, jobMs + 20_000);

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
