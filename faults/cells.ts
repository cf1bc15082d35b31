/** Lets the faults of a setting happen, and judges each. */
import { FAMILIES } from "./families.ts";
import type { Fault } from "./fault.ts";
import { runJob, runShared, type Observed } from "./job.ts";
import { differences } from "./judge.ts";
import type { SettingName } from "./settings.ts";

/** A fault in a setting, judged. */
export interface Cell {
  readonly family: string;
  readonly fault: Fault;
  readonly setting: SettingName;
  readonly observed: Observed;
  /** Empty where all is as expected. */
  readonly differences: readonly string[];
}

/** How many jobs run at a time: most of them wait most of their time. */
const AT_A_TIME = 3;

/** Asynchronous: all cells of a setting whose faults are chosen; `done` is called for each as it comes. */
export async function runCells(
  setting: SettingName,
  chosen: (family: string, name: string) => boolean,
  done: (cell: Cell) => void = () => {},
): Promise<readonly Cell[]> {
  const cells: Cell[] = [];
  const jobs = Object.entries(FAMILIES).flatMap(([family, all]) => {
    const faults = all.filter(({ name, expected }) => expected[setting] && chosen(family, name));
    return jobsOf(faults).map((job) => async () => {
      const seen = job[0].job ? await runJob(setting, family, job) : await runShared(setting, family, job);
      for (const [index, fault] of job.entries()) {
        const observed = seen[index];
        const cell = {
          family,
          fault,
          setting,
          observed,
          differences: differences(setting, fault.expected[setting]!, observed),
        };
        done(cell);
        cells.push(cell);
      }
    });
  });
  await Promise.all(Array.from({ length: AT_A_TIME }, () => work(jobs)));
  return cells;
}

/** Those that share a job together, the others each alone. */
function jobsOf(faults: readonly Fault[]): readonly (readonly Fault[])[] {
  const sharing = faults.filter(({ job }) => !job);
  const alone = faults.filter(({ job }) => job);
  return [...(sharing.length > 0 ? [sharing] : []), ...alone.map((fault) => [fault])];
}

async function work(jobs: (() => Promise<void>)[]): Promise<void> {
  for (let job = jobs.shift(); job; job = jobs.shift()) await job();
}
