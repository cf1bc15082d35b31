/** The beginning of MPI in this process. */
import { PshmemError } from "../errors.ts";
import { HandleCell, openMpiLibrary, type MpiLibrary } from "./library.ts";
import type { Handle } from "./abi/types.ts";
import { abort } from "./end.ts";
import { fetchLauncherSocket } from "./launcher-socket.ts";

/** MPI as this process sees it. */
export interface MpiWorld {
  readonly library: MpiLibrary;
  readonly rank: number;
  readonly size: number;
  /** A duplicate of MPI_COMM_WORLD, on which nobody else sends. */
  readonly wire: Handle;
  /** The thread level MPI gives: the library's own constant. */
  readonly threadLevel: number;
  /** Lowest world rank among those with which each rank shares memory, by world rank. */
  readonly nodeOf: readonly number[];
  /** Collective. `words` int32 of every rank, in rank order. */
  allgather(words: readonly number[]): Int32Array;
  /** Collective. */
  barrier(): void;
  /** Local: ends all processes of the job. */
  abort(code: number): never;
}

/** What a launcher says of the number of processes it started, variable by variable. */
const SIZE_VARIABLES = ["OMPI_COMM_WORLD_SIZE", "PMI_SIZE", "SLURM_STEP_NUM_TASKS"] as const;

type Environment = Readonly<Record<string, string | undefined>>;

/** Collective: starts MPI. @throws BAD_LAUNCH when no library fits the launcher */
export function startMpi(env: Environment): MpiWorld {
  const library = openMpiLibrary(env);
  // Open MPI's launcher has no such socket: one that is told of is that of a launcher further up.
  if (library.implementation !== "Open MPI") fetchLauncherSocket();
  const { calls, abi } = library;
  const provided = new Int32Array(1);
  const wanted = env["PSHMEM_PROGRESS"] === "thread" ? abi.THREAD_MULTIPLE : abi.THREAD_FUNNELED;
  calls.MPI_Init_thread(null, null, wanted, provided);
  calls.MPI_Comm_set_errhandler(abi.COMM_WORLD, abi.ERRORS_RETURN);
  const size = intFrom((cell) => calls.MPI_Comm_size(abi.COMM_WORLD, cell));
  checkSize(size, library, env);
  const rank = intFrom((cell) => calls.MPI_Comm_rank(abi.COMM_WORLD, cell));
  const wire = duplicate(library);
  const allgather = (words: readonly number[]) => allgatherWords(library, wire, size, words);
  const world: MpiWorld = {
    library,
    rank,
    size,
    wire,
    threadLevel: provided[0],
    nodeOf: Array.from(allgather([nodeLeader(library, rank)])),
    allgather,
    barrier: () => calls.MPI_Barrier(wire),
    abort: (code) => abort(library, code),
  };
  return world;
}

/** Under a foreign launcher each process is rank 0 of a world of its own. */
function checkSize(size: number, library: MpiLibrary, env: Environment): void {
  const variable = SIZE_VARIABLES.find((name) => env[name]);
  if (!variable || Number(env[variable]) === size) return;
  // Open MPI would leave its session's files behind. Nobody else takes part in the end of a world of one.
  if (size === 1) library.calls.MPI_Finalize();
  const text =
    `the launcher says ${variable}=${env[variable]}, but ${library.implementation} ${library.version} (${library.path}) finds a world of ` +
    `${size}: the launcher belongs to another MPI. Start the program with that library's own mpirun, or point ` +
    "PSHMEM_MPI_LIBRARY at the launcher's library";
  throw new PshmemError("BAD_LAUNCH", text, {
    expected: Number(env[variable]),
    actual: size,
    path: library.path,
  });
}

/** Collective, blocking: another communicator of all ranks, on which nobody else sends. */
export function duplicate({ calls, abi }: MpiLibrary): Handle {
  const cell = new HandleCell(abi);
  calls.MPI_Comm_dup(abi.COMM_WORLD, cell.pointer);
  calls.MPI_Comm_set_errhandler(cell.value, abi.ERRORS_RETURN);
  return cell.value;
}

/** The lowest world rank of this node, as MPI groups them (MPI-4.1 §7.4.2). */
function nodeLeader({ calls, abi }: MpiLibrary, rank: number): number {
  const cell = new HandleCell(abi);
  calls.MPI_Comm_split_type(abi.COMM_WORLD, abi.COMM_TYPE_SHARED, rank, abi.INFO_NULL, cell.pointer);
  const leader = Int32Array.of(rank);
  calls.MPI_Bcast(leader, 1, abi.INT32, 0, cell.value);
  calls.MPI_Comm_free(cell.pointer);
  return leader[0];
}

function allgatherWords(
  { calls, abi }: MpiLibrary,
  wire: Handle,
  size: number,
  words: readonly number[],
): Int32Array {
  const all = new Int32Array(size * words.length);
  calls.MPI_Allgather(Int32Array.from(words), words.length, abi.INT32, all, words.length, abi.INT32, wire);
  return all;
}

function intFrom(call: (cell: Int32Array) => void): number {
  const cell = new Int32Array(1);
  call(cell);
  return cell[0];
}
