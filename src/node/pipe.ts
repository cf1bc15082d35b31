/**
 * A byte pipe in shared memory with one writer and one reader, and no lock: a ring whose two positions only ever grow
 * (Lamport 1977, "Proving the correctness of multiprocess programs").
 */
import { setElements } from "../array/set-elements.ts";

/** Bytes read so far, modulo 2³². Written by the reader only, after it has copied the bytes out. */
const HEAD = 0;
/** Bytes written so far, modulo 2³². Written by the writer only, after it has copied the bytes in. */
const TAIL = 16;
/** Words before the data: HEAD and TAIL on a cache line each. */
const HEADER_WORDS = 32;

/** Bytes that a pipe with room for `capacity` bytes (a power of two) takes. */
export function pipeBytes(capacity: number): number {
  return HEADER_WORDS * Int32Array.BYTES_PER_ELEMENT + capacity;
}

/** One end, or both, of a pipe. */
export class Pipe {
  readonly #words: Int32Array;
  readonly #data: Uint8Array;

  /** `capacity` is a power of two, so that positions modulo 2³² are positions modulo the capacity too. */
  constructor(buffer: ArrayBufferLike, byteOffset: number, capacity: number) {
    this.#words = new Int32Array(buffer, byteOffset, HEADER_WORDS);
    this.#data = new Uint8Array(buffer, byteOffset + HEADER_WORDS * Int32Array.BYTES_PER_ELEMENT, capacity);
  }

  /** Local, not blocking: writes as many of `bytes` from index `from` on as fit; returns how many. */
  write(bytes: Uint8Array, from: number): number {
    const tail = Atomics.load(this.#words, TAIL);
    const used = (tail - Atomics.load(this.#words, HEAD)) >>> 0;
    const count = Math.min(this.#data.length - used, bytes.length - from);
    if (count === 0) return 0;
    const at = (tail >>> 0) % this.#data.length;
    const first = Math.min(count, this.#data.length - at);
    setElements(this.#data, bytes.subarray(from, from + first), at);
    setElements(this.#data, bytes.subarray(from + first, from + count), 0);
    // The store publishes the bytes: a reader that loads the new tail sees them.
    Atomics.store(this.#words, TAIL, (tail + count) | 0);
    return count;
  }

  /** Local, not blocking: reads as many bytes as are there into `bytes` from index `from` on; returns how many. */
  read(bytes: Uint8Array, from: number): number {
    const head = Atomics.load(this.#words, HEAD);
    const ready = (Atomics.load(this.#words, TAIL) - head) >>> 0;
    const count = Math.min(ready, bytes.length - from);
    if (count === 0) return 0;
    const at = (head >>> 0) % this.#data.length;
    const first = Math.min(count, this.#data.length - at);
    setElements(bytes, this.#data.subarray(at, at + first), from);
    setElements(bytes, this.#data.subarray(0, count - first), from + first);
    // The store gives the room back only after the bytes have been copied out.
    Atomics.store(this.#words, HEAD, (head + count) | 0);
    return count;
  }
}
