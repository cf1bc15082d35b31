/** Finding the MPI library: the launcher's own first, then the one named in the environment, then the known names. */
import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { dirname, join } from "node:path";
import { PshmemError } from "../errors.ts";
import { native, type NativeLibrary } from "../native/native.ts";

/** Which implementation started the program, as far as its environment tells. */
export type LauncherKind = "openmpi" | "mpich" | "unknown";

/** A library that could be loaded. */
export interface FoundLibrary {
  readonly path: string;
  readonly library: NativeLibrary;
}

/** Names under which distributions install each implementation; those with a version first, they need no -dev package. */
const NAMES: Readonly<Record<LauncherKind, readonly string[]>> =
  process.platform === "darwin"
    ? {
        openmpi: ["libmpi.40.dylib", "libmpi.dylib"],
        mpich: ["libmpich.12.dylib", "libmpi.12.dylib", "libmpich.dylib"],
        unknown: ["libmpi_abi.1.dylib", "libmpi_abi.dylib"],
      }
    : {
        openmpi: ["libmpi.so.40", "libmpi.so.80", "libmpi.so"],
        mpich: ["libmpich.so.12", "libmpi.so.12", "libmpich.so"],
        unknown: ["libmpi_abi.so.1", "libmpi_abi.so.0", "libmpi_abi.so"],
      };

/** Where Homebrew and hand-made installations put libraries; the system's own directories need no path. */
const EXTRA_DIRECTORIES =
  process.platform === "darwin"
    ? ["/opt/homebrew", "/usr/local"].flatMap((one) => [
        `${one}/lib`,
        `${one}/opt/mpich/lib`,
        `${one}/opt/open-mpi/lib`,
      ])
    : ["/usr/local/lib"];

/** Local: the kind of launcher that set this environment. */
export function launcherKind(env: Readonly<Record<string, string | undefined>>): LauncherKind {
  if (env["OMPI_COMM_WORLD_SIZE"] ?? env["PRTE_LAUNCHED"] ?? env["OMPI_MCA_orte_ess_num_procs"])
    return "openmpi";
  if (env["PMI_SIZE"] ?? env["MPI_LOCALNRANKS"] ?? env["PMI_RANK"]) return "mpich";
  return "unknown";
}

/**
 * Local: loads the first library that can be. One that the environment names and that cannot be loaded ends the search: another in its
 * place would be a guess.
 *
 * @throws BAD_LAUNCH with every attempt
 */
export function findLibrary(env: Readonly<Record<string, string | undefined>>): FoundLibrary {
  const attempts: string[] = [];
  spareMemoryHooks();
  for (const path of candidates(env)) {
    try {
      // Open MPI's plugins expect to find its symbols, so they must be global.
      return { path, library: native().load(path, true) };
    } catch (error) {
      attempts.push(`${path}: ${(error as Error).message.split("\n")[0]}`);
      if (path === env["PSHMEM_MPI_LIBRARY"]) break;
    }
  }
  const text =
    `no MPI library could be loaded. Tried, in this order:\n  ${attempts.join("\n  ")}\nInstall MPICH or Open MPI (the one whose ` +
    "mpirun started this program), or point PSHMEM_MPI_LIBRARY at its library file";
  throw new PshmemError("BAD_LAUNCH", text, { actual: attempts });
}

/**
 * UCX, on which MPICH 5 may stand, tests its memory hooks as it is loaded, by `sbrk(page)` and `sbrk(-page)`, without looking whether the
 * first succeeded. Where something is mapped right behind the heap, as happens in Node by chance, the heap cannot grow and
 * loses a page in use: SIGSEGV. Without the hooks there is no test. One who wants them, for UCX's cache of registered memory,
 * sets UCX_MEM_EVENTS=yes.
 */
function spareMemoryHooks(): void {
  process.env["UCX_MEM_EVENTS"] ??= "no";
}

/** Local: the paths to try, in order, each once. */
export function candidates(env: Readonly<Record<string, string | undefined>>): string[] {
  const kind = launcherKind(env);
  const kinds: readonly LauncherKind[] =
    kind === "mpich"
      ? ["mpich", "unknown", "openmpi"]
      : kind === "openmpi"
        ? ["openmpi", "unknown", "mpich"]
        : ["unknown", "openmpi", "mpich"];
  const own =
    kind === "unknown"
      ? []
      : launcherDirectories().flatMap((directory) => NAMES[kind].map((name) => join(directory, name)));
  const named = env["PSHMEM_MPI_LIBRARY"] ? [env["PSHMEM_MPI_LIBRARY"]] : [];
  const known = kinds.flatMap((one) => NAMES[one]);
  const extra = EXTRA_DIRECTORIES.flatMap((directory) => known.map((name) => join(directory, name)));
  return [...new Set([...own, ...named, ...known, ...extra])];
}

/** The library directories beside the programs that started this one, where these have a prefix of their own. */
function launcherDirectories(): string[] {
  const prefixes = [...new Set(ancestorPrefixes())].filter((prefix) => prefix !== "/" && prefix !== "/usr");
  return prefixes.flatMap((prefix) => {
    const lib = join(prefix, "lib");
    return [lib, join(prefix, "lib64"), ...subdirectories(lib)];
  });
}

/** How far up a launcher is looked for: it may stand behind npx and a shell. */
const MOST_ANCESTORS = 6;

/** Prefixes of the programs of the parent process, its parent, and so on; Linux only. */
function* ancestorPrefixes(): Generator<string> {
  let pid = process.ppid;
  for (let step = 0; step < MOST_ANCESTORS && pid > 1; step++) {
    try {
      yield dirname(dirname(readlinkSync(`/proc/${pid}/exe`)));
      pid = Number(/^PPid:\s+(\d+)$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1]);
    } catch {
      // Another user's process, or no /proc: the known names remain.
      return;
    }
  }
}

function subdirectories(directory: string): string[] {
  try {
    return readdirSync(directory)
      .filter((name) => /-linux-gnu|^openmpi$|^mpich$/.test(name))
      .map((name) => join(directory, name));
  } catch {
    return [];
  }
}
