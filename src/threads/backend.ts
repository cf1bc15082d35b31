/** Ranks on worker threads of one process. Simulated nodes share no segments, but messages and windows reach every rank. */
import { availableParallelism } from "node:os";
import { parentPort } from "node:worker_threads";
import type { Backend } from "../comm/backend.ts";
import { guardedMemory, guardWanted } from "../native/guard.ts";
import { ThreadReach } from "../native/reach.ts";
import { bellBytes } from "../node/bells.ts";
import { Mailbox } from "../node/mailbox.ts";
import { eagernessFor } from "../node/pace.ts";
import { rosterBytes } from "../node/roster.ts";
import { companyIn, type RankData } from "./job.ts";
import { ThreadMemory } from "./memory.ts";

/** Local: the backend of this thread's rank. @throws BAD_LAUNCH UNSUPPORTED */
export function threadsBackend(data: RankData): Backend {
  const { job, rank, size, nodeOf, control, board, ports, promised } = data;
  const { bells, roster } = companyIn(control, size);
  const everyone = nodeOf.map((_, other) => other);
  const byteOffset = bellBytes(size) + rosterBytes(size);
  const mailbox = new Mailbox({ buffer: control, byteOffset }, everyone, rank, bells);
  const memory = guardWanted(process.env)
    ? guardedMemory(rank)
    : new ThreadMemory(ports, new BigInt64Array(promised));
  const cores = availableParallelism();
  return {
    name: "threads",
    job,
    rank,
    size,
    nodeOf,
    ring: (other) => bells.ring(other),
    bells,
    place: rank,
    mates: everyone,
    roster,
    // The supervisor sees each rank end.
    runs: null,
    reach: new ThreadReach(Math.min(size, cores)),
    copier: null,
    eagerness: eagernessFor(size, cores),
    couriers: [mailbox],
    courierTo: () => mailbox,
    nodeMemory: memory,
    // The windows of simulated nodes are memory, unless they are asked to be what they are between real ones.
    openMemory: process.env["PSHMEM_WINDOWS"] === "messages" ? null : memory,
    distantMemory: null,
    attendant: null,
    worldBoard: { buffer: board, byteOffset: 0 },
    // All that others may want of a rank is in shared memory.
    atEnd: () => {},
    abort,
  };
}

/** The supervisor on the main thread ends the job; this rank does nothing more. */
function abort(code: number): never {
  parentPort!.postMessage({ type: "pshmem:abort", code });
  const never = new Int32Array(new SharedArrayBuffer(4));
  for (;;) Atomics.wait(never, 0, 0);
}
