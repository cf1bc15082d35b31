/** Finding the MPI library: the launcher's own first, then the one named in the environment, then the known names. */
import { readdirSync, readlinkSync } from "node:fs";
import { dirname, join } from "node:path";
import { PshmemError } from "../errors.ts";
import { native, type NativeLibrary } from "./native.ts";

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
  process.platform === "darwin" ? ["/opt/homebrew/lib", "/usr/local/lib"] : ["/usr/local/lib"];

/** Local: the kind of launcher that set this environment. */
export function launcherKind(env: Readonly<Record<string, string | undefined>>): LauncherKind {
  if (env["OMPI_COMM_WORLD_SIZE"] ?? env["PRTE_LAUNCHED"] ?? env["OMPI_MCA_orte_ess_num_procs"])
    return "openmpi";
  if (env["PMI_SIZE"] ?? env["MPI_LOCALNRANKS"] ?? env["PMI_RANK"]) return "mpich";
  return "unknown";
}

/** Local: loads the first library that can be. @throws BAD_LAUNCH with every attempt */
export function findLibrary(env: Readonly<Record<string, string | undefined>>): FoundLibrary {
  const attempts: string[] = [];
  for (const path of candidates(env)) {
    try {
      // Open MPI's plugins expect to find its symbols, so they must be global.
      return { path, library: native().load(path, true) };
    } catch (error) {
      attempts.push(`${path}: ${(error as Error).message.split("\n")[0]}`);
    }
  }
  const text =
    `no MPI library could be loaded. Tried, in this order:\n  ${attempts.join("\n  ")}\nInstall MPICH or Open MPI (the one whose ` +
    "mpirun started this program), or point PSHMEM_MPI_LIBRARY at its library file";
  throw new PshmemError("BAD_LAUNCH", text, { actual: attempts });
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

/** The library directories beside the program that started this one, where that has a prefix of its own. */
function launcherDirectories(): string[] {
  const prefixes = [...parentPrefixes()].filter((prefix) => prefix !== "/" && prefix !== "/usr");
  return prefixes.flatMap((prefix) => {
    const lib = join(prefix, "lib");
    return [lib, join(prefix, "lib64"), ...subdirectories(lib)];
  });
}

/** Prefixes of the parent process and its parent (a launcher may stand behind a shell); Linux only. */
function* parentPrefixes(): Generator<string> {
  try {
    yield dirname(dirname(readlinkSync(`/proc/${process.ppid}/exe`)));
  } catch {
    // Another user's process, or no /proc: the known names remain.
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
