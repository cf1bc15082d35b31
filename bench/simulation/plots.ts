/** Plots of simulated times, as SVG. */
import { parse, View } from "vega";
import { compile, type TopLevelSpec } from "vega-lite";

/** A simulated time. */
export interface Point {
  readonly series: string;
  readonly nodes: number;
  readonly µs: number;
}

/** Asynchronous: lines over the number of nodes, both axes logarithmic. */
export function svgOf(title: string, points: readonly Point[]): Promise<string> {
  const spec: TopLevelSpec = {
    $schema: "https://vega.github.io/schema/vega-lite/v6.json",
    title,
    background: "white",
    width: 420,
    height: 280,
    data: { values: points.map(({ series, nodes, µs }) => ({ series, nodes, ms: µs / 1000 })) },
    mark: { type: "line", point: true },
    encoding: {
      x: {
        field: "nodes",
        type: "quantitative",
        scale: { type: "log" },
        axis: { format: "~s", tickCount: 5 },
      },
      y: { field: "ms", type: "quantitative", title: "ms", scale: { type: "log" }, axis: { format: "~g" } },
      color: {
        field: "series",
        type: "nominal",
        title: null,
        sort: [...new Set(points.map(({ series }) => series))],
        legend: { orient: "bottom", columns: 1, labelLimit: 400 },
      },
    },
  };
  return new View(parse(compile(spec).spec), { renderer: "none" }).toSVG();
}
