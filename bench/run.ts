/**
 * `npm run bench [-- words…]`: runs benchmarks on every backend present. Words are the beginnings of names of benchmarks and settings; those
 * not named are left out, and what they gave before is kept. Writes `results/*.json` and the report made of them.
 */
import { runCase, type Tools } from "./bench.ts";
import { CASES } from "./cases/all.ts";
import { start } from "./cases/start.ts";
import { machineOf } from "./machine.ts";
import { findPython } from "./python.ts";
import { buildReferences } from "./references.ts";
import { writeReport } from "./report.ts";
import { writeRows, type Row } from "./results.ts";
import { SETTINGS, type SettingName } from "./settings.ts";
import { findSetting, type Setting } from "./launch.ts";
import { lineOf } from "./table.ts";

/** Instead of names: nothing is run, and the report made anew. */
const REPORT = "report";

const words = process.argv.slice(2);

/** A benchmark, however it is run. */
interface Benchmark {
  readonly id: string;
  readonly settings: readonly SettingName[];
  run(setting: Setting, tools: Tools): Promise<readonly Row[]>;
}

const BENCHMARKS: readonly Benchmark[] = [
  ...CASES.map((one) => ({ ...one, run: (...where: [Setting, Tools]) => runCase(one, ...where) })),
  start,
];

const ALL_IDS = BENCHMARKS.map(({ id }) => id);
const ALL_SETTINGS = Object.keys(SETTINGS) as SettingName[];

/** The names that begin with one of the words; all if no word is meant for these names. */
function choose<Name extends string>(names: readonly Name[]): readonly Name[] {
  const chosen = names.filter((name) => words.some((word) => name.startsWith(word)));
  return chosen.length > 0 ? chosen : names;
}

/** The first word that is the beginning of no name. */
function unknownWord(): string | undefined {
  const names = [...ALL_IDS, ...ALL_SETTINGS, REPORT];
  return words.find((word) => !names.some((name) => name.startsWith(word)));
}

const tools = new Map<Setting["mpi"], Tools>();

function toolsFor({ mpi }: Setting): Tools {
  const found = tools.get(mpi) ?? {
    references: buildReferences(mpi),
    python: mpi ? findPython(mpi) : "Python ranks need MPI",
  };
  tools.set(mpi, found);
  return found;
}

async function runIn(one: Benchmark, name: SettingName): Promise<void> {
  const setting = findSetting(name);
  if (typeof setting === "string") {
    console.log(`${one.id} ${name}: left out: ${setting}`);
    return;
  }
  try {
    const rows = await one.run(setting, toolsFor(setting));
    for (const row of rows) console.log(lineOf(row));
    writeRows(one.id, machineOf(tools), rows);
  } catch (error) {
    // What the others give is not lost.
    console.error(`${one.id} ${name}:`, error);
    process.exitCode = 1;
  }
}

async function runChosen(): Promise<void> {
  const ids = choose(ALL_IDS);
  const settingNames = choose(ALL_SETTINGS);
  const began = performance.now();
  for (const one of BENCHMARKS.filter(({ id }) => ids.includes(id))) {
    for (const name of one.settings.filter((setting) => settingNames.includes(setting)))
      await runIn(one, name);
  }
  console.log(`${Math.round((performance.now() - began) / 1000)} s`);
}

const unknown = unknownWord();
if (unknown !== undefined) {
  console.error(
    `no benchmark or setting '${unknown}'; there are ${[...ALL_IDS, ...ALL_SETTINGS, REPORT].join(" ")}`,
  );
  process.exitCode = 2;
} else {
  if (!words.includes(REPORT)) await runChosen();
  await writeReport(ALL_IDS);
}
