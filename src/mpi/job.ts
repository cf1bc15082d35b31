/** The beginning of MPI in this process. */
import { hostname } from "node:os";
import { PshmemError } from "../errors.ts";
import { HandleCell, openMpiLibrary, type MpiLibrary } from "./library.ts";
import type { Handle } from "./abi/types.ts";
import { drawJobNumber } from "../node/job-number.ts";
import { abort } from "./end.ts";
import { fetchLauncherSocket } from "./launcher-socket.ts";
import { allgatherWords, barrier, duplicate } from "./together.ts";

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
  /** The process of each rank, as it is numbered where it runs. */
  readonly pids: readonly number[];
  /** Drawn at random for this job. */
  readonly jobNumber: number;
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
  const facts = allgather([onlyNode(env, size), process.pid, drawJobNumber()]);
  const [nodes, pids, [jobNumber]] = [0, 1, 2].map((word) =>
    Array.from(facts).filter((_, i) => i % 3 === word),
  );
  const isOneNode = nodes.every((node) => node === nodes[0] && node !== UNKNOWN);
  return {
    library,
    rank,
    size,
    wire,
    threadLevel: provided[0],
    nodeOf: isOneNode ? nodes.map(() => 0) : Array.from(allgather([nodeLeader(library, rank)])),
    pids,
    jobNumber,
    allgather,
    barrier: () => barrier(library, wire),
    abort: (code) => abort(library, code),
  };
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

/** MPICH and its relatives simulate nodes, for tests, where one of these is set. */
const SIMULATION = /^(?:MPIR_CVAR|MPIR_PARAM|MPICH)_(?:NUM_CLIQUES|ODD_EVEN_CLIQUES|NOLOCAL|NO_LOCAL)$/;

const UNKNOWN = -1;

/**
 * Local: a number for this node, where MPICH's launcher says that it started all ranks on it; else {@link UNKNOWN}. MPI's own answer takes
 * 60 ms and more where ranks share cores.
 */
function onlyNode(env: Environment, size: number): number {
  const isSimulated = Object.keys(env).some((name) => SIMULATION.test(name));
  if (Number(env["MPI_LOCALNRANKS"]) !== size || isSimulated) return UNKNOWN;
  // A variable may be left from a launcher further up: then the names of the nodes differ.
  return Array.from(hostname()).reduce((sum, letter) => (31 * sum + letter.codePointAt(0)!) % 2 ** 31, 0);
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

function intFrom(call: (cell: Int32Array) => void): number {
  const cell = new Int32Array(1);
  call(cell);
  return cell[0];
}
