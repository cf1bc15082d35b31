/** What the benchmarks found, as it is written to `results/` and read for the report. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { Case } from "./case.ts";
import type { Machine } from "./machine.ts";
import type { Series } from "./measure.ts";
import type { SettingName } from "./settings.ts";

const FOLDER = fileURLToPath(new URL("results/", import.meta.url));

/** What was measured beside ours. */
export interface Comparison {
  readonly name: string;
  /** The ratio of its time to ours that is to be reached; null: none is set. */
  readonly goal: number | null;
  /** Absent if it could not be run. */
  readonly series?: Series;
  /** Why it could not be run. */
  readonly problem?: string;
}

/** One size of one benchmark in one setting. */
export interface Row {
  readonly case: string;
  readonly title: string;
  readonly unit: Case["unit"];
  readonly sizeIs: Case["sizeIs"];
  readonly size: number;
  readonly setting: SettingName;
  readonly bound?: Case["bound"];
  /** How many processes wanted a core (one minute's mean) when it began: ours do too. */
  readonly load: number;
  readonly ours?: Series;
  readonly problem?: string;
  readonly against: readonly Comparison[];
}

/** The file of one benchmark. */
export interface Results {
  readonly machine: Machine;
  readonly rows: readonly Row[];
}

/** Local: the results of a benchmark; null if it has not been run. */
export function readResults(id: string): Results | null {
  const path = `${FOLDER}${id}.json`;
  return existsSync(path) ? JSON.parse(readFileSync(path, "utf8")) : null;
}

/** Local: puts rows in the place of those of the same setting. */
export function writeRows(id: string, machine: Machine, rows: readonly Row[]): void {
  const settings = new Set(rows.map(({ setting }) => setting));
  const kept = readResults(id)?.rows.filter(({ setting }) => !settings.has(setting)) ?? [];
  mkdirSync(FOLDER, { recursive: true });
  writeFileSync(`${FOLDER}${id}.json`, `${JSON.stringify({ machine, rows: [...kept, ...rows] }, null, 1)}\n`);
}
