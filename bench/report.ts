/** `docs/performance.md`: the results as tables, between markers. */
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { format, resolveConfig } from "prettier";
import { spreadOf } from "../src/cli/spread.ts";
import { plots } from "./plots.ts";
import { readResults, type Comparison, type Results, type Row } from "./results.ts";
import { SETTINGS } from "./settings.ts";
import {
  boundText,
  isMet,
  isWithin,
  quickestText,
  ratioSpreadText,
  ratioText,
  timeSpreadText,
  titleText,
  valueText,
} from "./table.ts";

const DOCS = fileURLToPath(new URL("../docs/", import.meta.url));
const [BEGIN, END] = ["<!-- made by npm run bench: begin -->", "<!-- made by npm run bench: end -->"];

const HEAD = `| what | where | ours | beside | theirs | theirs by ours | quickest | goal | |
| --- | --- | ---: | --- | ---: | ---: | ---: | ---: | --- |`;

/** Asynchronous: writes the tables and plots of all results there are. */
export async function writeReport(ids: readonly string[]): Promise<void> {
  const found = ids.map(readResults).filter((results) => results !== null);
  const path = `${DOCS}performance.md`;
  const text = readFileSync(path, "utf8");
  const [before, after] = [text.indexOf(BEGIN), text.indexOf(END)];
  if (before < 0 || after < 0) throw new Error(`${path} has lost its markers ${BEGIN} and ${END}`);
  const pictures = await plots(found, DOCS);
  const made = [BEGIN, machines(found), goals(found), pictures, others(found)].join("\n\n");
  const whole = `${text.slice(0, before)}${made}\n\n${text.slice(after)}`;
  writeFileSync(path, await format(whole, { ...(await resolveConfig(path)), filepath: path }));
}

/** Where and when, and the benchmarks that were run then. */
function machines(found: readonly Results[]): string {
  const names = new Map<string, string[]>();
  for (const { machine, rows } of found) {
    const { date, commit, cpu, cores, memoryGiB, system, node, python } = machine;
    const about = `${date}, commit ${commit}, ${cpu}, ${cores} cores, ${memoryGiB} GiB, ${system}, Node ${node}`;
    const text = [about, ...python].join("; ");
    names.set(text, [...(names.get(text) ?? []), rows[0].case]);
  }
  const lines = [...names].map(([text, cases]) => `- ${text}: ${cases.join(", ")}`);
  const { q1, median, q3 } = spreadOf(found.flatMap(({ rows }) => rows.map(({ load }) => load)));
  const load = `Processes that wanted a core when a row began: ${[q1, median, q3].map((one) => one.toFixed(1)).join(", ")} (quartiles).`;
  return `## Where and when\n\n${lines.join("\n")}\n\n${load}`;
}

function goals(found: readonly Results[]): string {
  const lines = found.flatMap(({ rows }) => rows.flatMap((row) => linesOf(row, true)));
  const missed = lines.filter((line) => line.includes("**missed**")).length;
  const met = lines.filter((line) => line.endsWith("| met |")).length;
  return `## Goals\n\n${met} met, ${missed} missed.\n\n${HEAD}\n${lines.join("\n")}`;
}

function others(found: readonly Results[]): string {
  const lines = found.flatMap(({ rows }) => rows.flatMap((row) => linesOf(row, false)));
  return `## Without a goal\n\n${HEAD}\n${lines.join("\n")}`;
}

/** The lines of a row for which a goal is set, or those for which none is. */
function linesOf(row: Row, withGoal: boolean): readonly string[] {
  const where = SETTINGS[row.setting].title;
  const start = `| ${titleText(row)} | ${where} | ${row.ours ? timeSpreadText(row) : "failed"}`;
  const lines = row.against
    .filter(({ goal }) => (goal !== null) === withGoal)
    .map((one) => `${start} | ${besides(row, one)} |`);
  const alone = Boolean(row.bound) === withGoal && (row.bound || row.against.length === 0);
  if (!alone) return lines;
  return [`${start} | alone | | | | ${boundText(row)} | ${verdict(isWithin(row))} |`, ...lines];
}

function besides(row: Row, one: Comparison): string {
  const goal = one.goal === null ? "" : `≥ ${ratioText(one.goal)}`;
  if (!one.series) {
    const why = row.ours ? `not run: ${cell(one.problem ?? "")}` : `ours failed: ${cell(row.problem ?? "")}`;
    return `${one.name} | ${why} | | | ${goal} | ${verdict(isMet(row, one))}`;
  }
  const theirs = valueText(row, one.series.spread.median);
  const ratios = `${ratioSpreadText(row, one)} | ${quickestText(row, one)}`;
  return `${one.name} | ${theirs} | ${ratios} | ${goal} | ${verdict(isMet(row, one))}`;
}

function cell(text: string): string {
  return text.split("\n")[0].replaceAll("|", "\\|").slice(0, 120);
}

function verdict(met: boolean | null): string {
  return met === null ? "" : met ? "met" : "**missed**";
}
