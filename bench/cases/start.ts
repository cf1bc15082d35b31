/** From the start of the command to the end of the first barrier. Here a turn is a job. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { runJob } from "../../test/job.ts";
import type { Tools } from "../bench.ts";
import { playOnce, type Player } from "../measure.ts";
import type { Comparison, Row } from "../results.ts";
import { type SettingName } from "../settings.ts";
import { jsLine, mpiLine, type Line, type Setting } from "../launch.ts";

const ROUNDS = 11;
const JOB_MS = 60_000;
/** A machine may have Node read its certificates at every start (100 ms here), which is neither ours nor Python's. */
const WITHOUT: Line["env"] = { NODE_EXTRA_CA_CERTS: undefined };

const program = (name: string): string => fileURLToPath(new URL(`../start/${name}`, import.meta.url));

/** The module of ours with all of its text in a function that nobody calls: V8 reads it, looks for the ends of the functions in it, and compiles none. */
function uncalled(): string {
  const ours = readFileSync(new URL("../../dist/bundle/index.js", import.meta.url), "utf8");
  const text = ours
    .replaceAll(/import(?:[^(.;"]*from)?"[^"]*";/g, "")
    .replaceAll(/export\{[^}]*\};?/g, "")
    .replaceAll("import.meta", "({})");
  return `function uncalled() {${text}\n}`;
}

/** What ours is compared with in one setting. */
interface Other {
  readonly name: string;
  readonly goal: number | null;
  readonly line?: Line;
  readonly problem?: string;
}

/** The benchmark. */
export const start = {
  id: "start",
  settings: ["threads-4", "openmpi-4", "mpich-4"] as const satisfies readonly SettingName[],

  /** Asynchronous: all sides are started one after another, again and again. */
  async run(setting: Setting, tools: Tools): Promise<readonly Row[]> {
    const folder = mkdtempSync(join(tmpdir(), "pshmem-start-"));
    try {
      return [await among(setting, othersOf(setting, tools, folder))];
    } finally {
      rmSync(folder, { recursive: true });
    }
  },
};

/** Asynchronous: ours beside these. */
async function among(setting: Setting, others: readonly Other[]): Promise<Row> {
  const players = [launching("ours", jsLine(setting, program("ours.mjs")))];
  const failed = new Map<string, string>();
  for (const { name, line } of others) {
    if (!line) continue;
    const player = launching(name, line);
    // One that cannot start here leaves the others their turns.
    const problem = await whyNot(player);
    if (problem) failed.set(name, problem);
    else players.push(player);
  }
  const [ours, ...theirs] = await playOnce(players, "worst", ROUNDS);
  const seriesOf = (wanted: string) => theirs.find(({ name }) => name === wanted);
  const against = others.map(({ name, goal, problem }): Comparison => {
    return { name, goal, series: seriesOf(name), problem: problem ?? failed.get(name) };
  });
  const about = {
    case: "start",
    title: "start to the end of the first barrier",
    unit: "time",
    load: loadavg()[0],
  } as const;
  return { ...about, sizeIs: "none", size: 0, setting: setting.name, ours, against };
}

/** After those with a goal what Node itself, and a text as long as ours, leave of it. */
function othersOf(setting: Setting, { python }: Tools, folder: string): readonly Other[] {
  const { found, ranks } = setting;
  const text = join(folder, "uncalled.mjs");
  writeFileSync(text, uncalled());
  if (!found) {
    const command = [process.execPath, program("workers.mjs"), String(ranks)] as const;
    return [
      { name: "bare workers", goal: 1 / 1.3, line: { command: [...command], env: {} } },
      { name: "bare workers that read our text", goal: null, line: { command: [...command, text], env: {} } },
    ];
  }
  const { command, env } = mpiLine(setting, found);
  const least = [...command, process.execPath, program("bare.mjs"), found.name] as const;
  return [
    inPython({ command, env }, python),
    { name: "bare Node: koffi, MPI_Init, MPI_Barrier", goal: null, line: { command: [...least], env } },
    { name: "the same, reading our text", goal: null, line: { command: [...least, text], env } },
  ];
}

function inPython({ command, env }: Line, python: Tools["python"]): Other {
  const about = { name: "Python with mpi4py", goal: 1 };
  if (typeof python === "string") return { ...about, problem: python };
  const line: Line = {
    command: [...command, python.interpreter, program("start.py")],
    env: { ...env, ...python.env },
  };
  return { ...about, line };
}

/** Asynchronous: what a first start came to, if it failed. */
async function whyNot(player: Player): Promise<string | undefined> {
  try {
    await player.turn(1);
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

function launching(name: string, { command: [command, ...args], env }: Line): Player {
  return {
    name,
    async turn() {
      const begun = Date.now();
      const { stdout, output } = await runJob(command, args, { env: { ...env, ...WITHOUT }, jobMs: JOB_MS });
      const through = /through (\d+)/.exec(stdout)?.[1];
      if (!through) throw new Error(`${name}: ${output}`);
      return [Number(through) - begun];
    },
    close: () => Promise.resolve(),
  };
}
