/** The program of the ranks, as JavaScript: hundreds of ranks need not each translate it. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const PACKAGE = fileURLToPath(new URL("..", import.meta.url));

let made: string | undefined;

/** Local: the path of the program; translated at the first call, and removed at the end of this process if not before. */
export function program(): string {
  made ??= translate();
  return join(made, "faults", "rank.js");
}

/** Local, idempotent: removes it. For who may be ended from outside. */
export function removeProgram(): void {
  if (made) rmSync(made, { recursive: true });
  made = undefined;
}

function translate(): string {
  const folder = mkdtempSync(join(tmpdir(), "pshmem-faults-program-"));
  process.on("exit", removeProgram);
  const config = {
    extends: join(PACKAGE, "tsconfig.json"),
    compilerOptions: {
      noEmit: false,
      noCheck: true,
      rootDir: PACKAGE,
      outDir: folder,
      typeRoots: [join(PACKAGE, "node_modules", "@types")],
    },
    files: [join(PACKAGE, "faults", "rank.ts")],
    include: [],
  };
  writeFileSync(join(folder, "package.json"), '{ "type": "module" }');
  writeFileSync(join(folder, "tsconfig.json"), JSON.stringify(config));
  symlinkSync(join(PACKAGE, "dist"), join(folder, "dist"));
  const tsc = join(PACKAGE, "node_modules", "typescript", "bin", "tsc");
  const { status, stdout } = spawnSync(process.execPath, [tsc, "-p", folder], { encoding: "utf8" });
  if (status !== 0) throw new Error(`the program of the ranks cannot be translated:\n${stdout}`);
  return folder;
}
