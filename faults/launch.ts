/** How jobs are started in a setting, by what the tests know of starting jobs. */
import { fileURLToPath } from "node:url";
import { findMpi, launchLine } from "../test/mpi/launch.ts";
import type { JobTerms } from "./fault.ts";
import { RANKS, SETTINGS, type SettingName } from "./settings.ts";

/** Local: why jobs cannot run in a setting on this machine; null where they can. */
export function whyNotIn(setting: SettingName): string | null {
  const { mpi } = SETTINGS[setting];
  const found = mpi && findMpi(mpi);
  return typeof found === "string" ? found : null;
}

const MAIN = fileURLToPath(new URL("../dist/cli/main.js", import.meta.url));

type Placement = JobTerms["placement"];

/** Local: what stands before the program on the command line. */
export function lineFor(
  setting: SettingName,
  placement: Placement,
): readonly [command: string, ...args: string[]] {
  const { mpi, options } = SETTINGS[setting];
  if (setting === "serial") return [process.execPath];
  const placed = placement && setting === "threads-nodes" ? ["--placement", placement] : [];
  if (mpi === null) return [process.execPath, MAIN, "run", "-n", String(RANKS), ...options, ...placed];
  const found = findMpi(mpi);
  if (typeof found === "string") throw new Error(found);
  return [...launchLine(found, RANKS, options), process.execPath];
}

/** Local: what the environment must say for nodes that an MPI simulates. */
export function nodesFor(setting: SettingName, placement: Placement): Readonly<Record<string, string>> {
  if (setting !== "mpich" || !placement) return {};
  return { MPIR_CVAR_NUM_CLIQUES: "2", ...(placement === "block" && { MPIR_CVAR_CLIQUES_BY_BLOCK: "1" }) };
}
