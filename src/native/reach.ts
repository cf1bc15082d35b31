/** Reading what another thread of this process has in memory of its own. */
import { rowOffset, type Slab } from "../array/slab.ts";
import type { Ground, Reach } from "../node/reach.ts";
import { posix } from "./posix.ts";

/**
 * {@link Reach} of threads: one address means the same to all of them. There is none between processes: process_vm_readv(2) copies page by
 * page. 64 MiB, which the owner copies in 4.8 ms, take two ranks on two cores 7.9 ms in halves, and at best 5.6 ms where each takes parts
 * of 128 KiB as it comes to them.
 */
export class ThreadReach implements Reach {
  readonly readers: number;

  constructor(readers: number) {
    this.readers = readers;
  }

  addressOf(bytes: Uint8Array): number {
    return addressOf(bytes);
  }

  read(address: number, memory: Ground, slab: Slab, from: number, to: number): void {
    copyPart(address, groundAddress(memory), slab, from, to);
  }
}

/** Local: where bytes are in this process. */
export function addressOf(bytes: Uint8Array): number {
  // memmove returns its first argument; of no bytes, that is all it does.
  return posix().memmove(bytes, bytes, 0);
}

/** Local: the same as C's pointer, which is passed in less time than the array. For memory outside the heap, that stays as long as C may use it. */
export function pointerTo(array: ArrayBufferView): bigint {
  return BigInt(posix().memmove(array, array, 0));
}

/** Local: where the offset of a slab in `memory` counts from, in this process. */
export function groundAddress(memory: Ground): number {
  return addressOf(new Uint8Array(memory.buffer, memory.byteOffset, 1));
}

/** Local, blocking: copies bytes `from` to `to` of a slab, whose byte 0 is at `address`, to their places, counted from address `ground`. */
export function copyPart(address: number, ground: number, slab: Slab, from: number, to: number): void {
  const { memcpy } = posix();
  for (let at = from; at < to;) {
    const within = at % slab.rowBytes;
    const bytes = Math.min(slab.rowBytes - within, to - at);
    memcpy(ground + rowOffset(slab, (at - within) / slab.rowBytes) + within, address + at, bytes);
    at += bytes;
  }
}
