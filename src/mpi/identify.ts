/** Telling which MPI a library is, by what it says and exports; an unknown one is refused, never guessed. */
import { PshmemError } from "../errors.ts";
import { mpichAbi } from "./abi/mpich.ts";
import { openMpiAbi } from "./abi/openmpi.ts";
import { standardAbi } from "./abi/standard.ts";
import type { AbiTable } from "./abi/types.ts";
import type { NativeLibrary } from "../native/native.ts";

/** A library that has been recognised. */
export interface Identity {
  /** For example `MPICH` or `Open MPI`. */
  readonly implementation: string;
  readonly version: string;
  /** All that the library says of itself. */
  readonly text: string;
  readonly abi: AbiTable;
}

/** Room for any library's version text. */
const VERSION_BYTES = 8192;

/** How each implementation begins its version text, and where the version stands in it. */
const IMPLEMENTATIONS = [
  { name: "Open MPI", pattern: /Open MPI v?(\S+?),/, abi: "openmpi" },
  { name: "MPICH", pattern: /^MPICH Version:\s*(\S+)/, abi: "mpich" },
  { name: "Intel MPI", pattern: /Intel\(R\) MPI Library (\S+)/, abi: "mpich" },
  { name: "MVAPICH", pattern: /MVAPICH2? Version\s*:\s*(\S+)/, abi: "mpich" },
  { name: "Cray MPICH", pattern: /CRAY MPICH version (\S+)/, abi: "mpich" },
] as const;

/** Local: what a library is. Legal before MPI is initialised (MPI-4.1 §9.1.1). @throws BAD_LAUNCH for an unknown one */
export function identify(library: NativeLibrary, path: string): Identity {
  const text = versionText(library, path);
  const found = IMPLEMENTATIONS.find(({ pattern }) => pattern.test(text));
  const version = found?.pattern.exec(text)?.[1];
  if (hasStandardAbi(library)) {
    return {
      implementation: found?.name ?? "an MPI 5 library",
      version: version ?? text,
      text,
      abi: standardAbi(),
    };
  }
  if (!found || !version) throw unknown(path, text);
  const abi = found.abi === "openmpi" ? openMpiAbi((symbol) => addressOf(library, symbol, path)) : mpichAbi();
  return { implementation: found.name, version, text, abi };
}

function versionText(library: NativeLibrary, path: string): string {
  if (!library.has("MPI_Get_library_version")) throw unknown(path, "it has no MPI_Get_library_version");
  // int MPI_Get_library_version(char *version, int *resultlen)
  const getVersion = library.bind("MPI_Get_library_version", "int", ["void *", "void *"]);
  const [bytes, length] = [new Uint8Array(VERSION_BYTES), new Int32Array(1)];
  getVersion(bytes, length);
  return new TextDecoder().decode(bytes.subarray(0, length[0])).replace(/\0.*$/s, "").trim();
}

/** A library that offers the standard ABI beside its own says −1 through its own. */
function hasStandardAbi(library: NativeLibrary): boolean {
  if (!library.has("MPI_Abi_get_version")) return false;
  const [major, minor] = [new Int32Array(1), new Int32Array(1)];
  // int MPI_Abi_get_version(int *abi_major, int *abi_minor)
  library.bind("MPI_Abi_get_version", "int", ["void *", "void *"])(major, minor);
  return major[0] >= 1;
}

function addressOf(library: NativeLibrary, symbol: string, path: string): number {
  const address = library.address(symbol);
  if (address !== null) return address;
  throw new PshmemError("BAD_LAUNCH", `${path} says that it is Open MPI, but exports no ${symbol}`, { path });
}

function unknown(path: string, text: string): PshmemError {
  const message =
    `${path} is no MPI library that this package knows (${text.split("\n")[0].slice(0, 200)}); it knows MPICH and its relatives, ` +
    "Open MPI, and libraries with the standard ABI of MPI 5. Point PSHMEM_MPI_LIBRARY at one of those";
  return new PshmemError("BAD_LAUNCH", message, { path, actual: text });
}
