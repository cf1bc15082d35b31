/** Memory that the system maps for this process, as ArrayBuffers. */
import { PshmemError } from "../errors.ts";
import { takeInSteps } from "../node/ledger.ts";
import { native } from "./native.ts";
import {
  MAP_ANONYMOUS,
  MAP_FIXED,
  MAP_PRIVATE,
  MAP_SHARED,
  MREMAP_DONTUNMAP,
  MREMAP_MAYMOVE,
  PROT_READ,
  PROT_READ_WRITE,
  posix,
} from "./posix.ts";

/** Where a buffer lies, and how it may be used. */
interface Mapping {
  readonly address: number;
  readonly bytes: number;
  readonly protection: number;
}

/** The mappings of buffers, for as long as these live. */
const mappings = new WeakMap<ArrayBufferLike, Mapping>();

/** For buffers that users see through a second mapping: that one. */
const readable = new WeakMap<ArrayBufferLike, ArrayBuffer>();

/** Unmaps a range when its buffer has been collected: no view of it can exist any more. */
const unmapper = new FinalizationRegistry<Mapping>(({ address, bytes }) => {
  posix().munmap(address, bytes);
});

/** The smallest page of any machine: touching one byte of each of these touches all. */
const PAGE_BYTES = 4096;

/** Local: memory of a file. With `guarded`, {@link readableOf} gives a second mapping of it, which can only be read. @throws NO_MEMORY */
export function mapShared(fd: number, bytes: number, guarded: boolean): ArrayBuffer {
  const buffer = map(bytes, PROT_READ_WRITE, MAP_SHARED, fd);
  try {
    if (guarded) readable.set(buffer, map(bytes, PROT_READ, MAP_SHARED, fd));
    return buffer;
  } catch (error) {
    forget(buffer);
    throw error;
  }
}

/** Local: zeroed memory of this process alone, all of it had. @throws NO_MEMORY */
export function mapOwn(bytes: number): ArrayBuffer {
  const buffer = map(bytes, PROT_READ_WRITE, MAP_PRIVATE + MAP_ANONYMOUS, -1);
  const all = new Uint8Array(buffer);
  try {
    takeInSteps(bytes, (offset, length) => {
      for (let at = offset; at < offset + length; at += PAGE_BYTES) all[at] = 0;
    });
  } catch (error) {
    forget(buffer);
    throw error;
  }
  return buffer;
}

/** Local: a buffer of {@link mapShared} as it can only be read; the buffer itself where it was not mapped so. */
export function readableOf(buffer: ArrayBufferLike): ArrayBufferLike {
  return readable.get(buffer) ?? buffer;
}

/** Local: where a buffer of {@link mapShared} or {@link mapOwn} lies in this process. */
export function addressOf(buffer: ArrayBufferLike): number {
  return mappings.get(buffer)!.address;
}

/**
 * Local: gives the memory back while views may still exist: fresh private zero pages take its addresses, so that a stale view reads zeros
 * and cannot end the process.
 */
export function forget(buffer: ArrayBufferLike): void {
  for (const one of new Set([buffer, readableOf(buffer)])) {
    const mapping = mappings.get(one);
    if (!mapping) continue;
    const { address, bytes, protection } = mapping;
    posix().mmap(address, bytes, protection, MAP_PRIVATE + MAP_ANONYMOUS + MAP_FIXED, -1, 0);
  }
}

/**
 * Local: the memory of a buffer of {@link mapShared} as a new buffer, at other addresses; the old one is forgotten. Pages that this process
 * has touched need not be looked up again. Null where the system cannot do it; the old buffer is as it was.
 */
export function moveAway(buffer: ArrayBuffer): ArrayBuffer | null {
  const { mremap } = posix();
  const { address, bytes, protection } = mappings.get(buffer)!;
  // The old addresses stay taken, so that nothing else comes to lie there before they are forgotten.
  const moved = mremap ? mremap(address, bytes, bytes, MREMAP_MAYMOVE + MREMAP_DONTUNMAP, 0) : -1;
  if (moved === -1) return null;
  forget(buffer);
  return viewOf({ address: moved, bytes, protection });
}

function map(bytes: number, protection: number, flags: number, fd: number): ArrayBuffer {
  native().checkView(bytes);
  const address = posix().mmap(0, bytes, protection, flags, fd, 0);
  if (address === -1) throw systemFailure("mmap", bytes);
  return viewOf({ address, bytes, protection });
}

function viewOf(mapping: Mapping): ArrayBuffer {
  const buffer = native().view(mapping.address, mapping.bytes);
  mappings.set(buffer, mapping);
  unmapper.register(buffer, mapping);
  return buffer;
}

/** Local: the error of a system call that has just failed. `left` asks how much there is, after the error's number has been read. */
export function systemFailure(call: string, bytes: number, left?: () => number): PshmemError {
  const code = native().errno();
  const fields = left ? { bytes, call, available: left() } : { bytes, call };
  const text = `${call} failed for shared memory of ${bytes} bytes (errno ${code}); see whether memory or descriptors have run out`;
  return new PshmemError("NO_MEMORY", text, fields);
}
