/** The end of MPI in this process. */
import { readSync, writeSync } from "node:fs";
import { exitCodeOfProcess } from "../exit-code.ts";
import { watchUncaught } from "../uncaught.ts";
import type { MpiWorld } from "./job.ts";
import { HandleCell, type MpiLibrary } from "./library.ts";
import { pinLibraries } from "./pin.ts";

/** No message has it; MPI promises tags up to 32767 (MPI-4.1 §9.1.2). */
const TAG_NOBODY_SENDS = 32767;

/** How long (ms) the launcher has to pass on what was printed last: it may drop the rest once a rank aborts. */
const PASS_ON_MS = 200;

/** Local: ends all processes of the job. */
export function abort({ calls, abi }: MpiLibrary, code: number): never {
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

/** How long (ms) a rank that has ended leaves MPI alone between two looks, first and at most: whoever asks something asks more. */
const FIRST_NAP_MS = 0.05;
const LONGEST_NAP_MS = 4;

/** Collective, blocking: until all ranks have come to their ends. Meanwhile `poll` answers those that have not, and tells whether anything moved. */
export function linger({ library, wire }: MpiWorld, poll: () => boolean): void {
  const { calls, abi } = library;
  const request = new HandleCell(abi);
  const flag = new Int32Array(1);
  const status = new Int32Array(new ArrayBuffer(abi.statusWords * 4));
  calls.MPI_Ibarrier(wire, request.pointer);
  for (let nap = FIRST_NAP_MS; ; nap = Math.min(2 * nap, LONGEST_NAP_MS)) {
    while (poll()) nap = FIRST_NAP_MS;
    calls.MPI_Test(request.pointer, flag, status);
    if (flag[0] !== 0) return;
    sleep(nap);
  }
}

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
 * would wait for this one for ever. What `exit` listeners from after this call set comes too late for that.
 *
 * Where `settle` tells that a rank has died, and the launcher has let the others live, they leave without MPI_Finalize: Open MPI's (4.1.4, also in a C program)
 * waits then for ever every sixth time or so on a busy machine.
 */
export function endWithProcess(world: MpiWorld, settle: () => boolean): void {
  const told = tellUncaught(world);
  process.on("exit", (given) => {
    // Listeners before this one may have set another than they were given.
    const left = process.exitCode ?? given;
    const code = exitCodeOfProcess(left);
    if (code === 0 && !told()) {
      const isWhole = settle();
      pinLibraries();
      if (isWhole) finalize(world);
      else tellLauncher();
      return;
    }
    if (!told()) writeSync(2, `pshmem: rank ${world.rank} exited with code ${left}\n`);
    world.abort(code === 0 ? 1 : code);
  });
}

/** Tells errors that the program does not handle; Node would print them only after the exit handlers. The result says whether there was one. */
function tellUncaught(world: MpiWorld): () => boolean {
  let told = false;
  watchUncaught({
    tell(text) {
      told = true;
      writeSync(2, `pshmem: rank ${world.rank} failed:\n${text}\n`);
    },
    end: (code) => world.abort(code),
  });
  return () => told;
}
