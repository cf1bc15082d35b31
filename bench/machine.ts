/** Where and when something was measured. */
import { execFileSync } from "node:child_process";
import { cpus, release, totalmem, type } from "node:os";
import type { Tools } from "./bench.ts";
import type { Setting } from "./launch.ts";

/** A machine with what runs on it. */
export interface Machine {
  readonly date: string;
  readonly commit: string;
  readonly cpu: string;
  readonly cores: number;
  readonly memoryGiB: number;
  readonly system: string;
  readonly node: string;
  /** Of the Python stack under each MPI. */
  readonly python: readonly string[];
}

/** Local: this machine, now. */
export function machineOf(tools: ReadonlyMap<Setting["mpi"], Tools>): Machine {
  const python = [...tools.values()].flatMap(({ python: found }) =>
    typeof found === "string"
      ? []
      : [`mpi4py ${found.mpi4py}, NumPy ${found.numpy}, ${found.library.split(",")[0]}`],
  );
  return {
    date: new Date().toISOString().slice(0, 10),
    commit: commit(),
    cpu: cpus()[0].model,
    cores: cpus().length,
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    system: `${type()} ${release()}`,
    node: process.versions.node,
    python,
  };
}

function git(...args: readonly string[]): string {
  return execFileSync("git", args, { encoding: "utf8" }).trim();
}

function commit(): string {
  return git("rev-parse", "--short", "HEAD") + (git("status", "--porcelain", "src") ? " with changes" : "");
}
