/** Plots of the results, as SVG. */
import { mkdirSync, writeFileSync } from "node:fs";
import { parse, View } from "vega";
import { compile, type TopLevelSpec } from "vega-lite";
import type { Results, Row } from "./results.ts";
import { SETTINGS } from "./settings.ts";

/** A point of a plot. */
interface Point {
  /** The facet. */
  readonly where: string;
  readonly side: string;
  readonly x: number;
  readonly us: number;
  readonly low: number;
  readonly high: number;
}

interface Plot {
  readonly file: string;
  readonly title: string;
  readonly x: string;
  readonly logX: boolean;
  readonly points: readonly Point[];
}

/** Asynchronous: writes the plots below `folder`; resolves with the text that shows them. */
export async function plots(found: readonly Results[], folder: string): Promise<string> {
  const rows = found.flatMap((results) => results.rows);
  mkdirSync(`${folder}plots`, { recursive: true });
  const made = plotsOf(rows).filter(({ points }) => points.length > 0);
  for (const plot of made) writeFileSync(`${folder}plots/${plot.file}`, await svgOf(plot));
  return `## Plots\n\n${made.map(({ file, title }) => `![${title}](plots/${file})`).join("\n\n")}`;
}

function plotsOf(rows: readonly Row[]): readonly Plot[] {
  const of = (...ids: readonly string[]) => rows.filter((row) => ids.includes(row.case));
  const bytes = { x: "bytes", logX: true };
  const ranks = { x: "ranks", logX: false };
  const tasks = { x: "tasks in the batch", logX: true };
  return [
    { file: "set.svg", title: "set on one node", ...bytes, points: of("set").flatMap(bySize) },
    { file: "set-nodes.svg", title: "set on 2 nodes", ...bytes, points: of("set-nodes").flatMap(bySize) },
    { file: "barrier.svg", title: "barrier on one node", ...ranks, points: of("barrier").flatMap(byRanks) },
    {
      file: "set-ranks.svg",
      title: "set of 8 bytes on one node",
      ...ranks,
      points: of("set-ranks").flatMap(byRanks),
    },
    {
      file: "claim.svg",
      title: "claim + done in memory",
      ...tasks,
      points: of("claim", "claim-flat").flatMap(bySize),
    },
  ];
}

function bySize(row: Row): readonly Point[] {
  return pointsOf(row, SETTINGS[row.setting].title, row.size);
}

function byRanks(row: Row): readonly Point[] {
  const { mpi, nodes, ranks } = SETTINGS[row.setting];
  return nodes === "one" ? pointsOf(row, mpi ?? "threads", ranks) : [];
}

function pointsOf(row: Row, where: string, x: number): readonly Point[] {
  const own = row.ours ? [{ ...row.ours, name: ownName(row) }] : [];
  // Beside itself it is no other side.
  const others = row.against.flatMap(({ series }) =>
    series && !series.name.startsWith("itself") ? [series] : [],
  );
  return [...own, ...others].map(({ name, spread }) => ({
    where,
    side: name,
    x,
    us: spread.median * 1000,
    low: spread.q1 * 1000,
    high: spread.q3 * 1000,
  }));
}

function ownName({ case: id }: Row): string {
  return id === "claim-flat" ? "ours, one rank" : "ours";
}

/** Lines through the medians, with bars from quartile to quartile. */
async function svgOf({ title, x, logX, points }: Plot): Promise<string> {
  const xField = {
    field: "x",
    type: "quantitative",
    title: x,
    scale: { type: logX ? "log" : "linear" },
  } as const;
  const log = { type: "log" } as const;
  const color = {
    field: "side",
    type: "nominal",
    title: null,
    legend: { orient: "bottom", columns: 2, labelLimit: 400 },
  } as const;
  const spec: TopLevelSpec = {
    $schema: "https://vega.github.io/schema/vega-lite/v6.json",
    title,
    background: "white",
    data: { values: [...points] },
    facet: { field: "where", type: "nominal", title: null },
    columns: 3,
    spec: {
      width: 220,
      height: 180,
      encoding: { x: { ...xField, axis: { tickCount: 5, format: logX ? "~s" : "d" } }, color },
      layer: [
        {
          mark: { type: "line", point: true },
          encoding: {
            y: {
              field: "us",
              type: "quantitative",
              title: "µs",
              scale: log,
              axis: { tickCount: 5, format: "~g" },
            },
          },
        },
        {
          mark: "rule",
          encoding: { y: { field: "low", type: "quantitative", scale: log }, y2: { field: "high" } },
        },
      ],
    },
  };
  return new View(parse(compile(spec).spec), { renderer: "none" }).toSVG();
}
