/** Finding the program that the ranks run, and what it takes to run it. */
import { statSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, extname, resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { Script } from "node:vm";
import { PshmemError } from "../errors.ts";

/** A program ready to be imported by a rank. */
export interface Program {
  /** Absolute path; what the rank sees as `process.argv[1]`. */
  readonly path: string;
  /** URLs of tsx's modules with a `register` to call before the import; empty: Node runs the program by itself. */
  readonly tsx: readonly string[];
}

/** What this Node can do with a TypeScript program by itself. */
export interface NativeTypeScript {
  /** It strips types. */
  readonly types: boolean;
  /** It understands `using`, which stripping leaves in the program. */
  readonly using: boolean;
}

const TYPESCRIPT = new Set([".ts", ".mts", ".cts", ".tsx"]);

/**
 * Local: the program at `path`, relative to the working directory. TypeScript goes through tsx where `forceTsx` asks for it or
 * Node cannot run all of it by itself; tsx is looked for beside the program, then in the working directory, then beside pshmem.
 *
 * @throws BAD_LAUNCH no such file, or tsx is needed and not there
 */
export function findProgram(path: string, forceTsx = false): Program {
  const absolute = resolve(path);
  if (!statSync(absolute, { throwIfNoEntry: false })?.isFile()) {
    throw new PshmemError("BAD_LAUNCH", `no such program file: ${absolute}`, { path: absolute });
  }
  return { path: absolute, tsx: tsxFor(absolute, forceTsx) };
}

function tsxFor(path: string, force: boolean): readonly string[] {
  const native = nativeTypeScript();
  if (!force && (!TYPESCRIPT.has(extname(path)) || (native.types && native.using))) {
    return [];
  }
  const tsx = findTsx(dirname(path));
  if (tsx.length === 0 && (force || !native.types)) {
    const instead = native.types ? "run without --tsx" : "use Node 22.18 or newer";
    const message = `to run ${path} through tsx, install it (npm install --save-dev tsx), or ${instead}`;
    throw new PshmemError("BAD_LAUNCH", message, { path });
  }
  return tsx;
}

/** Local: what this Node can do with TypeScript by itself. */
export function nativeTypeScript(): NativeTypeScript {
  const types = "typescript" in process.features && Boolean(process.features.typescript);
  return { types, using: parses("{ using nothing = null; }") };
}

function parses(source: string): boolean {
  try {
    return new Script(source) instanceof Script;
  } catch {
    return false;
  }
}

/** Local: the URLs of tsx's two registrars (for `require` and `import`), as seen from a directory; empty without tsx. */
export function findTsx(directory: string): readonly string[] {
  for (const from of [directory, process.cwd(), dirname(fileURLToPath(import.meta.url))]) {
    const { resolve: find } = createRequire(resolve(from, "resolve.js"));
    try {
      // What `require` would get lies beside what `import` would get, and only the latter works on Node 20.
      const files = ["tsx/cjs/api", "tsx/esm/api"].map((name) => find(name).replace(/\.cjs$/, ".mjs"));
      return files.map((file) => pathToFileURL(file).href);
    } catch {
      // Not visible from here: the next place may have it.
    }
  }
  return [];
}
