/** Copying between memory that threads share and memory that they do not. */
import { lengthOf, setInto, type TypedArray } from "./dtype.ts";

/** Below so many bytes the two views that `Buffer.fill` wants cost more than it gains. */
const LEAST_BYTES = 32 * 1024;
/** So many numbers such an array has at the least. */
const LEAST_LENGTH = LEAST_BYTES / BigInt64Array.BYTES_PER_ELEMENT;

const { fill } = Buffer.prototype;

/**
 * Local: `dst.set(src, at)` for arrays of one kind; `src` must fit. V8 copies from and to shared memory word by word, for another thread may write there
 * meanwhile; `Buffer.fill` goes by memcpy, and takes little more than half the time from 64 KiB to 1 MiB (Node 20 and 24). Nobody writes what is copied here: whoever does is
 * ordered before or after by an atomic access of its protocol. Two memories of which just one is shared do not overlap, which memcpy asks for.
 */
export function setElements(dst: TypedArray, src: TypedArray, at: number): void {
  if (lengthOf(src) >= LEAST_LENGTH && src.byteLength >= LEAST_BYTES && isShared(dst) !== isShared(src)) {
    const offset = dst.byteOffset + at * dst.BYTES_PER_ELEMENT;
    const target = new Uint8Array(dst.buffer, offset, src.byteLength);
    fill.call(target, new Uint8Array(src.buffer, src.byteOffset, src.byteLength));
    return;
  }
  setInto(dst, src, at);
}

function isShared(array: TypedArray): boolean {
  return array.buffer instanceof SharedArrayBuffer;
}
