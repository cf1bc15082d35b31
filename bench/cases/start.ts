/** From the start of the command to the end of the first barrier. Here a turn is a job. */
import { loadavg } from "node:os";
import { fileURLToPath } from "node:url";
import { runJob } from "../../test/job.ts";
import type { Tools } from "../bench.ts";
import { playOnce, type Player } from "../measure.ts";
import type { Comparison, Row } from "../results.ts";
import { type SettingName } from "../settings.ts";
import { jsLine, mpiLine, type Line, type Setting } from "../launch.ts";

const ROUNDS = 11;
const JOB_MS = 60_000;

const program = (name: string): string => fileURLToPath(new URL(`../start/${name}`, import.meta.url));

/** What ours is compared with in one setting. */
interface Other {
  readonly name: string;
  readonly goal: number;
  readonly line?: Line;
  readonly problem?: string;
}

/** The benchmark. */
export const start = {
  id: "start",
  settings: ["threads-4", "openmpi-4", "mpich-4"] as const satisfies readonly SettingName[],

  /** Asynchronous: all sides are started one after another, again and again. */
  async run(setting: Setting, tools: Tools): Promise<readonly Row[]> {
    const other = otherOf(setting, tools);
    const lines = [jsLine(setting, program("ours.mjs")), ...(other.line ? [other.line] : [])];
    const players = lines.map((line, index) => launching(index === 0 ? "ours" : other.name, line));
    const [ours, series] = await playOnce(players, "worst", ROUNDS);
    const { name, goal, problem } = other;
    const against: Comparison[] = [{ name, goal, series, problem }];
    const about = {
      case: "start",
      title: "start to the end of the first barrier",
      unit: "time",
      load: loadavg()[0],
    } as const;
    return [{ ...about, sizeIs: "none", size: 0, setting: setting.name, ours, against }];
  },
};

function otherOf(setting: Setting, { python }: Tools): Other {
  if (!setting.found) {
    const command = [process.execPath, program("workers.mjs"), String(setting.ranks)] as const;
    return { name: "bare workers", goal: 1 / 1.3, line: { command: [...command], env: {} } };
  }
  const about = { name: "Python with mpi4py", goal: 1 };
  if (typeof python === "string") return { ...about, problem: python };
  const { command, env } = mpiLine(setting, setting.found);
  const line: Line = {
    command: [...command, python.interpreter, program("start.py")],
    env: { ...env, ...python.env },
  };
  return { ...about, line };
}

function launching(name: string, { command: [command, ...args], env }: Line): Player {
  return {
    name,
    async turn() {
      const begun = Date.now();
      const { stdout, output } = await runJob(command, args, { env, jobMs: JOB_MS });
      const through = /through (\d+)/.exec(stdout)?.[1];
      if (!through) throw new Error(`${name}: ${output}`);
      return [Number(through) - begun];
    },
    close: () => Promise.resolve(),
  };
}
