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

/**
 * At the start of a statement, each an int32: rank, op, object, root, digest, rank at fault, what the text is (with {@link FRESH}), and
 * bytes of what another rank said, before the text.
 */
const STATEMENT_WORDS = 8;
const STATEMENT_BYTES = STATEMENT_WORDS * Int32Array.BYTES_PER_ELEMENT;
const scratchHead = scratchBytes.subarray(0, STATEMENT_BYTES);
/** Added to the word that says what the text is. */
const FRESH = 256;
/** What another rank said: rank, op, object, root and digest, then its text. */
const DIFFERING_WORDS = 5;
const DIFFERING_BYTES = DIFFERING_WORDS * Int32Array.BYTES_PER_ELEMENT;
const NO_BYTES = new Uint8Array(0);

/** Local: memory for a payload, behind room for the statement that it travels with. */
export function payloadRoom(bytes: number): Uint8Array {
  return new Uint8Array(new ArrayBuffer(STATEMENT_BYTES + bytes), STATEMENT_BYTES);
}

/**
 * A statement with the root's payload, which is not copied: it lies behind room for a statement, in memory of {@link payloadRoom} or where
 * it came in. One text is enough: a fault takes the payload's place, a description has none.
 */
export function packStatement(statement: Statement, payload: Uint8Array): Uint8Array {
  const { about, fault, differing } = statement;
  if (differing) return packBoth(statement, differing);
  if (fault) return withText(statement, TEXT.FAULT, fault);
  if (about !== "") return withText(statement, TEXT.ABOUT, new TextEncoder().encode(about));
  const { buffer, byteOffset, length } = payload;
  const bytes =
    length === 0
      ? new Uint8Array(STATEMENT_BYTES)
      : new Uint8Array(buffer, byteOffset - STATEMENT_BYTES, STATEMENT_BYTES + length);
  writeHead(statement, TEXT.PAYLOAD, 0);
  bytes.set(scratchHead);
  return bytes;
}

/** The reverse of {@link packStatement}. The payload is a view of the bytes. */
export function unpackStatement(bytes: Uint8Array): { statement: Statement; payload: Uint8Array } {
  // So few bytes one by one: a view of them takes longer.
  for (let at = 0; at < STATEMENT_BYTES; at++) scratchBytes[at] = bytes[at];
  const what = scratchWords[6];
  const differingBytes = scratchWords[7];
  const statement: Mutable<Statement> = {
    rank: scratchWords[0],
    op: scratchWords[1],
    object: scratchWords[2],
    root: scratchWords[3],
    digest: scratchWords[4],
    about: "",
    differing: null,
    fault: null,
    faultRank: scratchWords[5],
    isFresh: what >= FRESH,
  };
  const text = bytes.length === STATEMENT_BYTES ? NO_BYTES : bytes.subarray(STATEMENT_BYTES + differingBytes);
  if (differingBytes > 0)
    statement.differing = differingIn(bytes.slice(STATEMENT_BYTES, STATEMENT_BYTES + differingBytes));
  if (what % FRESH === TEXT.PAYLOAD) return { statement, payload: text };
  if (what % FRESH === TEXT.FAULT) statement.fault = text;
  else statement.about = new TextDecoder().decode(text);
  return { statement, payload: NO_BYTES };
}

type Mutable<T> = { -readonly [Key in keyof T]: T[Key] };

function writeHead(
  { rank, op, object, root, digest, faultRank, isFresh }: Statement,
  kind: number,
  differing: number,
): void {
  scratchWords[0] = rank;
  scratchWords[1] = op;
  scratchWords[2] = object;
  scratchWords[3] = root;
  scratchWords[4] = digest;
  scratchWords[5] = faultRank;
  scratchWords[6] = kind + (isFresh ? FRESH : 0);
  scratchWords[7] = differing;
}

function withText(statement: Statement, kind: number, text: Uint8Array, differing = NO_BYTES): Uint8Array {
  const bytes = new Uint8Array(STATEMENT_BYTES + differing.length + text.length);
  writeHead(statement, kind, differing.length);
  bytes.set(scratchHead);
  bytes.set(differing, STATEMENT_BYTES);
  bytes.set(text, STATEMENT_BYTES + differing.length);
  return bytes;
}

function packBoth(statement: Statement, { rank, op, object, root, digest, about }: Saying): Uint8Array {
  const encoder = new TextEncoder();
  const text = encoder.encode(about);
  const differing = new Uint8Array(DIFFERING_BYTES + text.length);
  differing.set(new Uint8Array(Int32Array.of(rank, op, object, root, digest).buffer));
  differing.set(text, DIFFERING_BYTES);
  return withText(statement, TEXT.ABOUT, encoder.encode(statement.about), differing);
}

/** The bytes begin a buffer of their own. */
function differingIn(bytes: Uint8Array): Saying {
  const [rank, op, object, root, digest] = new Int32Array(bytes.buffer, 0, DIFFERING_WORDS);
  const about = new TextDecoder().decode(bytes.subarray(DIFFERING_BYTES));
  return { rank, op, object, root, digest, about };
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

/** Local: how many bytes a slab takes with its description, so that its bytes are as well aligned as the whole. */
export function alongBytes(slab: Slab, bytes: number): number {
  return ALONG_HEAD + slabWords(slab.shape) * Float64Array.BYTES_PER_ELEMENT + bytes;
}

/** A slab with its bytes, or with none: how many numbers its description has, the numbers, the bytes; `into` has {@link alongBytes}. */
export function encodeAlong(slab: Slab, bytes: Uint8Array, into: Uint8Array): void {
  const about = writeSlab(slab);
  scratchNumbers.copyWithin(1, 0, about / Float64Array.BYTES_PER_ELEMENT);
  scratchNumbers[0] = about / Float64Array.BYTES_PER_ELEMENT;
  into.set(scratchBytes.subarray(0, ALONG_HEAD + about));
  into.set(bytes, ALONG_HEAD + about);
}

/** The reverse of {@link encodeAlong}. The bytes are a view. */
export function decodeAlong(along: Uint8Array): { slab: Slab; bytes: Uint8Array } {
  scratchBytes.set(along.subarray(0, ALONG_HEAD));
  const about = scratchNumbers[0] * Float64Array.BYTES_PER_ELEMENT;
  scratchBytes.set(along.subarray(ALONG_HEAD, ALONG_HEAD + about));
  return { slab: readSlab(about), bytes: along.subarray(ALONG_HEAD + about) };
}

const ALONG_HEAD = Float64Array.BYTES_PER_ELEMENT;

/** Numbers in the description of a slab. */
function slabWords(shape: readonly number[]): number {
  return 2 + 2 * shape.length;
}

/** Returns how many bytes of the scratch it takes. */
function writeSlab({ offset, rowBytes, shape, strides }: Slab): number {
  scratchNumbers[0] = offset;
  scratchNumbers[1] = rowBytes;
  for (let axis = 0; axis < shape.length; axis++) {
    scratchNumbers[2 + axis] = shape[axis];
    scratchNumbers[2 + shape.length + axis] = strides[axis];
  }
  return slabWords(shape) * Float64Array.BYTES_PER_ELEMENT;
}

function readSlab(bytes: number): Slab {
  const dimensions = (bytes / Float64Array.BYTES_PER_ELEMENT - 2) / 2;
  const [shape, strides]: [number[], number[]] = [[], []];
  for (let axis = 0; axis < dimensions; axis++) {
    shape.push(scratchNumbers[2 + axis]);
    strides.push(scratchNumbers[2 + dimensions + axis]);
  }
  return { offset: scratchNumbers[0], rowBytes: scratchNumbers[1], shape, strides };
}
