/** One rank by itself: what a program without a launcher gets, and what `null` stands for. */
import type { Backend } from "../comm/backend.ts";
import { Bells, bellBytes } from "../node/bells.ts";
import { boardBytes } from "../node/board.ts";
import { ALONE } from "../node/pace.ts";
import { Roster, rosterBytes } from "../node/roster.ts";
import { serialMemory } from "./memory.ts";
import { serialSleeper } from "./sleeper.ts";

/** Local: a backend of size 1. */
export function serialBackend(): Backend {
  const bells = new Bells(new Int32Array(new SharedArrayBuffer(bellBytes(1))), serialSleeper);
  return {
    name: "serial",
    rank: 0,
    size: 1,
    nodeOf: [0],
    ring: (rank) => bells.ring(rank),
    bells,
    place: 0,
    mates: [0],
    roster: new Roster({ buffer: new SharedArrayBuffer(rosterBytes(1)), byteOffset: 0 }, 1),
    runs: null,
    eagerness: ALONE,
    couriers: [],
    courierTo: () => {
      throw new Error("a rank alone has nobody to send to");
    },
    nodeMemory: serialMemory,
    openMemory: serialMemory,
    distantMemory: null,
    attendant: null,
    worldBoard: { buffer: new SharedArrayBuffer(boardBytes(1)), byteOffset: 0 },
    atEnd: () => {},
    abort: (code) => process.exit(code),
  };
}
