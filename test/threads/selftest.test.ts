/** The self-test, as its users run it. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";

const MAIN = fileURLToPath(new URL("../../dist/cli/main.js", import.meta.url));
const DIST = new URL("../../dist/", import.meta.url).href;

const CASES = [
  "lock: five rounds of turns",
  "shared: write and read on the world",
  "shared: 2147483657 elements",
  "shared: creation and close apart",
  "shared: good shapes",
  "shared: bad shapes",
  "shared: a view shares the memory",
  "shared: no elements",
  "shared: 10000 arrays at once",
  "shared: groups, rows and columns",
  "shared: each rank by itself",
  "shared: node communicators given for reuse",
  "batch: 25 tasks in memory",
  "batch: 25 tasks on disk",
];

function pshmem(args: readonly string[], env: NodeJS.ProcessEnv = {}) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [MAIN, ...args], {
    env: { ...process.env, PSHMEM_TEST_LARGE: "", MPI_DISABLE: "", ...env },
    encoding: "utf8",
  });
  return { code: status, stderr, lines: stdout.trimEnd().split("\n") };
}

/** What the self-test says itself, without the lines of the lock's debug mode. */
const said = (lines: readonly string[]): string[] => lines.filter((line) => !line.startsWith("MPILock"));

const passed = [
  ...CASES.map((name, index) => {
    const skip =
      name.includes("elements") && name.includes("2147") ? " # SKIP set PSHMEM_TEST_LARGE=1 to run it" : "";
    return `ok ${index + 1} - ${name}${skip}`;
  }),
  `1..${CASES.length}`,
  `${CASES.length - 1} passed, 0 failed, 1 skipped`,
];

describe("the self-test", () => {
  it.each([
    ["selftest"],
    ["run -n 4 selftest"],
    ["selftest -n 4 --nodes 2 --placement cyclic"],
    ["selftest --node-sizes 2,1"],
  ])("passes case by case: %s", (line) => {
    const { code, stderr, lines } = pshmem(line.split(" "));
    expect({ code, stderr, said: said(lines) }).toEqual({ code: 0, stderr: "", said: passed });
  });

  it("tells what the lock does", () => {
    const { lines } = pshmem(["selftest"]);
    expect(lines.filter((line) => line.startsWith("MPILock")).length).toBeGreaterThanOrEqual(10);
  });

  it("passes where MPI is disabled", () => {
    const { code, stderr, lines } = pshmem(["selftest"], { MPI_DISABLE: "1" });
    expect({ code, stderr, said: said(lines) }).toEqual({ code: 0, stderr: "", said: passed });
  });

  it("passes on each of the worlds that MPI_DISABLE makes of the ranks", () => {
    const { code, lines } = pshmem(["selftest", "-n", "2"], { MPI_DISABLE: "1" });
    expect(code).toBe(0);
    expect(said(lines).toSorted()).toEqual([...passed, ...passed].toSorted());
  });
});

const FAILING = `
import { world } from "${DIST}index.js";
import { runCases } from "${DIST}selftest/run.js";
const fine = (comm) => comm.barrier();
const passed = await runCases([
  { name: "fine", run: fine },
  { name: "rank 1 leaves the others", run: (comm) => { if (comm.rank === 1) throw new Error("lost"); fine(comm); fine(comm); } },
  { name: "late", run: async (comm) => { fine(comm); await null; if (comm.rank === 2) throw "two\\nlines"; } },
  { name: "left out", skip: "no need", run: () => { throw new Error("skipped cases do not run"); } },
  { name: "fine again", run: fine },
], world());
console.error(world().rank + " " + passed);
`;

describe("a case that fails", () => {
  it("is told by all ranks, holds nobody up, and does not touch the next", () => {
    const directory = mkdtempSync(join(tmpdir(), "pshmem-selftest-"));
    const program = join(directory, "failing.mjs");
    writeFileSync(program, FAILING);
    const { code, stderr, lines } = pshmem(["run", "-n", "3", program]);
    rmSync(directory, { recursive: true });
    expect(code).toBe(0);
    expect(stderr.trimEnd().split("\n").toSorted()).toEqual(["0 false", "1 false", "2 false"]);
    expect(lines.filter((line) => !line.startsWith("#"))).toEqual([
      "ok 1 - fine",
      "not ok 2 - rank 1 leaves the others",
      "not ok 3 - late",
      "ok 4 - left out # SKIP no need",
      "ok 5 - fine again",
      "1..5",
      "2 passed, 2 failed, 1 skipped",
    ]);
    const details = lines.filter((line) => line.startsWith("# "));
    expect(details).toContain("# rank 1: Error: lost");
    expect(details.filter((line) => /^# rank [02]: .*MISMATCH|not in the same call/.test(line))).toHaveLength(
      2,
    );
    expect(details.slice(-2)).toEqual(["# rank 2: two", "# lines"]);
  });
});
