/** What the node leaders tell one another, as bytes. */
import { TEXT } from "../node/board.ts";
import type { Location } from "../node/heap.ts";
import type { Slab } from "./engine.ts";
import type { Saying, Statement } from "./verdict.ts";

/**
 * What is written and read here passes through this memory: a typed array of up to 64 bytes lies on the heap as long as nobody asks for
 * its buffer, and to make it one of its own takes longer than all the rest.
 */
const scratch = new ArrayBuffer(4096);
const scratchBytes = new Uint8Array(scratch);
const scratchWords = new Int32Array(scratch);
const scratchNumbers = new Float64Array(scratch);

/** At the start of a statement, each an int32: rank, op, object, root, digest, rank at fault, what follows. */
const STATEMENT_WORDS = 7;
const STATEMENT_BYTES = STATEMENT_WORDS * Int32Array.BYTES_PER_ELEMENT;
/** Added to the word that says what follows: something is fresh. */
const FRESH = 256;
/** Added to it: before the text is what another rank said: rank, op, object, root, digest, and the bytes of its part of the text. */
const DIFFERING = 512;
const DIFFERING_WORDS = 6;
const NO_BYTES = new Uint8Array(0);

/** A statement with the root's payload. One text is enough: a fault takes the payload's place, a description has none. */
export function packStatement(statement: Statement, payload: Uint8Array): Uint8Array {
  const { rank, op, object, root, digest, about, fault, faultRank, differing, isFresh } = statement;
  if (differing) return packBoth(statement, differing);
  const text = fault ?? (about ? encoded(about) : payload);
  const kind = fault ? TEXT.FAULT : about ? TEXT.ABOUT : TEXT.PAYLOAD;
  writeWords(rank, op, object, root, digest, faultRank, kind + (isFresh ? FRESH : 0));
  return withText(STATEMENT_BYTES, text);
}

/** The reverse of {@link packStatement}. */
export function unpackStatement(bytes: Uint8Array): { statement: Statement; payload: Uint8Array } {
  scratchBytes.set(bytes.subarray(0, HEAD_BYTES));
  const [rank, op, object, root, digest, faultRank, last] = scratchWords;
  const kind = last % FRESH;
  const isFresh = (last & FRESH) !== 0;
  const statement = {
    rank,
    op,
    object,
    root,
    digest,
    about: "",
    fault: null,
    differing: null,
    faultRank,
    isFresh,
  };
  if (last >= DIFFERING) return { statement: { ...statement, ...unpackBoth(bytes) }, payload: NO_BYTES };
  const text = bytes.subarray(STATEMENT_BYTES);
  if (kind === TEXT.PAYLOAD) return { statement, payload: text };
  const told = kind === TEXT.FAULT ? { fault: text } : { about: new TextDecoder().decode(text) };
  return { statement: { ...statement, ...told }, payload: NO_BYTES };
}

const HEAD_BYTES = (STATEMENT_WORDS + DIFFERING_WORDS) * Int32Array.BYTES_PER_ELEMENT;

function packBoth(
  { rank, op, object, root, digest, about, faultRank, isFresh }: Statement,
  other: Saying,
): Uint8Array {
  const [own, others] = [encoded(about), encoded(other.about)];
  const kind = TEXT.ABOUT + DIFFERING + (isFresh ? FRESH : 0);
  writeWords(rank, op, object, root, digest, faultRank, kind);
  scratchWords.set(
    [other.rank, other.op, other.object, other.root, other.digest, others.length],
    STATEMENT_WORDS,
  );
  const text = new Uint8Array(others.length + own.length);
  text.set(others);
  text.set(own, others.length);
  return withText(HEAD_BYTES, text);
}

/** The head is in the scratch. */
function unpackBoth(bytes: Uint8Array): Pick<Statement, "about" | "differing"> {
  const [rank, op, object, root, digest, length] = scratchWords.subarray(STATEMENT_WORDS);
  const decoder = new TextDecoder();
  const text = bytes.subarray(HEAD_BYTES);
  const differing = { rank, op, object, root, digest, about: decoder.decode(text.subarray(0, length)) };
  return { about: decoder.decode(text.subarray(length)), differing };
}

function encoded(text: string): Uint8Array {
  return text === "" ? NO_BYTES : new TextEncoder().encode(text);
}

function writeWords(...words: readonly number[]): void {
  scratchWords.set(words);
}

function withText(head: number, text: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(head + text.length);
  bytes.set(scratchBytes.subarray(0, head));
  bytes.set(text, head);
  return bytes;
}

const LOCATION_BYTES = 3 * Int32Array.BYTES_PER_ELEMENT;

/** Where a piece of memory is. */
export function encodeLocation({ owner, block, slot }: Location): Uint8Array {
  scratchWords.set([owner, block, slot]);
  return scratchBytes.slice(0, LOCATION_BYTES);
}

/** The reverse of {@link encodeLocation}. */
export function decodeLocation(bytes: Uint8Array): Location {
  scratchBytes.set(bytes);
  const [owner, block, slot] = scratchWords;
  return { owner, block, slot };
}

/** A slab as float64 numbers, which hold any byte count exactly: offset, row bytes, dimensions, shape, strides. */
export function encodeSlab(slab: Slab | null): Uint8Array {
  return scratchBytes.slice(0, slab ? writeSlab(slab) : 0);
}

/** The reverse of {@link encodeSlab}. */
export function decodeSlab(bytes: Uint8Array): Slab | null {
  if (bytes.length === 0) return null;
  scratchBytes.set(bytes);
  return readSlab(bytes.length);
}

/** A slab with its bytes, behind the length of its description; null if that is more than `most` bytes. */
export function encodeSmall(slab: Slab, bytes: Uint8Array, most: number): Uint8Array | null {
  const about = writeSlab(slab);
  if (1 + about + bytes.length > most) return null;
  scratchBytes.set(bytes, about);
  const small = new Uint8Array(1 + about + bytes.length);
  small[0] = about / Float64Array.BYTES_PER_ELEMENT;
  small.set(scratchBytes.subarray(0, small.length - 1), 1);
  return small;
}

/** The reverse of {@link encodeSmall}. The bytes are good until something else is encoded or decoded. */
export function decodeSmall(small: Uint8Array): { slab: Slab; bytes: Uint8Array } {
  const about = small[0] * Float64Array.BYTES_PER_ELEMENT;
  scratchBytes.set(small.subarray(1));
  return { slab: readSlab(about), bytes: scratchBytes.subarray(about, small.length - 1) };
}

/** Returns how many bytes of the scratch it takes. */
function writeSlab({ offset, rowBytes, shape, strides }: Slab): number {
  scratchNumbers[0] = offset;
  scratchNumbers[1] = rowBytes;
  scratchNumbers.set(shape, 2);
  scratchNumbers.set(strides, 2 + shape.length);
  return (2 + 2 * shape.length) * Float64Array.BYTES_PER_ELEMENT;
}

function readSlab(bytes: number): Slab {
  const dimensions = (bytes / Float64Array.BYTES_PER_ELEMENT - 2) / 2;
  return {
    offset: scratchNumbers[0],
    rowBytes: scratchNumbers[1],
    shape: Array.from(scratchNumbers.subarray(2, 2 + dimensions)),
    strides: Array.from(scratchNumbers.subarray(2 + dimensions, 2 + 2 * dimensions)),
  };
}
