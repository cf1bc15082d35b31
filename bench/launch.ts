/** How jobs are started in a setting, by what the tests know of starting jobs. */
import { fileURLToPath } from "node:url";
import { clusterLine, whyNoCluster } from "../test/cluster/launch.ts";
import { findMpi, launchLine, TYPESCRIPT, type Mpi } from "../test/mpi/launch.ts";
import { SETTINGS, type SettingFacts, type SettingName } from "./settings.ts";

/** How Node is started for a program in TypeScript. */
export const TSX = TYPESCRIPT;

const MAIN = fileURLToPath(new URL("../dist/bundle/main.js", import.meta.url));

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
