/**
 * Memory for messages that is used again: to make some for each takes longer than to send it, and is left to the garbage collector. Whoever
 * has read a message may give its memory back; what nobody gives back is collected as ever.
 */

/** Memory that is kept: as much as a call between nodes takes in a round or two. */
const MOST_SPARES = 4;
/** Longer memory is not kept. */
const LONGEST = 128 * 1024;
/** Shorter arrays lie on the heap, where they are made at once. */
const SHORTEST = 64;

/** The spare memory of one rank. */
export class Buffers {
  readonly #spares: ArrayBuffer[] = [];

  /** Local: so many bytes, whatever is in them. */
  take(length: number): Uint8Array {
    if (length <= SHORTEST) return new Uint8Array(length);
    for (let at = 0; at < this.#spares.length; at++) {
      const spare = this.#spares[at];
      if (spare.byteLength >= length && spare.byteLength <= 2 * length) return this.#taken(at, length);
    }
    return new Uint8Array(new ArrayBuffer(length));
  }

  /** Local: nobody reads these bytes, or others of the same memory, any more. They were taken here. */
  give({ buffer, length }: Uint8Array): void {
    if (length <= SHORTEST || buffer.byteLength > LONGEST || !(buffer instanceof ArrayBuffer)) return;
    if (this.#spares.length === MOST_SPARES) this.#spares.shift();
    this.#spares.push(buffer);
  }

  /** The last one takes its place. */
  #taken(at: number, length: number): Uint8Array {
    const last = this.#spares.pop()!;
    if (at === this.#spares.length) return new Uint8Array(last, 0, length);
    const spare = this.#spares[at];
    this.#spares[at] = last;
    return new Uint8Array(spare, 0, length);
  }
}
