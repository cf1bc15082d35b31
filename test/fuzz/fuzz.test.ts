/** The fuzzer itself: it passes a fair part of its programs here, and finds mistakes that are planted in the product. */
import { fileURLToPath } from "node:url";
import { describe, expect, it, vi } from "vitest";
import { JOB_MS, runJob, type JobEnd } from "../job.ts";
import { TYPESCRIPT } from "../mpi/launch.ts";

vi.setConfig({ testTimeout: JOB_MS });

const FUZZ = fileURLToPath(new URL("../../fuzz/run.ts", import.meta.url));

const PROGRAMS = 100;
const TOPOLOGIES = ["--ranks 2 --nodes 1 --placement block", "--node-sizes 2,1 --windows messages"];

function fuzz(options: string): Promise<JobEnd> {
  const [node, ...args] = TYPESCRIPT;
  return runJob(node, [...args, FUZZ, ...options.split(" ")]);
}

describe("random programs", () => {
  it.each(TOPOLOGIES)("%s", async (topology) => {
    const end = await fuzz(`--programs ${PROGRAMS} --seed 20250101 ${topology}`);
    expect(end.output).toContain(`${PROGRAMS} programs of seed 20250101: no hang`);
    expect(end.code, end.output).toBe(0);
  });
});

const MISTAKES = [
  { mutant: "wrong-result", says: /finding: .*allreduce.*: expected \{ value: / },
  { mutant: "untyped-error", says: /finding: .*bcast: expected .*BAD_RANK[^]*the root is no number/ },
];

const WHERE = "--seed 1 --ranks 3 --nodes 2 --placement block --windows auto";

describe("planted mistakes", () => {
  it.each(MISTAKES)("$mutant is found and shrunk", async ({ mutant, says }) => {
    const end = await fuzz(`--programs 400 ${WHERE} --mutant ${mutant}`);
    expect(end.code, end.output).toBe(1);
    expect(end.output).toMatch(says);
    expect(end.output).toMatch(/shrunk to [12] steps/);
  });

  it("a hang is found, and can be played again by the command that is printed", async () => {
    const end = await fuzz(`--programs 400 ${WHERE} --mutant hang --limit 5000`);
    expect(end.code, end.output).toBe(1);
    expect(end.output).toMatch(/hang: no rank came to its end[^]*shrunk to [12] steps: hang[^]*gather/);
    const again = /again: npm run fuzz -- (.*)/.exec(end.output)?.[1];
    const repeated = await fuzz(`--limit 5000 ${again}`);
    expect(repeated.output).toMatch(/hang: no rank came to its end/);
    expect(repeated.code).toBe(1);
  });
});
