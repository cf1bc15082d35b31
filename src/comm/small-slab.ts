/** A slab that is small enough to travel between nodes with what the ranks say when they meet: no message of its own, and no turn. */
import { unpackSlab } from "../array/slab.ts";
import { ALONG_BYTES, PAYLOAD_BYTES, type Writing } from "./engine.ts";
import type { Memory } from "./pieces.ts";
import { decodeSmall, encodeSmall, payloadRoom, smallBytes } from "./wire.ts";

const NO_BYTES: Uint8Array = new Uint8Array(0);

/** What one rank of a communicator lets travel so, where it is the root. All members are local. */
export class SmallSlab {
  /** The slab with its description, in memory of `payloadRoom`; empty if nothing travels so. Until the next `take`. */
  bytes = NO_BYTES;
  readonly #isLeader: boolean;
  /** Memory for it, used again. */
  #room = NO_BYTES;

  /** A leader has the slab at hand; another rank has to show it on the board. */
  constructor(isLeader: boolean) {
    this.#isLeader = isLeader;
  }

  /** What this rank has to show beside its call. */
  get shown(): Uint8Array | undefined {
    return this.#isLeader || this.bytes.length === 0 ? undefined : this.bytes;
  }

  /** Takes what is written in the next meeting, if it is small enough; null if this rank writes nothing there. */
  take(writing: Writing | null): void {
    this.bytes = writing ? this.#encoded(writing) : NO_BYTES;
  }

  #encoded(writing: Writing): Uint8Array {
    const most = this.#isLeader ? ALONG_BYTES : PAYLOAD_BYTES;
    const bytes = writing.byteLength <= most ? writing.byteLength : 0;
    const slab = bytes > 0 ? writing.slab() : null;
    const length = slab ? smallBytes(slab, bytes) : Infinity;
    if (!slab || length > most) return NO_BYTES;
    if (this.#room.length < length) this.#room = payloadRoom(length);
    const small = this.#room.subarray(0, length);
    encodeSmall(slab, writing.bytes(), small);
    return small;
  }
}

/** Local: writes the slab that came with the statements to where it belongs in a segment. */
export function writeSmall(memory: Memory, small: Uint8Array): void {
  const { slab, bytes } = decodeSmall(small);
  unpackSlab(memory, slab, 0, bytes);
}
