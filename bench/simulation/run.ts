/**
 * `npm run simulate`: simulates `set`, the lock and claims up to 10 000 nodes of 128 ranks and writes tables and plots into
 * `docs/scaling.md`; some minutes. `npm run simulate -- tables` only prints the formulas anew.
 */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { format, resolveConfig } from "prettier";
import { bytesText, timeText } from "../../src/cli/spread.ts";
import { simulateStart } from "./claim.ts";
import { simulateLock } from "./lock.ts";
import { simulateBarrier, simulateSet } from "./meeting.ts";
import { SLINGSHOT } from "./network.ts";
import { svgOf, type Point } from "./plots.ts";
import { countTables, table } from "./tables.ts";

const DOCS = fileURLToPath(new URL("../../docs/", import.meta.url));
const RANKS = 128;
const NODES = [1, 2, 4, 16, 64, 256, 1024, 4096, 10_000];
const SIZES = [8, 8 * 1024, 1024 ** 2, 64 * 1024 ** 2];
/** A lock serves no more ranks than that. */
const MOST_NODES_AT_A_LOCK = 255;

/** Replaces what stands between the markers of a name. */
function between(text: string, name: string, made: string): string {
  const [begin, end] = ["begin", "end"].map((word) => `<!-- made by npm run simulate, ${name}: ${word} -->`);
  const [before, after] = [text.indexOf(begin), text.indexOf(end)];
  if (before < 0 || after < 0) throw new Error(`docs/scaling.md has lost its markers ${begin} and ${end}`);
  return `${text.slice(0, before)}${begin}\n\n${made}\n\n${text.slice(after)}`;
}

const time = (µs: number) => timeText(µs / 1000);

/** A table with a row for each number of nodes and a column for each series. */
function tableOf(points: readonly Point[]): string {
  const series = [...new Set(points.map((point) => point.series))];
  const head = `| nodes | ${series.join(" | ")} |\n| ---: |${series.map(() => " ---: |").join("")}`;
  const rows = [...new Set(points.map(({ nodes }) => nodes))].map((nodes) => {
    const cells = series.map((one) => {
      const point = points.find((other) => other.series === one && other.nodes === nodes);
      return point ? time(point.µs) : "";
    });
    return `| ${nodes} | ${cells.join(" | ")} |`;
  });
  return table(head, rows);
}

async function show(file: string, title: string, points: readonly Point[]): Promise<string> {
  mkdirSync(`${DOCS}plots`, { recursive: true });
  writeFileSync(`${DOCS}plots/${file}`, await svgOf(title, points));
  return `![${title}](plots/${file})\n\n${tableOf(points)}`;
}

function setPoints(): Point[] {
  return NODES.flatMap((nodes) => [
    { series: "barrier", nodes, µs: simulateBarrier(SLINGSHOT, nodes, RANKS).µs },
    ...SIZES.map((bytes) => ({
      series: `set, ${bytesText(bytes)}`,
      nodes,
      µs: simulateSet(SLINGSHOT, nodes, RANKS, bytes).µs,
    })),
  ]);
}

function lockPoints(): Point[] {
  return NODES.flatMap((nodes) => {
    const one = simulateLock(SLINGSHOT, nodes);
    const all = nodes <= MOST_NODES_AT_A_LOCK ? simulateLock(SLINGSHOT, nodes * RANKS) : null;
    return [
      { series: "one rank of each node: all through", nodes, µs: one.µs },
      ...(all ? [{ series: "all 128 ranks of each node: all through", nodes, µs: all.µs }] : []),
      { series: "one rank of each node: per passage", nodes, µs: one.µs / one.ranks },
    ];
  });
}

function claimPoints(): Point[] {
  return NODES.flatMap((nodes) => {
    const { µs, accesses, workers } = simulateStart(SLINGSHOT, nodes);
    return [
      { series: "all start at once", nodes, µs },
      { series: "if no claim met another", nodes, µs: (µs * 5 * workers) / accesses },
    ];
  });
}

async function simulated(): Promise<string> {
  return [
    `### barrier and set\n\n${await show("scaling-set.svg", "set, 128 ranks on each node", setPoints())}`,
    `### lock\n\n${await show("scaling-lock.svg", "lock + unlock, from other nodes than the root's", lockPoints())}`,
    `### claim\n\n${await show("scaling-claim.svg", "until every worker has its first task, one worker on each node", claimPoints())}`,
  ].join("\n\n");
}

const made = process.argv.includes("tables") ? null : await simulated();
const path = `${DOCS}scaling.md`;
let text = between(readFileSync(path, "utf8"), "tables", countTables());
if (made !== null) text = between(text, "simulation", made);
writeFileSync(path, await format(text, { ...(await resolveConfig(path)), filepath: path }));
