/** What the ranks of a job leave for whoever started it: lines in a file, and folders beside it. */
import { appendFileSync, existsSync, readFileSync } from "node:fs";
import type { Fault } from "./fault.ts";

/** What a rank says: that it is ready for what is done to it (with its process number), what it tells, or that all are through. */
export type Line = { readonly fault: string; readonly rank: number } & (
  { readonly ready: number } | { readonly told: string } | { readonly through: true }
);

/** Adds a line, as one act. */
export function addLine(file: string, line: Line): void {
  appendFileSync(file, `${JSON.stringify(line)}\n`);
}

/** The lines so far. */
export function linesIn(file: string): readonly Line[] {
  if (!existsSync(file)) return [];
  return readFileSync(file, "utf8")
    .split("\n")
    .filter(Boolean)
    .map((line) => JSON.parse(line));
}

/** The folder that the ranks have for a fault. */
export function folderOf(file: string, { name }: Pick<Fault, "name">): string {
  return `${file}.${name.replaceAll(/\W+/g, "-")}`;
}
