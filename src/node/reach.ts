/** How one rank's data comes into the memory of its node faster than by one copy of one core. */
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
  /** How many bytes at the least are to be read at once, of a slab in the memory of any rank; the same for all. */
  leastPartBytes(address: number, memory: Ground, slab: Slab): number;
  /**
   * Blocking: copies bytes `from` to `to` of a slab, which lie one after the other in the memory of any rank (byte 0 at `address`), to their
   * places in `memory`.
   */
  read(address: number, memory: Ground, slab: Slab, from: number, to: number): void;
}

/** A rank's copying with help of its own. All members are local. */
export interface Copier {
  /**
   * Blocking: copies `source` to the places of a slab in `memory`, which is none of the memory that `source` is in, while these ranks of the world
   * wait for it. False: there is no help, and nothing was copied.
   */
  copy(source: Uint8Array, memory: Ground, slab: Slab, waiting: readonly number[]): boolean;
}
