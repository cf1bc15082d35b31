/** The examples give the same results under MPI, on one node and on a cluster, as on threads. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { clusterLine, TWO_NODES, whyNoCluster } from "../cluster/launch.ts";
import { runJob, type JobEnd } from "../job.ts";
import { ON_LINUX, cannotRun, describeEachMpi, launchLine, TYPESCRIPT } from "./launch.ts";

const cli = new URL("../../dist/cli/main.js", import.meta.url).pathname;
const onThreads = (nodes: number) =>
  [process.execPath, cli, "run", "-n", "4", "--nodes", String(nodes)] as const;

type Launch = readonly [command: string, ...args: string[]];

let folder: string;
let states = 0;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "pshmem-mpi-examples-"));
  mkdirSync(join(folder, "text"));
  for (let file = 0; file < 30; file++) {
    writeFileSync(join(folder, "text", `${file}.txt`), `one two two ${"three ".repeat(file)}\n`);
  }
});

afterAll(() => rmSync(folder, { recursive: true }));

async function run(
  [command, ...options]: Launch,
  name: string,
  args: readonly string[] = [],
): Promise<JobEnd> {
  const program = new URL(`../../examples/${name}`, import.meta.url).pathname;
  const end = await runJob(command, [...options, program, ...args]);
  expect(end.code, end.output).toBe(0);
  return end;
}

/** Each example with the part of its output that does not depend on which rank was faster. */
const EXAMPLES: readonly { name: string; result: (stdout: string) => unknown }[] = [
  { name: "01-shared.ts", result: (stdout) => stdout },
  {
    name: "02-lock.ts",
    result: (stdout) => [/balance at the end: \d+/.exec(stdout)?.[0], stdout.split("\n").length],
  },
  {
    name: "03-batch.ts",
    result: (stdout) => [stdout.match(/DONE/g)?.length, stdout.trimEnd().split("\n").at(-1)],
  },
];

const counted = (launch: Launch) =>
  run(launch, "04-wordcount.ts", [join(folder, "text"), "--state", join(folder, `state-${states++}`)]);

function describeExamples(title: string, nodes: number, launch: Launch): void {
  describe(title, () => {
    it.each(EXAMPLES)("$name", async ({ name, result }) => {
      const expected = result((await run(onThreads(nodes), name)).stdout);
      expect(result((await run(launch, name)).stdout)).toEqual(expected);
    });

    it("04-wordcount.ts", async () => {
      const { stdout } = await counted(onThreads(nodes));
      expect(stdout).toContain("435");
      expect((await counted(launch)).stdout).toBe(stdout);
    });
  });
}

const reason = whyNoCluster();

describeEachMpi((mpi) => {
  describeExamples("4 ranks on one node", 1, [...launchLine(mpi, 4), ...TYPESCRIPT]);
  if (reason) cannotRun("2 + 2 ranks on a cluster", reason, ON_LINUX);
  else describeExamples("2 + 2 ranks on a cluster", 2, [...clusterLine(mpi, TWO_NODES), ...TYPESCRIPT]);
});
