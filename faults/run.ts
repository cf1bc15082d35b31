/**
 * `npm run faults [-- --backend NAME… --only TEXT…]`: lets faults happen, prints the table, and fails if a cell differs from what is
 * written down. A whole run writes docs/faults.md.
 */
import { writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { whyNotIsolated } from "../test/mpi/isolated.ts";
import { runCells, type Cell } from "./cells.ts";
import { FAMILIES } from "./families.ts";
import { whyNotIn } from "./launch.ts";
import { ALL_SETTINGS } from "./settings.ts";
import { endingText, page } from "./table.ts";

const PAGE = new URL("../docs/faults.md", import.meta.url);

function readArguments(): { readonly backends: readonly string[]; readonly only: readonly string[] } {
  const { values } = parseArgs({
    options: { backend: { type: "string", multiple: true }, only: { type: "string", multiple: true } },
  });
  const backends = values.backend ?? ALL_SETTINGS;
  const unknown = backends.find((name) => !(ALL_SETTINGS as readonly string[]).includes(name));
  if (unknown !== undefined) throw new Error(`no backend '${unknown}'; there are ${ALL_SETTINGS.join(", ")}`);
  return { backends, only: values.only ?? [""] };
}

function show({ family, fault, setting, differences, observed }: Cell): void {
  const name = `${family}: ${fault.name}, ${setting}`;
  const expected = endingText(setting, fault.expected[setting]!);
  if (differences.length === 0) console.log(`${name}: ${expected}`);
  else
    console.log(
      `DIFFERS ${name}:\n  expected ${expected}\n  but ${differences.join("\n      ")}\n${observed.output.replaceAll(/^/gm, "  | ")}`,
    );
}

const { backends, only } = readArguments();
const settings = ALL_SETTINGS.filter((setting) => backends.includes(setting));
const missing = settings.flatMap((setting) => whyNotIn(setting) ?? []);
const noIsolation = whyNotIsolated();
if (noIsolation) missing.push(noIsolation);

const began = performance.now();
const cells: Cell[] = [];
if (!noIsolation) {
  for (const setting of settings.filter((one) => whyNotIn(one) === null)) {
    const chosen = (family: string, name: string) => only.some((text) => `${family}: ${name}`.includes(text));
    cells.push(...(await runCells(setting, chosen, show)));
  }
}
const differing = cells.filter(({ differences }) => differences.length > 0);
const whole = missing.length === 0 && settings.length === ALL_SETTINGS.length && only.includes("");
if (whole) writeFileSync(PAGE, page());
const faults = Object.values(FAMILIES).flat().length;
for (const reason of new Set(missing)) console.log(`not run: ${reason}`);
console.log(
  `${cells.length} cells of ${faults} faults, ${differing.length} differ, ${Math.round((performance.now() - began) / 1000)} s`,
);
if (differing.length > 0 || (missing.length > 0 && process.env["CI"] === "true")) process.exitCode = 1;
