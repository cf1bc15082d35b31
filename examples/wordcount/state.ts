/** What is kept on disk, so that a job that was stopped can be continued. */
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import type { BatchOptions } from "pshmem";
import type { TextFile } from "./files.ts";
import { merge, type Counts } from "./words.ts";

/**
 * The state directory: `manifest`, the list of files; `tasks/<number>`, for each file its state, which the batch keeps, and its
 * counts; `report`, a line for each file in the order in which they were finished. Members are local.
 */
export class CountDirectory {
  readonly #manifest: string;
  readonly #tasks: string;
  readonly #report: string;

  constructor(root: string) {
    this.#manifest = join(root, "manifest");
    this.#tasks = join(root, "tasks");
    this.#report = join(root, "report");
  }

  /** On one rank: keeps what is there if it belongs to these files, else clears it. Returns which, in words. */
  prepare(files: readonly TextFile[], fresh: boolean): string {
    const manifest = `${JSON.stringify(files)}\n`;
    const before = textOf(this.#manifest);
    if (before === manifest && !fresh) return "continuing";
    // The manifest goes first and comes last: without it, nothing that is here counts.
    for (const path of [this.#manifest, this.#tasks, this.#report])
      rmSync(path, { recursive: true, force: true });
    mkdirSync(this.#tasks, { recursive: true });
    replace(this.#manifest, manifest);
    return before !== "" && !fresh ? "the files have changed, starting anew" : "starting anew";
  }

  /** Where the batch keeps the states of so many tasks. */
  batchOptions(count: number): BatchOptions {
    return { taskFsRoot: this.#tasks, taskFsNames: Array.from({ length: count }, (_, task) => nameOf(task)) };
  }

  /** Replaces the counts of a task, in one act. */
  save(task: number, counts: Counts): void {
    replace(this.#counts(task), JSON.stringify([...counts]));
  }

  /** The sum of the counts of tasks. */
  load(tasks: readonly number[]): Counts {
    return merge(tasks.map((task) => new Map(JSON.parse(textOf(this.#counts(task))) as [string, number][])));
  }

  /** On one rank at a time. */
  appendToReport(task: number, counts: Counts, { path }: TextFile): void {
    const words = [...counts.values()].reduce((sum, count) => sum + count, 0);
    const line = [nameOf(task), `${words} words`, `${counts.size} different`, path.replaceAll(/\s/g, " ")];
    appendFileSync(this.#report, `${line.join("\t")}\n`);
  }

  /** On one rank: takes out of the report the tasks that were stopped before they were done, since they come again. */
  trimReport(done: readonly boolean[]): void {
    const lines = textOf(this.#report).split("\n");
    const kept = lines.filter((line) => line !== "" && done[Number(line.split("\t", 1)[0])]);
    replace(this.#report, kept.map((line) => `${line}\n`).join(""));
  }

  #counts(task: number): string {
    return join(this.#tasks, nameOf(task), "counts");
  }
}

function nameOf(task: number): string {
  return String(task).padStart(6, "0");
}

/** The text of a file; empty if there is none. */
function textOf(path: string): string {
  return existsSync(path) ? readFileSync(path, "utf8") : "";
}

/** Whoever is stopped in here leaves the old file or the new one. */
function replace(path: string, text: string): void {
  writeFileSync(`${path}.new`, text);
  renameSync(`${path}.new`, path);
}
