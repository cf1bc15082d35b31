/** A job on worker threads: what the main thread makes for it, and how a rank's thread finds it. */
import { MessageChannel, type MessagePort } from "node:worker_threads";
import { Bells, bellBytes } from "../node/bells.ts";
import { boardBytes } from "../node/board.ts";
import { drawJobNumber } from "../node/job-number.ts";
import { LEDGER_BYTES } from "../node/ledger.ts";
import { mailboxBytes } from "../node/mailbox.ts";
import { Roster, rosterBytes } from "../node/roster.ts";
import { threadSleeper } from "./sleeper.ts";

/** What a rank's thread needs to take part; goes through `workerData`. */
export interface RankData {
  /** Drawn at random for the job. */
  readonly job: number;
  readonly rank: number;
  readonly size: number;
  /** World rank → simulated node. */
  readonly nodeOf: readonly number[];
  /** The bells, the roster and the mailboxes of all ranks, one after the other. */
  readonly control: SharedArrayBuffer;
  /** The board of the world on this rank's node. */
  readonly board: SharedArrayBuffer;
  /** The word of the job's ledger of memory. */
  readonly promised: SharedArrayBuffer;
  /** World rank → the port to it; null for the rank itself. */
  readonly ports: readonly (MessagePort | null)[];
}

/** One rank of a job to be started. */
export interface RankSeat {
  readonly data: RankData;
  /** What `data` holds that must be transferred. */
  readonly transfer: readonly MessagePort[];
}

/** Local, on the main thread: the shared memory of a job whose rank r lives on node `nodeOf[r]`. */
export function createJob(nodeOf: readonly number[]): {
  readonly ranks: readonly RankSeat[];
  readonly control: SharedArrayBuffer;
} {
  const size = nodeOf.length;
  const control = new SharedArrayBuffer(bellBytes(size) + rosterBytes(size) + mailboxBytes(size));
  const boards = new Map(
    Array.from(new Set(nodeOf), (node) => [
      node,
      new SharedArrayBuffer(boardBytes(nodeOf.filter((other) => other === node).length)),
    ]),
  );
  const job = drawJobNumber();
  const promised = new SharedArrayBuffer(LEDGER_BYTES);
  const ports = connect(size);
  const ranks = nodeOf.map((node, rank) => {
    const board = boards.get(node)!;
    const data = { job, rank, size, nodeOf, control, board, promised, ports: ports[rank] };
    return { data, transfer: ports[rank].filter((port) => port !== null) };
  });
  return { ranks, control };
}

/** Local: the bells and the roster in a job's control memory. */
export function companyIn(
  control: SharedArrayBuffer,
  size: number,
): { readonly bells: Bells; readonly roster: Roster } {
  const bells = new Bells(
    new Int32Array(control, 0, bellBytes(size) / Int32Array.BYTES_PER_ELEMENT),
    threadSleeper,
  );
  return { bells, roster: new Roster({ buffer: control, byteOffset: bellBytes(size) }, size) };
}

/** A port for each rank to each other. */
function connect(size: number): (MessagePort | null)[][] {
  const ports = Array.from({ length: size }, () =>
    Array.from<MessagePort | null>({ length: size }).fill(null),
  );
  for (let a = 0; a < size; a++) {
    for (let b = a + 1; b < size; b++) {
      const { port1, port2 } = new MessageChannel();
      ports[a][b] = port1;
      ports[b][a] = port2;
    }
  }
  return ports;
}

/** Where a rank's thread keeps its seat: a registered symbol, so that a second copy of the package finds it too. */
const SEAT = Symbol.for("pshmem.threads.rank");

/** Local, on a rank's thread, before the user's program: `world()` will be this job. */
export function joinJob(data: RankData): void {
  Reflect.set(globalThis, SEAT, data);
}

/** Local: the job this thread is a rank of, if it is one. */
export function joinedJob(): RankData | undefined {
  return Reflect.get(globalThis, SEAT) as RankData | undefined;
}
