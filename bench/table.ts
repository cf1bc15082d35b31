/** Results as text. */
import { bytesText, timeText, type Spread } from "../src/cli/spread.ts";
import type { Comparison, Row } from "./results.ts";
import { SETTINGS } from "./settings.ts";

const SIZE_TEXT: Readonly<Record<Row["sizeIs"], (size: number) => string>> = {
  none: () => "",
  bytes: (size) => `, ${bytesText(size)}`,
  tasks: (size) => `, ${size} tasks`,
  rank: (size) => (size === 0 ? ", by its root" : `, by rank ${size}`),
};

/** What a row is about, without its setting. */
export function titleText({ title, sizeIs, size }: Row): string {
  return title + SIZE_TEXT[sizeIs](size);
}

/** A value of a row, in its unit. */
export function valueText({ unit }: Row, value: number): string {
  return unit === "time" ? timeText(value) : unit === "share" ? value.toFixed(3) : String(value);
}

/** Our value, with its quartiles. */
export function timeSpreadText(row: Row): string {
  const { q1, median, q3 } = row.ours!.spread;
  const [low, high] = [valueText(row, q1), valueText(row, q3)];
  return low === high ? low : `${valueText(row, median)} (${low} … ${high})`;
}

/** The bound of ours alone. */
export function boundText(row: Row): string {
  if (!row.bound) return "";
  return "most" in row.bound ? `≤ ${valueText(row, row.bound.most)}` : `≥ ${valueText(row, row.bound.least)}`;
}

/** A ratio. */
export const ratioText = (ratio: number): string => (ratio >= 100 ? ratio.toFixed(0) : ratio.toPrecision(3));

/** A ratio with its quartiles. */
function spreadText({ q1, median, q3 }: Spread): string {
  return `${ratioText(median)} (${ratioText(q1)} … ${ratioText(q3)})`;
}

/** The ratio of their times to ours; nothing for what is no time. */
export function ratioSpreadText({ unit }: Row, { series }: Comparison): string {
  return unit === "time" && series ? spreadText(series.ratio) : "";
}

/** The ratio of each side's quickest turn, which a busy machine disturbs least; nothing for what is no time. */
export function quickestText({ unit, ours }: Row, { series }: Comparison): string {
  if (unit !== "time" || !series || !ours) return "";
  return ratioText(Math.min(...series.values) / Math.min(...ours.values));
}

/** Whether a goal is met; null where there is none, or no reference. Where ours has failed it is not. */
export function isMet({ ours }: Row, { goal, series }: Comparison): boolean | null {
  if (goal === null || (ours && !series)) return null;
  return series !== undefined && series.ratio.median >= goal;
}

/** Whether the median of ours is within its own bound; null where there is none. */
export function isWithin({ bound, ours }: Row): boolean | null {
  if (!bound) return null;
  if (!ours) return false;
  return "most" in bound ? ours.spread.median <= bound.most : ours.spread.median >= bound.least;
}

/** A row for the terminal. */
export function lineOf(row: Row): string {
  const head = `${titleText(row)} [${SETTINGS[row.setting].title}]: `;
  if (!row.ours) return `${head}failed: ${row.problem}`;
  const within = isWithin(row);
  const bound = within === null ? "" : within ? " (within its bound)" : " (NOT WITHIN ITS BOUND)";
  const ours = timeSpreadText(row) + bound;
  return [head + ours, ...row.against.map((one) => `    ${comparisonText(row, one)}`)].join("\n");
}

function comparisonText(row: Row, one: Comparison): string {
  if (!one.series) return `${one.name}: not run: ${one.problem?.split("\n").at(-1)}`;
  const met = isMet(row, one);
  const goal = met === null ? "" : `, goal ${ratioText(one.goal!)} ${met ? "met" : "NOT MET"}`;
  const ratio = ratioSpreadText(row, one);
  return `${one.name}: ${valueText(row, one.series.spread.median)}, ${ratio && `× ${ratio}, quickest × ${quickestText(row, one)}`}${goal}`;
}
