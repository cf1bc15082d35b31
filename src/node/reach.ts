/** How ranks of one node read what one of them has in memory of its own. */
import type { Slab } from "../array/slab.ts";

/** Memory that places are counted from. */
export interface Ground {
  readonly buffer: ArrayBufferLike;
  readonly byteOffset: number;
}

/** One rank's reading of others. All members are local. */
export interface Reach {
  /** How many ranks have a core to read with at the same time. */
  readonly readers: number;
  /** Where bytes of this rank are, for the others, as long as it holds on to them. @throws BAD_LAUNCH without koffi */
  addressOf(bytes: Uint8Array): number;
  /**
   * Blocking: copies bytes `from` to `to` of a slab, which lie one after the other in the memory of any rank (byte 0 at `address`), to their
   * places in `memory`.
   */
  read(address: number, memory: Ground, slab: Slab, from: number, to: number): void;
}
