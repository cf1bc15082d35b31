/** The beginning and the end of MPI in this process. */
import { readSync, writeSync } from "node:fs";
import { inspect } from "node:util";
import { PshmemError } from "../errors.ts";
import { HandleCell, openMpiLibrary, type MpiLibrary } from "./library.ts";
import type { Handle } from "./abi/types.ts";
import { fetchLauncherSocket } from "./launcher-socket.ts";
import { pinLibraries } from "./pin.ts";

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

/** No message has it; MPI promises tags up to 32767 (MPI-4.1 §9.1.2). */
const TAG_NOBODY_SENDS = 32767;

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

/** How long (ms) the launcher has to pass on what was printed last: it may drop the rest once a rank aborts. */
const PASS_ON_MS = 200;

function abort({ calls, abi }: MpiLibrary, code: number): never {
  sleep(PASS_ON_MS);
  calls.MPI_Abort(abi.COMM_WORLD, code);
  // MPI_Abort need not return; where it does, the launcher is on its way to end this process.
  process.kill(process.pid, "SIGKILL");
  throw new Error("unreachable");
}

/** Bytes; the answer is `cmd=finalize_ack`. */
const LONGEST_ANSWER = 1024;

/** How often and how long (ms) a rank lets MPI pass on what it still holds, where nothing else will. */
const LAST_TURNS = 20;
const TURN_MS = 2;

/**
 * Collective, blocking: ends MPI. MPICH before 4.2 over UCX may hang in MPI_Finalize on several nodes: a rank that has closed its
 * connections waits in the launcher's barrier and no longer answers those that still close theirs to it (pmodels/mpich pull
 * request 6596). There all ranks meet once more and leave by telling the launcher alone.
 */
function finalize(world: MpiWorld): void {
  const { calls } = world.library;
  if (!finalizeHangs(world)) {
    calls.MPI_Finalize();
    return;
  }
  world.barrier();
  for (let turn = 0; turn < LAST_TURNS; turn++) {
    progress(world);
    sleep(TURN_MS);
  }
  tellLauncher();
}

/**
 * What MPI_Finalize tells MPICH's launcher at its end (PMI version 1, over the socket which the launcher names): it takes a process that
 * exits without for one that failed, and kills the others. Other launchers look at the exit code.
 */
function tellLauncher(): void {
  const socket = Number(process.env["PMI_FD"] ?? NaN);
  if (!Number.isInteger(socket)) return;
  writeSync(socket, "cmd=finalize\n");
  readSync(socket, new Uint8Array(LONGEST_ANSWER));
}

function finalizeHangs({ library, nodeOf }: MpiWorld): boolean {
  const overUcx = library.implementation === "MPICH" && /\bch4:ucx\b/.test(library.text);
  return overUcx && new Set(nodeOf).size > 1 && Number.parseFloat(library.version) < 4.2;
}

/** A look for a message that nobody sends. */
function progress({ library: { calls, abi }, wire }: MpiWorld): void {
  const status = new Int32Array(new ArrayBuffer(abi.statusWords * 4));
  calls.MPI_Iprobe(abi.ANY_SOURCE, TAG_NOBODY_SENDS, wire, new Int32Array(1), status);
}

function sleep(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}

/**
 * Local: ends MPI with this process. A clean exit finalizes, after `settle`; any other ends the whole job, since the other ranks
 * would wait for this one for ever. An uncaught error is told first: Node would print it only after the exit handlers.
 */
export function endWithProcess(world: MpiWorld, settle: () => void): void {
  let told = false;
  process.on("uncaughtExceptionMonitor", (error) => {
    told = true;
    writeSync(2, `pshmem: rank ${world.rank} failed:\n${inspect(error)}\n`);
  });
  process.on("exit", (code) => {
    if (code === 0 && !told) {
      settle();
      pinLibraries();
      finalize(world);
      return;
    }
    if (!told) writeSync(2, `pshmem: rank ${world.rank} exited with code ${code}\n`);
    world.abort(code === 0 ? 1 : code);
  });
}
