/** Turns cells of the table of faults into tests: each setting lets its faults happen, then there is a test for each. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { runCells, type Cell } from "../faults/cells.ts";
import { FAMILIES } from "../faults/families.ts";
import { whyNotIn } from "../faults/launch.ts";
import { removeProgram } from "../faults/program.ts";
import { SETTINGS, type SettingName } from "../faults/settings.ts";
import { whyNotIsolated } from "./mpi/isolated.ts";
import { cannotRun, ON_LINUX } from "./mpi/launch.ts";

/** How long (ms) all jobs of a setting may take. */
const SETTING_MS = 300_000;

/** Which faults: by the name of the family and their own. */
export type Choice = (family: string, name: string) => boolean;

/** Defines the tests of the chosen faults in these settings. */
export function describeFaults(settings: readonly SettingName[], chosen: Choice): void {
  // The processes of tests do not come to their ends by themselves.
  afterAll(removeProgram);
  for (const setting of settings) {
    const { title } = SETTINGS[setting];
    const reason = whyNotIn(setting) ?? whyNotIsolated();
    if (reason) cannotRun(`faults: ${title}`, reason, ON_LINUX || whyNotIn(setting) !== null);
    else describe(title, () => defineTests(setting, chosen));
  }
}

function defineTests(setting: SettingName, chosen: Choice): void {
  const cells = new Map<string, Cell>();
  beforeAll(async () => {
    await runCells(setting, chosen, (cell) => cells.set(`${cell.family}: ${cell.fault.name}`, cell));
  }, SETTING_MS);
  for (const [family, faults] of Object.entries(FAMILIES)) {
    for (const { name, expected } of faults) {
      if (!expected[setting] || !chosen(family, name)) continue;
      it(`${family}: ${name}`, () => {
        const { differences, observed } = cells.get(`${family}: ${name}`)!;
        expect(differences, observed.output).toEqual([]);
      });
    }
  }
}
