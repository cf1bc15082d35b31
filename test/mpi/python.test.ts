/** A job in TypeScript and one of the Python original share a batch directory, one after the other: each goes on where the other stopped. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { JOB_MS, runJob, type JobEnd } from "../job.ts";
import { describeMpi, launchLine, TYPESCRIPT, type MpiName } from "./launch.ts";
import type { Orders, Outcome } from "./programs/batch.ts";

const programs = new URL("programs/", import.meta.url).pathname;

/** The second is the one for which distributions package mpi4py, where another is first on the PATH. */
const INTERPRETERS = ["python3", "/usr/bin/python3"];

/** An interpreter that runs the original, and the MPI its mpi4py was built for; or why there is none. */
function findOriginal(): { readonly python: string; readonly mpi: MpiName } | string {
  let why = "";
  for (const python of INTERPRETERS) {
    const { stdout, stderr, error } = spawnSync(python, [`${programs}batch.py`], { encoding: "utf8" });
    const mpi = /Open MPI|MPICH/.exec(stdout ?? "")?.[0];
    if (mpi) return { python, mpi: mpi as MpiName };
    why += `; ${python}: ${error?.message ?? (stderr || stdout).trim().split("\n").at(-1)}`;
  }
  return `the Python original is not installed: name its folder src in PSHMEM_PYTHON_SRC, and have mpi4py and NumPy${why}`;
}

const original = findOriginal();

type Language = "Python" | "TypeScript";
type Line = readonly [command: string, ...args: string[]];

const PROGRAM: Readonly<Record<Language, Line>> = {
  Python: [typeof original === "string" ? "" : original.python, `${programs}batch.py`],
  TypeScript: [...TYPESCRIPT, `${programs}batch.ts`],
};

/** What a job leaves beside the state of a task that it had when it was killed. */
const CLAIMS: Readonly<Record<Language, readonly string[]>> = { Python: [], TypeScript: ["claim"] };

const BOTH_WAYS = [
  { first: "Python", second: "TypeScript" },
  { first: "TypeScript", second: "Python" },
] as const satisfies readonly { first: Language; second: Language }[];

/** Task names in no alphabetical order. */
const NAMES = ["one day", "b", "überall", "a.b.c", "10", "9", "-x", "Z"];

const ALL_DONE = NAMES.map(() => "DONE" as const);

let folder: string;
let root: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "pshmem-python-"));
  root = join(folder, "batch");
});
afterEach(() => rmSync(folder, { recursive: true }));

/** How jobs are run: so many workers, by a launcher or without MPI. */
interface Way {
  readonly workers: number;
  readonly launcher: Line | null;
}

type Ends = Orders["ends"];

/** A job takes some seconds, and many on a busy machine. A test has up to four; one that hangs is to end before its test does. */
vi.setConfig({ testTimeout: 5 * JOB_MS });

/** Asynchronous: runs a job on the directory. Without `most`, until it finds no task. */
function start(way: Way, language: Language, ends: Ends, more: Partial<Orders> = {}): Promise<JobEnd> {
  const orders: Orders = {
    root,
    names: NAMES,
    workers: way.workers,
    most: NAMES.length,
    ignoreRunning: false,
    ignoreFailed: false,
    ends,
    ...more,
  };
  const [command, ...args] = [...(way.launcher ?? []), ...PROGRAM[language], JSON.stringify(orders)] as const;
  return runJob(command, args, { env: way.launcher ? {} : { MPI_DISABLE: "1" } });
}

/** Asynchronous: the outcome of a job that must not fail, in which the tasks are in order for every worker. */
async function outcome(...job: Parameters<typeof start>): Promise<Outcome> {
  const { code, stdout, output } = await start(...job);
  expect(code, output).toBe(0);
  const result: Outcome = JSON.parse(stdout.split("\n").find((line) => line.startsWith("{"))!);
  for (const taken of result.taken) expect(taken).toEqual(taken.toSorted((a, b) => a - b));
  return result;
}

/** The original, told to ignore RUNNING, gives a task that one worker has in hand to the next: so let there be one only. */
function oneWorker(way: Way): Way {
  return { ...way, workers: 1 };
}

function allOf({ taken }: Outcome): readonly number[] {
  return taken.flat().toSorted((a, b) => a - b);
}

/** The states on disk; each file holds its word and a newline. */
function onDisk(): readonly string[] {
  expect(readdirSync(root).toSorted()).toEqual(NAMES.toSorted());
  const texts = NAMES.map((name) => readFileSync(join(root, name, "state"), "utf8"));
  for (const text of texts) expect(text).toMatch(/^[A-Z]+\n$/);
  return texts.map((text) => text.trimEnd());
}

function filesOf(task: number): readonly string[] {
  return readdirSync(join(root, NAMES[task])).toSorted();
}

function itHandsOver(way: Way): void {
  it.each(BOTH_WAYS)("$first begins, $second goes on, $first ends", async ({ first, second }) => {
    const begun: Ends = ["DONE", "FAILED", "RUNNING", "INVALID", "OPEN", "OPEN", "OPEN", "OPEN"];
    const half = await outcome(way, first, begun, { most: 4 / way.workers });
    expect(half.found).toEqual(NAMES.map(() => "OPEN"));
    expect(allOf(half)).toEqual([0, 1, 2, 3]);
    expect(half.left).toEqual(begun);
    expect(onDisk()).toEqual(begun);

    const gone: Ends = ["DONE", "FAILED", "RUNNING", "FAILED", "DONE", "RUNNING", "DONE", "DONE"];
    const rest = await outcome(way, second, gone);
    // INVALID tasks are opened when a batch is made, by the original too.
    expect(rest.found).toEqual(begun.with(3, "OPEN"));
    expect(allOf(rest)).toEqual([3, 4, 5, 6, 7]);
    expect(rest.left).toEqual(gone);
    expect(onDisk()).toEqual(gone);

    const last = await outcome(oneWorker(way), first, ALL_DONE, { ignoreRunning: true, ignoreFailed: true });
    expect(last.found).toEqual(gone);
    expect(last.taken).toEqual([[1, 2, 3, 5]]);
    expect(onDisk()).toEqual(ALL_DONE);

    const look = await outcome(way, second, ALL_DONE);
    expect(look).toMatchObject({ found: ALL_DONE, left: ALL_DONE });
    expect(allOf(look)).toEqual([]);
    for (const task of NAMES.keys()) expect(filesOf(task)).toEqual(["state"]);
  });
}

/** Tasks 4 and 5 are in the hands of the two workers when the first job is killed. */
function itGoesOnAfterKill(way: Way): void {
  it.each(BOTH_WAYS)("$first is killed, $second goes on, $first ends", async ({ first, second }) => {
    const killed = await start(way, first, ["DONE", "FAILED", "DONE", "FAILED", "KILL", "KILL"]);
    expect(killed.code, killed.output).not.toBe(0);
    expect(killed.output).toMatch(/signal:? 9/i);
    expect(killed.output).not.toContain("it hung");
    const states = ["DONE", "FAILED", "DONE", "FAILED", "RUNNING", "RUNNING", "OPEN", "OPEN"];
    expect(onDisk(), killed.output).toEqual(states);
    for (const task of [4, 5]) expect(filesOf(task)).toEqual([...CLAIMS[first], "state"]);

    const gone: Ends = ["DONE", "FAILED", "DONE", "FAILED", "FAILED", "DONE", "DONE", "FAILED"];
    const rest = await outcome(oneWorker(way), second, gone, { ignoreRunning: true });
    expect(rest.found).toEqual(states);
    expect(rest.taken).toEqual([[4, 5, 6, 7]]);
    expect(rest.left).toEqual(gone);
    expect(onDisk()).toEqual(gone);

    // Where the original went on, the claims of the killed job are still there: they keep nobody away.
    const last = await outcome(oneWorker(way), first, ALL_DONE, { ignoreFailed: true });
    expect(last.found).toEqual(gone);
    expect(last.taken).toEqual([[1, 3, 4, 7]]);
    expect(onDisk()).toEqual(ALL_DONE);
    expect(filesOf(4)).toEqual(["state"]);
  });
}

if (typeof original === "string") {
  // Unlike an MPI, the original is nowhere expected to be installed: this does not fail with CI=true.
  it("jobs in two languages", (context) => context.skip(original));
} else {
  describe("without MPI", () => itHandsOver({ workers: 1, launcher: null }));
  describeMpi(original.mpi, (mpi) => {
    const way = { workers: 2, launcher: launchLine(mpi, 4) };
    itHandsOver(way);
    itGoesOnAfterKill(way);
  });
}
