/** Where benchmarks run: a backend, a number of ranks, and their nodes. Uses the tests' knowledge of how jobs are started. */
import { fileURLToPath } from "node:url";
import { clusterLine, whyNoCluster } from "../test/cluster/launch.ts";
import { findMpi, launchLine, TYPESCRIPT, type Mpi, type MpiName } from "../test/mpi/launch.ts";

/** How Node is started for a program in TypeScript. */
export const TSX = TYPESCRIPT;

const MAIN = fileURLToPath(new URL("../dist/cli/main.js", import.meta.url));

/** All settings, in the order of the table. */
export const SETTINGS = {
  "threads-1": { title: "threads, 1 rank", ranks: 1, mpi: null, nodes: "one" },
  "threads-2": { title: "threads, 2 ranks", ranks: 2, mpi: null, nodes: "one" },
  "threads-3": { title: "threads, 3 ranks", ranks: 3, mpi: null, nodes: "one" },
  "threads-4": { title: "threads, 4 ranks", ranks: 4, mpi: null, nodes: "one" },
  "threads-8": { title: "threads, 8 ranks", ranks: 8, mpi: null, nodes: "one" },
  "openmpi-1": { title: "Open MPI, 1 rank", ranks: 1, mpi: "Open MPI", nodes: "one" },
  "openmpi-2": { title: "Open MPI, 2 ranks", ranks: 2, mpi: "Open MPI", nodes: "one" },
  "mpich-1": { title: "MPICH, 1 rank", ranks: 1, mpi: "MPICH", nodes: "one" },
  "mpich-2": { title: "MPICH, 2 ranks", ranks: 2, mpi: "MPICH", nodes: "one" },
  "openmpi-3": { title: "Open MPI, 3 ranks", ranks: 3, mpi: "Open MPI", nodes: "one" },
  "openmpi-4": { title: "Open MPI, 4 ranks", ranks: 4, mpi: "Open MPI", nodes: "one" },
  "mpich-3": { title: "MPICH, 3 ranks", ranks: 3, mpi: "MPICH", nodes: "one" },
  "mpich-4": { title: "MPICH, 4 ranks", ranks: 4, mpi: "MPICH", nodes: "one" },
  "mpich-nodes": {
    title: "MPICH, 2 simulated nodes, 1 + 1 ranks",
    ranks: 2,
    mpi: "MPICH",
    nodes: "simulated",
  },
  "openmpi-cluster": {
    title: "Open MPI, 2 namespaces, 1 + 1 ranks",
    ranks: 2,
    mpi: "Open MPI",
    nodes: "cluster",
  },
  "mpich-cluster": { title: "MPICH, 2 namespaces, 1 + 1 ranks", ranks: 2, mpi: "MPICH", nodes: "cluster" },
} as const satisfies Readonly<Record<string, SettingFacts>>;

/** The name of a setting. */
export type SettingName = keyof typeof SETTINGS;

/** One node, ranks from one on: for costs over ranks. */
export const ONE_NODE_SETTINGS = (Object.keys(SETTINGS) as SettingName[]).filter(
  (name) => SETTINGS[name].nodes === "one",
);

interface SettingFacts {
  readonly title: string;
  readonly ranks: number;
  readonly mpi: MpiName | null;
  readonly nodes: "one" | "simulated" | "cluster";
}

/** A command line and what to add to its environment. */
export interface Line {
  readonly command: readonly [string, ...string[]];
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** A setting that can be had on this machine. */
export interface Setting extends SettingFacts {
  readonly name: SettingName;
  readonly found: Mpi | null;
}

let noCluster: string | null | undefined;

/** Local: the setting, or why it cannot be had here. */
export function findSetting(name: SettingName): Setting | string {
  const facts: SettingFacts = SETTINGS[name];
  if (facts.mpi === null) return { ...facts, name, found: null };
  if (facts.nodes === "cluster") noCluster ??= whyNoCluster();
  if (facts.nodes === "cluster" && noCluster) return noCluster;
  const found = findMpi(facts.mpi);
  return typeof found === "string" ? found : { ...facts, name, found };
}

/** Local: how our ranks are started on a program in TypeScript. */
export function oursLine(setting: Setting, program: string, args: readonly string[]): Line {
  return lineWith(setting, TYPESCRIPT, [program, ...args]);
}

/** Local: how our ranks are started on a program in JavaScript. */
export function jsLine(setting: Setting, program: string): Line {
  return lineWith(setting, [process.execPath], [program]);
}

function lineWith(setting: Setting, node: readonly string[], program: readonly string[]): Line {
  const { ranks, found } = setting;
  if (!found) return { command: [process.execPath, MAIN, "run", "-n", String(ranks), ...program], env: {} };
  const { command, env } = mpiLine(setting, found);
  return { command: [...command, ...node, ...program], env };
}

/** Local: how ranks of any program are started under the MPI of a setting. */
export function mpiLine({ ranks, nodes }: Setting, mpi: Mpi): Line {
  if (nodes === "cluster") {
    const placement = { title: "", nodes: Array.from({ length: ranks }, () => 1), cyclic: false };
    return { command: [...clusterLine(mpi, placement)], env: {} };
  }
  const env: Record<string, string> = nodes === "simulated" ? { MPIR_CVAR_NUM_CLIQUES: String(ranks) } : {};
  return { command: [...launchLine(mpi, ranks)], env };
}
