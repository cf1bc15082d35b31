/** Where programs are played: how many ranks, on which nodes, started how. */
import { fileURLToPath } from "node:url";
import { findMpi, launchLine, TYPESCRIPT, type MpiName } from "../test/mpi/launch.ts";
import type { Random } from "./random.ts";

const MAIN = fileURLToPath(new URL("../dist/cli/main.js", import.meta.url));
const PROGRAM = fileURLToPath(new URL("./rank.ts", import.meta.url));

/** The most ranks and nodes of a random topology. */
const MOST_RANKS = 6;
const MOST_NODES = 4;

/** How ranks are started. */
export type BackendName = "threads" | "mpich" | "openmpi" | "serial";

/** Ranks and where they are. */
export interface Topology {
  readonly backend: BackendName;
  readonly ranks: number;
  readonly nodes: number;
  readonly placement: "block" | "cyclic";
  /** Ranks on each node, where they are uneven; threads only. */
  readonly nodeSizes?: readonly number[];
  readonly windows: "auto" | "messages";
}

/** What the command line says of it; the rest is left to chance. */
export type Fixed = Partial<Omit<Topology, "backend">>;

/** Local: a topology of this backend. */
export function topologyOf(random: Random, backend: BackendName, fixed: Fixed): Topology {
  const most = backend === "threads" ? MOST_RANKS : backend === "serial" ? 1 : 4;
  const ranks = fixed.nodeSizes?.reduce((a, b) => a + b) ?? fixed.ranks ?? random.between(1, most);
  const simulated = backend === "threads" || backend === "mpich";
  const nodes = fixed.nodes ?? (simulated ? random.between(1, Math.min(ranks, MOST_NODES)) : 1);
  const placement = fixed.placement ?? random.pick(["block", "cyclic"] as const);
  const uneven =
    random.once(3) && backend === "threads" && fixed.nodes === undefined && fixed.placement === undefined;
  const drawn = unevenSizes(random, ranks, nodes);
  const windows = random.once(3) ? "messages" : "auto";
  return {
    backend,
    ranks,
    nodes,
    placement,
    nodeSizes: fixed.nodeSizes ?? (uneven ? drawn : undefined),
    windows: fixed.windows ?? windows,
  };
}

function unevenSizes(random: Random, ranks: number, nodes: number): number[] {
  const sizes = Array.from({ length: nodes }, () => 1);
  for (let left = ranks - nodes; left > 0; left--) sizes[random.below(nodes)]++;
  return sizes;
}

/** Local: the options that make the driver play on this topology again. */
export function optionsOf({ backend, ranks, nodes, placement, nodeSizes, windows }: Topology): string {
  const where = nodeSizes
    ? `--node-sizes ${nodeSizes.join()}`
    : `--ranks ${ranks} --nodes ${nodes} --placement ${placement}`;
  return `--backend ${backend} ${where} --windows ${windows}`;
}

/** A command line, and what to add to its environment. */
export interface Line {
  readonly command: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

/** Local: how a job on this topology is started. @throws if the machine cannot */
export function lineOf(topology: Topology, order: string): Line {
  const { backend, nodes, placement, windows } = topology;
  const chosen: Record<string, string> = windows === "messages" ? { PSHMEM_WINDOWS: "messages" } : {};
  if (backend === "threads") return { command: [...threadsLine(topology), PROGRAM, order], env: chosen };
  if (backend === "serial") return { command: [...TYPESCRIPT, PROGRAM, order], env: chosen };
  const env = {
    ...chosen,
    MPIR_CVAR_NUM_CLIQUES: `${nodes}`,
    ...(placement === "block" ? { MPIR_CVAR_CLIQUES_BY_BLOCK: "1" } : {}),
  };
  return {
    command: [...mpiLine(backend === "mpich" ? "MPICH" : "Open MPI", topology.ranks), PROGRAM, order],
    env,
  };
}

function threadsLine({ ranks, nodes, placement, nodeSizes }: Topology): string[] {
  const where = nodeSizes
    ? ["--node-sizes", nodeSizes.join()]
    : ["--nodes", `${nodes}`, "--placement", placement];
  return [process.execPath, MAIN, "run", "-n", `${ranks}`, ...where];
}

function mpiLine(name: MpiName, ranks: number): string[] {
  const mpi = findMpi(name);
  if (typeof mpi === "string") throw new Error(mpi);
  return [...launchLine(mpi, ranks), ...TYPESCRIPT];
}
