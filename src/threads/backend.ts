/** Ranks on worker threads of one process. Simulated nodes share no segments, but messages and windows reach every rank. */
import { availableParallelism } from "node:os";
import { parentPort } from "node:worker_threads";
import type { Backend } from "../comm/backend.ts";
import { Bells, bellBytes } from "../node/bells.ts";
import { Mailbox } from "../node/mailbox.ts";
import { eagernessFor } from "../node/pace.ts";
import type { RankData } from "./job.ts";
import { ThreadMemory } from "./memory.ts";
import { threadSleeper } from "./sleeper.ts";

/** Local: the backend of this thread's rank. */
export function threadsBackend({ rank, size, nodeOf, control, board, ports }: RankData): Backend {
  const bells = new Bells(new Int32Array(control, 0, bellBytes(size) / 4), threadSleeper);
  const everyone = nodeOf.map((_, other) => other);
  const mailbox = new Mailbox({ buffer: control, byteOffset: bellBytes(size) }, everyone, rank, bells);
  const memory = new ThreadMemory(ports);
  return {
    name: "threads",
    rank,
    size,
    nodeOf,
    ring: (other) => bells.ring(other),
    bells,
    place: rank,
    eagerness: eagernessFor(size, availableParallelism()),
    couriers: [mailbox],
    courierTo: () => mailbox,
    nodeMemory: memory,
    // The windows of simulated nodes are memory, unless they are asked to be what they are between real ones.
    openMemory: process.env["PSHMEM_WINDOWS"] === "messages" ? null : memory,
    distantMemory: null,
    attendant: null,
    worldBoard: { buffer: board, byteOffset: 0 },
    abort,
  };
}

/** The supervisor on the main thread ends the job; this rank does nothing more. */
function abort(code: number): never {
  parentPort!.postMessage({ type: "pshmem:abort", code });
  const never = new Int32Array(new SharedArrayBuffer(4));
  for (;;) Atomics.wait(never, 0, 0);
}
