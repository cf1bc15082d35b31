/**
 * Passing a slab of a segment from one node's copy to all others: out of one leader's segment, straight into the next one's,
 * in pieces, down a tree, so that no rank holds more than a piece beside the segments.
 */
import { packSlab, slabBytes, unpackSlab } from "../array/slab.ts";
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

/** Bytes in a message: large enough for the network, small beside anything worth passing on. */
const PIECE_BYTES = 256 * 1024;

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
  const total = slab ? slabBytes(slab) : 0;
  for (let at = 0; at < total; at += PIECE_BYTES) {
    const piece =
      parent === null ? packed(memory, slab!, at, total) : yield* letters.receiving(parent, LETTER.RELAY);
    if (parent !== null) unpackSlab(memory, slab!, at, piece);
    yield* letters.sending(children, LETTER.RELAY, piece);
  }
  return passed;
}

function headOf({ failed, bytes }: Passed): Uint8Array {
  const head = new Uint8Array(1 + bytes.length);
  head[0] = failed ? FAILED : OK;
  head.set(bytes, 1);
  return head;
}

function packed(memory: Memory, slab: Slab, at: number, total: number): Uint8Array {
  const piece = new Uint8Array(Math.min(PIECE_BYTES, total - at));
  packSlab(memory, slab, at, piece);
  return piece;
}
