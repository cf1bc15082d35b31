/** Which files are counted. */
import { readdirSync, statSync } from "node:fs";
import { extname, join, relative, sep } from "node:path";

/** A file to count. */
export interface TextFile {
  /** Relative to the directory, with slashes. */
  readonly path: string;
  readonly bytes: number;
  /** Milliseconds. With the size it tells whether the file has changed. */
  readonly modified: number;
}

const TEXT = new Set(
  "c cc cjs cpp css csv cts go h hpp html java js json jsx less md mjs mts py rs rst scss sh sql svg toml ts tsx txt xml yaml yml"
    .split(" ")
    .map((extension) => `.${extension}`),
);
const MOST_BYTES = 4 * 1024 * 1024;

/** Local. The text files under a directory, sorted; nothing hidden, no links, nothing very large. */
export function listTextFiles(directory: string): TextFile[] {
  return readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && TEXT.has(extname(entry.name).toLowerCase()))
    .map(({ parentPath, name }) => relative(directory, join(parentPath, name)).split(sep).join("/"))
    .filter((path) => !/(^|\/)\./.test(path))
    .map((path) => describe(directory, path))
    .filter(({ bytes }) => bytes <= MOST_BYTES)
    .toSorted((a, b) => (a.path < b.path ? -1 : 1));
}

function describe(directory: string, path: string): TextFile {
  const { size, mtimeMs } = statSync(join(directory, path));
  return { path, bytes: size, modified: mtimeMs };
}
