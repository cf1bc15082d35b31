/** What `pshmem info` says of MPI: the one in use under a launcher, else the one that would be used. */
import { readFileSync } from "node:fs";
import { basename } from "node:path";
import { PshmemError } from "../errors.ts";
import { launcherSeen, mpiDisabled } from "../launcher.ts";
import { mpiInUse, type MpiDescription } from "../mpi/backend.ts";
import { candidates, findLibrary } from "../mpi/find.ts";
import { identify, type Identity } from "../mpi/identify.ts";
import { world } from "../world.ts";

/** The MPI that was found. */
export interface MpiFacts {
  readonly implementation: string;
  readonly version: string;
  readonly path: string;
  readonly abi: string;
  /** What is known once MPI has started. */
  readonly job?: MpiJobFacts;
}

/** A job of MPI ranks. */
export interface MpiJobFacts {
  readonly rank: number;
  readonly size: number;
  /** The ranks of each node. */
  readonly nodes: readonly (readonly number[])[];
  readonly threadLevel: "single" | "funneled" | "serialized" | "multiple";
  readonly windows: string;
  readonly memory: string;
}

/** No MPI can be used: why, and where it was looked for. */
export interface MpiProblem {
  readonly problem: string;
  readonly candidates: readonly string[];
}

type Environment = Readonly<Record<string, string | undefined>>;

/** Under a launcher collective, and then it starts MPI; else local. */
export function mpiFacts(env: Environment): MpiFacts | MpiProblem {
  try {
    const started = !mpiDisabled(env) && launcherSeen(env) !== null && world().backend === "mpi";
    return started ? jobFacts(mpiInUse()!) : libraryFacts(env);
  } catch (error) {
    if (error instanceof PshmemError) return { problem: error.message, candidates: candidates(env) };
    throw error;
  }
}

/** Local: finds the library and asks for its version, which is allowed before MPI is started (MPI-4.1 §9.1.1). */
function libraryFacts(env: Environment): MpiFacts {
  const { library, path } = findLibrary(env);
  return identityFacts(identify(library, path), path);
}

function identityFacts({ implementation, version, abi }: Identity, path: string): MpiFacts {
  return { implementation, version, path: loadedFrom(path), abi: abi.name };
}

function jobFacts({ world: mpi, memory, windows }: MpiDescription): MpiFacts {
  const { library, rank, size, nodeOf } = mpi;
  const nodes = [...new Set(nodeOf)].map((node) =>
    nodeOf.flatMap((one, member) => (one === node ? [member] : [])),
  );
  const threadLevel = threadLevelOf(mpi);
  const job = {
    rank,
    size,
    nodes,
    threadLevel,
    windows: `${windows.kind}: ${windows.reason}`,
    memory: MEMORY[memory],
  };
  return { ...identityFacts(library, library.path), job };
}

const MEMORY = {
  memfd: "memfd: needs no space in /dev/shm",
  named: "named: shm_open, unlinked once attached; takes space in /dev/shm",
};

/** The four levels are in this order in every ABI (MPI-4.1 §11.6.2). */
function threadLevelOf({
  threadLevel,
  library: { abi },
}: MpiDescription["world"]): MpiJobFacts["threadLevel"] {
  if (threadLevel >= abi.THREAD_MULTIPLE) return "multiple";
  if (threadLevel > abi.THREAD_FUNNELED) return "serialized";
  return threadLevel === abi.THREAD_FUNNELED ? "funneled" : "single";
}

/** The file behind a name that the system's loader has searched for; the name itself where that cannot be seen. */
function loadedFrom(name: string): string {
  if (process.platform !== "linux") return name;
  const paths = readFileSync("/proc/self/maps", "utf8").match(/\/.*$/gm) ?? [];
  return paths.find((path) => basename(path).startsWith(basename(name))) ?? name;
}

/** A line of `pshmem info`. */
export type Row = readonly [name: string, value: string];

/** Local: the lines about MPI. */
export function mpiRows(facts: MpiFacts | MpiProblem): readonly Row[] {
  if ("problem" in facts) return [["mpi", `cannot be used: ${facts.problem}`]];
  const { implementation, version, path, abi, job } = facts;
  const library: Row = ["mpi library", `${implementation} ${version} (${path}), ${abi} ABI`];
  if (!job) return [library, ["mpi job", "none: not started by mpirun or srun"]];
  const nodes = job.nodes.map((ranks) => ranks.join(" ")).join(" | ");
  return [
    library,
    ["mpi threads", job.threadLevel],
    [
      "mpi ranks",
      `${job.size} on ${job.nodes.length} ${job.nodes.length === 1 ? "node" : "nodes"}: ${nodes}`,
    ],
    ["mpi windows", job.windows],
    ["mpi memory", job.memory],
  ];
}
