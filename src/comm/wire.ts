/** What the node leaders tell one another, as bytes. */
import { TEXT } from "../node/board.ts";
import type { Location } from "../node/heap.ts";
import type { Slab } from "./engine.ts";
import type { Statement } from "./verdict.ts";

/** Words before the text of a statement: rank, op, object, root, digest, rank at fault, what the text is (with {@link FRESH}). */
const STATEMENT_WORDS = 7;
/** Added to the word that says what the text is. */
const FRESH = 256;

/** A statement with the root's payload. One text is enough: a fault takes the payload's place, a description has none. */
export function packStatement(statement: Statement, payload: Uint8Array): Uint8Array {
  const { rank, op, object, root, digest, about, fault, faultRank, isFresh } = statement;
  const text = fault ?? (about ? new TextEncoder().encode(about) : payload);
  const kind = fault ? TEXT.FAULT : about ? TEXT.ABOUT : TEXT.PAYLOAD;
  const words = Int32Array.of(rank, op, object, root, digest, faultRank, kind + (isFresh ? FRESH : 0));
  const bytes = new Uint8Array(words.byteLength + text.length);
  bytes.set(new Uint8Array(words.buffer));
  bytes.set(text, words.byteLength);
  return bytes;
}

/** The reverse of {@link packStatement}. */
export function unpackStatement(bytes: Uint8Array): { statement: Statement; payload: Uint8Array } {
  const words = new Int32Array(bytes.slice(0, STATEMENT_WORDS * 4).buffer);
  const [rank, op, object, root, digest, faultRank, last] = words;
  const kind = last % FRESH;
  const text = bytes.subarray(words.byteLength);
  const about = kind === TEXT.ABOUT ? new TextDecoder().decode(text) : "";
  const fault = kind === TEXT.FAULT ? text : null;
  const statement = { rank, op, object, root, digest, about, fault, faultRank, isFresh: last >= FRESH };
  return { statement, payload: kind === TEXT.PAYLOAD ? text : new Uint8Array(0) };
}

/** Where a piece of memory is. */
export function encodeLocation({ owner, block, slot }: Location): Uint8Array {
  return new Uint8Array(Int32Array.of(owner, block, slot).buffer);
}

/** The reverse of {@link encodeLocation}. */
export function decodeLocation(bytes: Uint8Array): Location {
  const [owner, block, slot] = new Int32Array(bytes.slice().buffer);
  return { owner, block, slot };
}

/** A slab as float64 numbers, which hold any byte count exactly: offset, row bytes, dimensions, shape, strides. */
export function encodeSlab(slab: Slab | null): Uint8Array {
  if (!slab) return new Uint8Array(0);
  const { offset, rowBytes, shape, strides } = slab;
  return new Uint8Array(Float64Array.of(offset, rowBytes, ...shape, ...strides).buffer);
}

/** A slab with its bytes, behind the length of its description. */
export function encodeSmall(slab: Slab, bytes: Uint8Array): Uint8Array {
  const about = encodeSlab(slab);
  const small = new Uint8Array(1 + about.length + bytes.length);
  small[0] = about.length / Float64Array.BYTES_PER_ELEMENT;
  small.set(about, 1);
  small.set(bytes, 1 + about.length);
  return small;
}

/** The reverse of {@link encodeSmall}. */
export function decodeSmall(small: Uint8Array): { slab: Slab; bytes: Uint8Array } {
  const end = 1 + small[0] * Float64Array.BYTES_PER_ELEMENT;
  return { slab: decodeSlab(small.subarray(1, end))!, bytes: small.slice(end) };
}

/** The reverse of {@link encodeSlab}. */
export function decodeSlab(bytes: Uint8Array): Slab | null {
  if (bytes.length === 0) return null;
  const [offset, rowBytes, ...rest] = new Float64Array(bytes.slice().buffer);
  return {
    offset: offset,
    rowBytes: rowBytes,
    shape: rest.slice(0, rest.length / 2),
    strides: rest.slice(rest.length / 2),
  };
}
