/** The one place that knows how ranks are started under the MPIs of this machine. */
import { spawnSync } from "node:child_process";
import { describe, it } from "vitest";

/** An implementation of MPI that these tests know. */
export type MpiName = "MPICH" | "Open MPI";

/** An MPI of this machine. */
export interface Mpi {
  readonly name: MpiName;
  /** Its launcher: a name on the PATH, or a path. */
  readonly launcher: string;
}

/** Where distributions put what is not on the PATH: Fedora's environment modules, Homebrew's two that shut each other out. */
const DIRECTORIES = ["/usr/lib64", "/opt/homebrew/opt", "/usr/local/opt"];

const CANDIDATES: Readonly<Record<MpiName, readonly string[]>> = {
  MPICH: [
    "mpirun.mpich",
    "mpiexec.hydra",
    "mpirun",
    "mpiexec",
    ...DIRECTORIES.map((one) => `${one}/mpich/bin/mpirun`),
  ],
  "Open MPI": [
    "mpirun.openmpi",
    "mpirun",
    "mpiexec",
    ...DIRECTORIES.flatMap((one) => [`${one}/openmpi/bin/mpirun`, `${one}/open-mpi/bin/mpirun`]),
  ],
};

/** What each launcher says of itself. */
const VERSION: Readonly<Record<MpiName, RegExp>> = {
  MPICH: /HYDRA/,
  "Open MPI": /Open MPI|OpenRTE|open-mpi\.org/,
};

/** As root, more ranks than cores, none bound to a core (two jobs would meet on the first), and none keeping its core while it waits. */
const OPEN_MPI_OPTIONS = [
  "--allow-run-as-root",
  "--oversubscribe",
  "--bind-to",
  "none",
  "--mca",
  "mpi_yield_when_idle",
  "1",
];

function find(name: MpiName): Mpi | string {
  const launcher = CANDIDATES[name].find((candidate) => {
    const { stdout, stderr } = spawnSync(candidate, ["--version"], { encoding: "utf8" });
    return VERSION[name].test(`${stdout}${stderr}`);
  });
  return launcher ? { name, launcher } : `${name} is not installed: scripts/setup-mpi installs it`;
}

const FOUND: Readonly<Record<MpiName, Mpi | string>> = { MPICH: find("MPICH"), "Open MPI": find("Open MPI") };

/** Local: this machine's MPI of that name, or why there is none. */
export function findMpi(name: MpiName): Mpi | string {
  return FOUND[name];
}

/** Local: the command line, but for the program, that starts so many ranks; `options` are the launcher's own. */
export function launchLine(
  { name, launcher }: Mpi,
  ranks: number,
  options: readonly string[] = [],
): readonly [command: string, ...args: string[]] {
  const own = name === "Open MPI" ? OPEN_MPI_OPTIONS : [];
  return [launcher, ...own, ...options, "-n", String(ranks)];
}

/**
 * Stands for tests that cannot run here: one test, skipped with the reason. Where they are `expected` to run it fails with `CI=true`.
 */
export function cannotRun(title: string, reason: string, expected = true): void {
  it(title, (context) => {
    if (expected && process.env["CI"] === "true")
      throw new Error(`with CI=true these tests must run, but: ${reason}`);
    context.skip(reason);
  });
}

/** For what needs namespaces. */
export const ON_LINUX = process.platform === "linux";

/** Defines tests for one MPI, or, where it is not installed, one that says so. */
export function describeMpi(name: MpiName, define: (mpi: Mpi) => void): void {
  const found = findMpi(name);
  if (typeof found === "string") cannotRun(name, found);
  else describe(name, () => define(found));
}

/** Defines tests for every MPI. */
export function describeEachMpi(define: (mpi: Mpi) => void): void {
  for (const name of Object.keys(FOUND) as MpiName[]) describeMpi(name, define);
}

/** How Node is started for a program in TypeScript. */
export const TYPESCRIPT = [process.execPath, "--import", "tsx"] as const;
