/** Runs a job in which faults happen, and sees what comes of it. */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { JobEnd } from "../test/job.ts";
import { startIsolated, type IsolatedJob } from "../test/mpi/isolated.ts";
import type { Fault, Processes } from "./fault.ts";
import { lineFor, nodesFor } from "./launch.ts";
import { program } from "./program.ts";
import { folderOf, linesIn, type Line } from "./report.ts";
import { ranksOf, type SettingName } from "./settings.ts";

/** What came of a fault. */
export interface Observed {
  /** By rank; null: it told nothing. */
  readonly tells: readonly (string | null)[];
  /** The exit code of its job; null if a signal ended it. */
  readonly exit: number | null;
  readonly hung: boolean;
  readonly stderr: string;
  /** Files, memory and processes that the job has left behind. */
  readonly left: readonly string[];
  readonly after: string | undefined;
  /** What the job printed. */
  readonly output: string;
}

/** How long (ms) a job may take: far more than any needs. One that takes longer hangs. */
const JOB_MS = 60_000;
/** How long (ms) the processes of a job may take to go when it has ended. */
const GOING_MS = 10_000;

/** Asynchronous: lets faults that share jobs happen. After one that ends its job, or hangs, another job goes on with the rest. */
export async function runShared(
  setting: SettingName,
  family: string,
  faults: readonly Fault[],
): Promise<readonly Observed[]> {
  const all: Observed[] = [];
  while (all.length < faults.length) all.push(...(await runJob(setting, family, faults.slice(all.length))));
  return all;
}

/** Asynchronous: lets faults happen in one job; what came of those that it got to. */
export async function runJob(
  setting: SettingName,
  family: string,
  faults: readonly Fault[],
): Promise<readonly Observed[]> {
  const folder = mkdtempSync(join(tmpdir(), "pshmem-faults-"));
  try {
    return await observe(setting, family, faults, join(folder, "told"));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

async function observe(
  setting: SettingName,
  family: string,
  faults: readonly Fault[],
  file: string,
): Promise<readonly Observed[]> {
  const job = start(setting, family, faults, file);
  const [{ job: terms }] = faults;
  const state = { hung: false };
  const limit = setTimeout(() => {
    state.hung = true;
    killAll(job);
  }, JOB_MS);
  const disturbed = terms?.disturb ? disturb(job, terms.disturb, setting, file) : undefined;
  const end = await job.end;
  clearTimeout(limit);
  await disturbed;
  const left = await leftBehind(job, end);
  const lines = linesIn(file);
  const through = faults.filter(({ name }) =>
    lines.some((line) => line.fault === name && "through" in line),
  ).length;
  // What its job came to concerns the last fault that it got to.
  const met = faults.slice(0, Math.min(through + (terms || through < faults.length ? 1 : 0), faults.length));
  return met.map((fault, index) => ({
    tells: tellsOf(fault, lines, ranksOf(setting)),
    ...(index === met.length - 1 ? endOf(end, state.hung, left) : CALM),
    after: terms?.after?.(folderOf(file, fault)),
    output: end.output,
  }));
}

/** For faults after which their job went on. */
const CALM = { exit: 0, hung: false, stderr: "", left: [] } as const;

function endOf(
  { code, stderr }: JobEnd,
  hung: boolean,
  left: readonly string[],
): Pick<Observed, keyof typeof CALM> {
  return { exit: code, hung, stderr, left };
}

/** A launcher that is killed alone would leave its ranks behind. */
function killAll(job: IsolatedJob): void {
  for (const pid of job.processes().keys()) {
    try {
      process.kill(pid, "SIGKILL");
    } catch {
      // It has just ended.
    }
  }
}

function start(setting: SettingName, family: string, faults: readonly Fault[], file: string): IsolatedJob {
  const [{ job: terms = {} }] = faults;
  const line = [
    ...lineFor(setting, terms.placement),
    program(),
    file,
    setting,
    family,
    ...faults.map(({ name }) => name),
  ];
  const disk = folderOf(file, faults[0]);
  const prepared = terms.before ? ["sh", "-c", `${terms.before}\nexec "$@"`, "sh"] : [];
  const env = { ...nodesFor(setting, terms.placement), ...terms.env, DISK: disk };
  const [command, ...args] = [...prepared, ...(terms.under ?? []), ...line];
  return startIsolated([command, ...args], { jobMs: 2 * JOB_MS, env });
}

async function disturb(
  job: IsolatedJob,
  act: (processes: Processes) => void,
  setting: SettingName,
  file: string,
): Promise<void> {
  const state = { ended: false };
  void job.end.then(() => (state.ended = true));
  const ready = () => linesIn(file).flatMap((line) => ("ready" in line ? [line] : []));
  while (!state.ended && ready().length < ranksOf(setting)) await sleep(20);
  if (state.ended) return;
  const ranks = ready()
    .toSorted((a, b) => a.rank - b.rank)
    .map((line) => line.ready);
  act({ ranks, launcher: launcherOf(job) });
}

function parentOf(pid: number): number {
  return Number(readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1].split(" ")[1]);
}

/** The job's first process below the shell that isolates it. */
function launcherOf(job: IsolatedJob): number {
  return [...job.processes().keys()].find((pid) => parentOf(pid) === job.pid)!;
}

function tellsOf({ name }: Fault, lines: readonly Line[], ranks: number): (string | null)[] {
  const told = lines.flatMap((line) => (line.fault === name && "told" in line ? [line] : []));
  return Array.from({ length: ranks }, (_, rank) => {
    const own = told.filter((line) => line.rank === rank).map((line) => line.told);
    return own.length === 0 ? null : own.join("; ");
  });
}

async function leftBehind(job: IsolatedJob, { output }: JobEnd): Promise<readonly string[]> {
  for (let waited = 0; waited < GOING_MS && job.processes().size > 0; waited += 50) await sleep(50);
  const processes = [...job.processes().values()].map((line) => `process ${line.join(" ")}`);
  killAll(job);
  const files = [...output.matchAll(/^left behind: (.*)$/gm)].map(([, path]) => path);
  return [...files, ...processes];
}
