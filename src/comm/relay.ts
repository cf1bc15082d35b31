/**
 * Passing a slab of a segment from one node's copy to all others: out of one leader's segment, straight into the next one's,
 * in pieces, down a tree. What a rank holds beside the segments is in `pieces.ts`.
 */
import type { Landing } from "../node/landing.ts";
import type { Outgoing } from "../node/post.ts";
import type { Waits } from "../node/script.ts";
import type { Slab, Writing } from "./engine.ts";
import { LETTER, type Letters } from "./letters.ts";
import { cutSlabs, MOST_PIECES, Pieces, type Memory } from "./pieces.ts";
import { branchOf } from "./tree.ts";

/** What the root writes, and where every rank sees it. */
export interface Relay {
  readonly writing: Writing;
  /** This node's segment. */
  readonly memory: Memory;
}

/** What the leader of the root's node begins with and every leader ends with: a fault, or the description of the slab. */
export interface Passed {
  readonly failed: boolean;
  readonly bytes: Uint8Array;
}

const OK = 0;
const FAILED = 1;

/**
 * A leader's part. `leaders[node]` are ranks; `start` and `source` count on node `from` only: the slab's bytes in memory of this rank, if
 * they have not been written to the segment yet.
 */
export function* relay(
  letters: Letters,
  leaders: readonly number[],
  node: number,
  from: number,
  start: Passed,
  memory: Memory,
  decode: (bytes: Uint8Array) => Slab | null,
  source: Uint8Array | null,
): Waits<Passed> {
  const branch = branchOf(node, from, leaders.length);
  const children = branch.children.map((child) => leaders[child]);
  const parent = branch.parent === null ? null : leaders[branch.parent];
  const head = parent === null ? headOf(start) : yield* letters.receiving(parent, LETTER.RELAY);
  yield* letters.sending(children, LETTER.RELAY, head);
  const passed = { failed: head[0] === FAILED, bytes: head.subarray(1) };
  const slab = passed.failed ? null : decode(passed.bytes);
  if (slab) yield* passSlab(letters, parent, children, new Pieces(memory, cutSlabs([slab]), source));
  return passed;
}

/** Local, not blocking: a leader that takes no more part says so to all that may wait for what it would pass on. */
export function breakOffRelay(
  letters: Letters,
  leaders: readonly number[],
  rank: number,
  fault: Uint8Array,
): void {
  const head = headOf({ failed: true, bytes: fault });
  for (const leader of leaders) if (leader !== rank) letters.start(leader, LETTER.RELAY, head);
}

function* passSlab(
  letters: Letters,
  parent: number | null,
  children: readonly number[],
  pieces: Pieces,
): Waits {
  const coming: Landing[] = [];
  const leaving: Outgoing[] = [];
  for (let piece = 0; piece < pieces.count; piece++) {
    if (parent !== null) {
      for (let next = piece + coming.length; next < Math.min(piece + MOST_PIECES, pieces.count); next++) {
        coming.push(letters.expectPiece(parent, pieces.place(next)));
      }
      letters.awaited = parent;
      yield* landed(coming.shift()!);
      letters.awaited = null;
    }
    const bytes = parent === null ? pieces.pack(piece) : pieces.unpack(piece);
    for (const child of children) leaving.push(letters.startPiece(child, bytes));
    // While the first pieces travel, and not before.
    if (parent === null) pieces.store(piece);
    yield* allowed(leaving, (MOST_PIECES - 1) * children.length);
  }
  yield* allowed(leaving, 0);
}

/** Waits until at most so many messages are still leaving. */
function* allowed(leaving: Outgoing[], most: number): Waits {
  while (leaving.length > most) {
    if (leaving[0].done) leaving.shift();
    else yield;
  }
}

function* landed(landing: Landing): Waits {
  while (!landing.landed) yield;
}

function headOf({ failed, bytes }: Passed): Uint8Array {
  const head = new Uint8Array(1 + bytes.length);
  head[0] = failed ? FAILED : OK;
  head.set(bytes, 1);
  return head;
}
