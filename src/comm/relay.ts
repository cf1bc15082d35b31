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
  const pieces = slab && new Pieces(memory, cutSlabs([slab]), source);
  if (!pieces || (yield* passSlab(letters, parent, children, pieces))) return passed;
  // Others may still send what this rank will not take.
  letters.abandonPieces();
  return { failed: true, bytes: letters.peek(LETTER.RELAY)!.subarray(1) };
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

/** A piece on its way to a child. */
interface Sent {
  readonly message: Outgoing;
  readonly child: number;
}

/** False if a leader has broken off before it was over. */
function* passSlab(
  letters: Letters,
  parent: number | null,
  children: readonly number[],
  pieces: Pieces,
): Waits<boolean> {
  const coming: Landing[] = [];
  const leaving: Sent[] = [];
  for (let piece = 0; piece < pieces.count; piece++) {
    if (parent !== null) {
      for (let next = piece + coming.length; next < Math.min(piece + MOST_PIECES, pieces.count); next++) {
        coming.push(letters.expectPiece(parent, pieces.place(next)));
      }
      const next = coming.shift()!;
      if (!(yield* awaiting(letters, parent, () => next.landed))) return false;
    }
    const bytes = parent === null ? pieces.pack(piece) : pieces.unpack(piece);
    for (const child of children) leaving.push({ message: letters.startPiece(child, bytes), child });
    // While the first pieces travel, and not before.
    if (parent === null) pieces.store(piece);
    if (!(yield* allowed(letters, leaving, (MOST_PIECES - 1) * children.length))) return false;
  }
  return yield* allowed(letters, leaving, 0);
}

/** Waits until at most so many messages are still leaving; false if a leader has broken off. */
function* allowed(letters: Letters, leaving: Sent[], most: number): Waits<boolean> {
  for (; leaving.length > most; leaving.shift()) {
    const [{ message, child }] = leaving;
    if (!(yield* awaiting(letters, child, () => message.done))) return false;
  }
  return true;
}

/**
 * Waits for a rank until `ready`; false if a leader has broken off. A leader that has had its head gets no other one before it enters the next
 * meeting, which nobody leaves without it: so any that comes is of one that broke off, and that has sent it to all.
 */
function* awaiting(letters: Letters, rank: number, ready: () => boolean): Waits<boolean> {
  letters.awaited = rank;
  while (!ready()) {
    if (letters.peek(LETTER.RELAY)) return false;
    yield;
  }
  letters.awaited = null;
  return true;
}

function headOf({ failed, bytes }: Passed): Uint8Array {
  const head = new Uint8Array(1 + bytes.length);
  head[0] = failed ? FAILED : OK;
  head.set(bytes, 1);
  return head;
}
