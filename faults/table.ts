/** The faults as tables. */
import { FAMILIES } from "./families.ts";
import type { Ending, Exit, Fault, Telling } from "./fault.ts";
import { perRank } from "./judge.ts";
import { ALL_SETTINGS, RANKS, ranksOf, SETTINGS, type SettingName } from "./settings.ts";

/** In a cell whose setting has no such fault. */
const NONE = "–";

/** Local: one line about what must come of a fault. */
export function endingText(setting: SettingName, { tells, exit = 0, says = [], after }: Ending): string {
  const parts = [tellsText(perRank(tells, ranksOf(setting))), exitText(exit)];
  if (says.length > 0) parts.push(`says ${says.map((part) => `“${part}”`).join(", ")}`);
  if (after !== undefined) parts.push(after);
  return parts.filter(Boolean).join("; ");
}

/** The lowest ranks first; those that tell the same together. */
function tellsText(tells: readonly Telling[]): string {
  const texts = tells.map(tellingText);
  const different = [...new Set(texts)];
  if (different.length === 1) return texts[0];
  const ranksWith = (text: string) => [...texts.keys()].filter((rank) => texts[rank] === text).join(", ");
  return different.map((text) => `${ranksWith(text)}: ${text}`).join("; ");
}

function tellingText(telling: Telling): string {
  if (telling === null) return "gone";
  return typeof telling === "string" ? telling : `${telling.orEnded}, or ended`;
}

function exitText(exit: Exit): string {
  if (exit === 0) return "";
  return exit === "any" ? "any exit code" : `exit code ${exit}`;
}

/** Local: all tables, as a page. */
export function page(): string {
  const sections = Object.entries(FAMILIES).map(([family, faults]) => `## ${family}\n\n${tableOf(faults)}\n`);
  return `${HEAD}\n${sections.join("\n")}`;
}

const HEAD = `# Faults

What a job does when something is done wrong, or goes wrong. \`npm run faults\` lets each of these happen on every backend, in jobs of
${RANKS} ranks (the serial backend has 1; with 2 nodes rank 2 is alone on the second), compares what comes of it with this table, and
fails if a cell differs. In every cell the job also ends in time, and leaves no process, file or shared memory behind.

A cell says what the ranks get: a value, or the code of an error with its fields (\`rank\`: where the fault was found; \`lost\`: who has
gone); one text where all get the same, else rank by rank. _Gone_ has told nothing: it was ended. _Or ended_: unless the launcher, which
sees a death too, ends the rank before. Where no exit code is given it is 0. ${NONE}: there is no such fault. Backends that do the same in
all cells of a table share a column.

This page is written by \`npm run faults\`.
`;

function tableOf(faults: readonly Fault[]): string {
  const present = ALL_SETTINGS.filter((setting) => faults.some(({ expected }) => expected[setting]));
  const columnOf = (setting: SettingName) => faults.map((fault) => cellText(fault, setting));
  const columns = new Map<string, SettingName[]>();
  for (const setting of present) {
    const text = columnOf(setting).join("\n");
    columns.set(text, [...(columns.get(text) ?? []), setting]);
  }
  const together = [...columns.values()];
  const head = [
    "fault",
    ...together.map((settings) => settings.map((one) => SETTINGS[one].title).join(" · ")),
  ];
  return aligned([
    head,
    ...faults.map((fault) => [fault.name, ...together.map(([first]) => cellText(fault, first))]),
  ]);
}

function cellText({ expected }: Fault, setting: SettingName): string {
  const ending = expected[setting];
  return ending ? endingText(setting, ending).replaceAll("|", "\\|") : NONE;
}

/** A table as Prettier writes it. */
function aligned([head, ...rows]: readonly string[][]): string {
  const widths = head.map((_, column) => Math.max(3, ...[head, ...rows].map((row) => row[column].length)));
  const line = (row: readonly string[]) =>
    `| ${row.map((cell, column) => cell + " ".repeat(widths[column] - cell.length)).join(" | ")} |`;
  return [line(head), `| ${widths.map((width) => "-".repeat(width)).join(" | ")} |`, ...rows.map(line)].join(
    "\n",
  );
}
