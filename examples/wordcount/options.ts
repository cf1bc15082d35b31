/** The command line. */
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, join, resolve } from "node:path";
import { parseArgs } from "node:util";

/** What the user wants. */
export interface Options {
  /** Absolute: where the text files are. */
  readonly directory: string;
  /** Absolute: where the state is kept. */
  readonly state: string;
  /** Forget what has been counted. */
  readonly fresh: boolean;
}

/** Local. Reads the arguments of the program; the same on all ranks. */
export function readOptions(args: readonly string[]): Options {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: { state: { type: "string" }, fresh: { type: "boolean", default: false } },
  });
  if (positionals.length > 1) throw new Error(`one directory, please, not ${positionals.length}`);
  const directory = resolve(positionals[0] ?? nearestModules(process.cwd()));
  return { directory, state: resolve(values.state ?? defaultState(directory)), fresh: values.fresh };
}

/** The node_modules that a program in `from` would use. */
function nearestModules(from: string): string {
  const here = join(from, "node_modules");
  if (existsSync(here)) return here;
  if (dirname(from) === from) throw new Error("there is no node_modules here: name a directory to count");
  return nearestModules(dirname(from));
}

/** Each user and input directory has its own. */
function defaultState(directory: string): string {
  const hash = createHash("sha256").update(`${process.getuid?.()} ${directory}`).digest("hex");
  return join(tmpdir(), `pshmem-wordcount-${basename(directory)}-${hash.slice(0, 8)}`);
}
