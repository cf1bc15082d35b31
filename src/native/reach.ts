/** Reading what another thread of this process has in memory of its own. */
import { forStretches, type Slab } from "../array/slab.ts";
import type { Ground, Reach } from "../node/reach.ts";
import { posix } from "./posix.ts";

/** Smallest page of any machine. */
const PAGE_BYTES = 4096;
/**
 * Where the target is less than so many bytes ahead of the source, modulo a page, `rep movsb` of AMD's processors has 3 GB/s in the place of 30 to 90.
 * glibc (2.36) copies by it there, from 2112 bytes to 512 KiB. A `set` that begins a few elements after the start of an array is in that place.
 */
const SLOW_AHEAD = 32;
/** Up to so many bytes, and from so many on, are copied by vectors. */
const FEW_BYTES = 2048;
const MANY_BYTES = 3 * 2 ** 18;
/** Parts of long rows that are copied by vectors, the last one too if it is three quarters of one. */
const LONG_PART_BYTES = 2 ** 20;

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

  leastPartBytes(address: number, memory: Ground, slab: Slab): number {
    return leastPartBytes(address, groundAddress(memory), slab);
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
  forStretches(slab, from, to, (offset, at, rows, run, stride) => {
    for (let row = 0; row < rows; row++)
      copyRun(ground + offset + row * stride, address + at + row * run, run);
  });
}

/** Local, blocking: as memcpy, which some distances between target and source make slow. */
function copyRun(to: number, from: number, bytes: number): void {
  const { memcpy } = posix();
  if (bytes <= FEW_BYTES || bytes >= MANY_BYTES || !isSlow(to, from)) {
    memcpy(to, from, bytes);
    return;
  }
  for (let at = 0; at < bytes; at += FEW_BYTES) {
    memcpy(to + at, from + at, Math.min(FEW_BYTES, bytes - at));
  }
}

function isSlow(to: number, from: number): boolean {
  const ahead = (to - from) & (PAGE_BYTES - 1);
  return ahead > 0 && ahead < SLOW_AHEAD;
}

/** Local: how long the parts of a copy must be at the least, for {@link copyPart}: shorter ones of long rows are slow at some distances. */
export function leastPartBytes(address: number, ground: number, slab: Slab): number {
  return slab.rowBytes >= LONG_PART_BYTES && isSlow(ground + slab.offset, address) ? LONG_PART_BYTES : 0;
}
