/**
 * What travels of a slab between nodes with what the ranks say when they meet: all of it if it is small, which spares a message of its own and a turn. Of
 * another one that its root, a leader, has at hand, where it goes: then nothing needs to go ahead of its pieces.
 */
import { unpackSlab, type Slab } from "../array/slab.ts";
import type { PshmemError } from "../errors.ts";
import { ALONG_BYTES, PAYLOAD_BYTES, type Writing } from "./engine.ts";
import type { Memory } from "./pieces.ts";
import { asFault } from "./verdict.ts";
import { alongBytes, decodeAlong, encodeAlong, payloadRoom } from "./wire.ts";

const NO_BYTES: Uint8Array = new Uint8Array(0);

/** What one rank of a communicator lets travel so, where it is the root. All members are local. */
export class Along {
  /** What travels, in memory of `payloadRoom`; empty for nothing. Until the next `take`. */
  bytes = NO_BYTES;
  readonly #isLeader: boolean;
  /** Memory for what travels, used again. */
  #room = NO_BYTES;

  /** A leader has the slab at hand; another rank has to show it on the board. */
  constructor(isLeader: boolean) {
    this.#isLeader = isLeader;
  }

  /** What this rank has to show beside its call. */
  get shown(): Uint8Array | undefined {
    return this.#isLeader || this.bytes.length === 0 ? undefined : this.bytes;
  }

  /** Takes what is written in the next meeting; null if this rank writes nothing there. Returns what is wrong, for all ranks to be told. */
  take(writing: Writing | null): PshmemError | undefined {
    this.bytes = NO_BYTES;
    try {
      if (writing) this.bytes = this.#whole(writing) ?? this.#announced(writing) ?? NO_BYTES;
      return undefined;
    } catch (error) {
      return asFault(error);
    }
  }

  /** Null if the slab is empty, or too long with its description. */
  #whole(writing: Writing): Uint8Array | null {
    const most = this.#isLeader ? ALONG_BYTES : PAYLOAD_BYTES;
    const bytes = writing.byteLength <= most ? writing.byteLength : 0;
    const slab = bytes > 0 ? writing.slab() : null;
    return slab && alongBytes(slab, bytes) <= most ? this.#encoded(slab, writing.bytes()) : null;
  }

  #announced(writing: Writing): Uint8Array | null {
    const slab = this.#isLeader ? writing.slab() : null;
    return slab && writing.source() && this.#encoded(slab, NO_BYTES);
  }

  #encoded(slab: Slab, data: Uint8Array): Uint8Array {
    const length = alongBytes(slab, data.length);
    if (this.#room.length < length) this.#room = payloadRoom(length);
    const bytes = this.#room.subarray(0, length);
    encodeAlong(slab, data, bytes);
    return bytes;
  }
}

/** Local: writes a slab that came whole to where it belongs in a segment, and returns null; else the slab whose pieces are to come. */
export function takeAlong(memory: Memory, along: Uint8Array): Slab | null {
  const { slab, bytes } = decodeAlong(along);
  if (bytes.length === 0) return slab;
  unpackSlab(memory, slab, 0, bytes);
  return null;
}
