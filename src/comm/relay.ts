/**
 * Passing a slab of a segment from one node's copy to all others: out of one leader's segment, straight into the next one's,
 * in pieces, down a tree, so that no rank holds more than a piece beside the segments.
 */
import { packSlab, rowOffset, slabBytes, unpackSlab } from "../array/slab.ts";
import type { Landing } from "../node/landing.ts";
import type { Outgoing } from "../node/post.ts";
import type { Waits } from "../node/script.ts";
import type { Slab, Writing } from "./engine.ts";
import { LETTER, type Letters } from "./letters.ts";
import { branchOf } from "./tree.ts";

/** Memory that may be larger than one typed array can cover. */
export interface Memory {
  readonly buffer: ArrayBufferLike;
  readonly byteOffset: number;
  readonly byteLength: number;
}

/** What the root writes, and where every rank sees it. */
export interface Relay {
  readonly writing: Writing;
  /** This node's segment. */
  readonly memory: Memory;
}

/**
 * Bytes in a message, and how many of them are on their way at once: large enough for the network, and while one is copied the others
 * travel. Together they are what a rank holds beside the segments where a slab must be packed.
 */
const PIECE_BYTES = 512 * 1024;
const MOST_PIECES = 4;

/** What the leader of the root's node begins with and every leader ends with: a fault, or the description of the slab. */
export interface Passed {
  readonly failed: boolean;
  readonly bytes: Uint8Array;
}

const OK = 0;
const FAILED = 1;

/** A leader's part. `leaders[node]` are ranks; `start` counts on node `from` only. */
export function* relay(
  letters: Letters,
  leaders: readonly number[],
  node: number,
  from: number,
  start: Passed,
  memory: Memory,
  decode: (bytes: Uint8Array) => Slab | null,
): Waits<Passed> {
  const branch = branchOf(node, from, leaders.length);
  const children = branch.children.map((child) => leaders[child]);
  const parent = branch.parent === null ? null : leaders[branch.parent];
  const head = parent === null ? headOf(start) : yield* letters.receiving(parent, LETTER.RELAY);
  yield* letters.sending(children, LETTER.RELAY, head);
  const passed = { failed: head[0] === FAILED, bytes: head.subarray(1) };
  const slab = passed.failed ? null : decode(passed.bytes);
  if (slab) yield* passSlab(letters, parent, children, memory, slab);
  return passed;
}

/** Pieces go from memory into memory where they lie in one row of the slab, else by way of a packed copy. */
function* passSlab(
  letters: Letters,
  parent: number | null,
  children: readonly number[],
  memory: Memory,
  slab: Slab,
): Waits {
  const total = slabBytes(slab);
  const sizeAt = (at: number) => Math.min(PIECE_BYTES, total - at);
  const coming: Landing[] = [];
  const leaving: Outgoing[] = [];
  let named = parent === null ? total : 0;
  for (let at = 0; at < total; at += PIECE_BYTES) {
    const end = Math.min(total, at + MOST_PIECES * PIECE_BYTES);
    for (; named < end; named += PIECE_BYTES) {
      const place = inPlace(memory, slab, named, sizeAt(named)) ?? new Uint8Array(sizeAt(named));
      coming.push(letters.expectPiece(parent!, place));
    }
    const piece =
      parent === null
        ? pieceOf(memory, slab, at, sizeAt(at))
        : yield* arrived(coming.shift()!, memory, slab, at);
    for (const child of children) leaving.push(letters.startPiece(child, piece));
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

function* arrived(landing: Landing, memory: Memory, slab: Slab, at: number): Waits<Uint8Array> {
  while (!landing.landed) yield;
  if (!inPlace(memory, slab, at, landing.bytes.length)) unpackSlab(memory, slab, at, landing.bytes);
  return landing.bytes;
}

function pieceOf(memory: Memory, slab: Slab, at: number, length: number): Uint8Array {
  const place = inPlace(memory, slab, at, length);
  if (place) return place;
  const piece = new Uint8Array(length);
  packSlab(memory, slab, at, piece);
  return piece;
}

/** The slab's bytes from number `at` on as they lie in memory, if they lie in one row of it. */
function inPlace(memory: Memory, slab: Slab, at: number, length: number): Uint8Array | null {
  const within = at % slab.rowBytes;
  if (within + length > slab.rowBytes) return null;
  return new Uint8Array(
    memory.buffer,
    memory.byteOffset + rowOffset(slab, (at - within) / slab.rowBytes) + within,
    length,
  );
}

function headOf({ failed, bytes }: Passed): Uint8Array {
  const head = new Uint8Array(1 + bytes.length);
  head[0] = failed ? FAILED : OK;
  head.set(bytes, 1);
  return head;
}
