/** One rank by itself: what a program without a launcher gets, and what `null` stands for. */
import type { Backend } from "../comm/backend.ts";
import { Bells, bellBytes } from "../node/bells.ts";
import { boardBytes } from "../node/board.ts";
import { guardedMemory, guardWanted } from "../native/guard.ts";
import { LEDGER_BYTES } from "../node/ledger.ts";
import { ALONE } from "../node/pace.ts";
import { Roster, rosterBytes } from "../node/roster.ts";
import { SerialMemory } from "./memory.ts";
import { serialSleeper } from "./sleeper.ts";

/**
 * Local: a backend of size 1. `job` tells the number of its job; `promised` is the word of the ledger of this process, if there is one yet.
 *
 * @throws BAD_LAUNCH UNSUPPORTED
 */
export function serialBackend(job: () => number, promised = new SharedArrayBuffer(LEDGER_BYTES)): Backend {
  const memory = guardWanted(process.env) ? guardedMemory(0) : new SerialMemory(new BigInt64Array(promised));
  const bells = new Bells(new Int32Array(new SharedArrayBuffer(bellBytes(1))), serialSleeper);
  return {
    name: "serial",
    get job() {
      return job();
    },
    rank: 0,
    size: 1,
    nodeOf: [0],
    ring: (rank) => bells.ring(rank),
    bells,
    place: 0,
    mates: [0],
    roster: new Roster({ buffer: new SharedArrayBuffer(rosterBytes(1)), byteOffset: 0 }, 1),
    runs: null,
    reach: null,
    copier: null,
    eagerness: ALONE,
    couriers: [],
    courierTo: () => {
      throw new Error("a rank alone has nobody to send to");
    },
    nodeMemory: memory,
    openMemory: memory,
    distantMemory: null,
    attendant: null,
    worldBoard: { buffer: new SharedArrayBuffer(boardBytes(1)), byteOffset: 0 },
    atEnd: () => {},
    abort: (code) => process.exit(code),
  };
}
