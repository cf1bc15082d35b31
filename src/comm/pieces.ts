/** A slab of a segment as pieces that travel one by one. */
import { packSlab, rowOffset, slabBytes, unpackSlab } from "../array/slab.ts";
import type { Slab } from "./engine.ts";

/** Memory that may be larger than one typed array can cover. */
export interface Memory {
  readonly buffer: ArrayBufferLike;
  readonly byteOffset: number;
  readonly byteLength: number;
}

/** Pieces on their way at once: while one is copied the others travel. */
export const MOST_PIECES = 4;
/**
 * Bytes of a piece of a slab that lies in one piece: nothing is held beside the segments. Each message costs a round trip of
 * its own, so few large ones are several times faster than many small ones.
 */
const LONG_PIECE_BYTES = 4 * 1024 * 1024;
/** Bytes of a piece that is packed: all buffers together have 4 MiB. */
const PACKED_PIECE_BYTES = 512 * 1024;
/** As many pieces may still leave as others already come in. */
const BUFFERS = 2 * MOST_PIECES;

/** The pieces of a slab: in memory where they lie in one row of it, else in one of a few buffers, used in turn. */
export class Pieces {
  readonly count: number;
  readonly #memory: Memory;
  readonly #slab: Slab;
  readonly #total: number;
  readonly #most: number;
  readonly #buffers: Uint8Array[] = [];

  constructor(memory: Memory, slab: Slab) {
    this.#memory = memory;
    this.#slab = slab;
    this.#total = slabBytes(slab);
    this.#most = slab.shape.length === 0 ? LONG_PIECE_BYTES : PACKED_PIECE_BYTES;
    this.count = Math.ceil(this.#total / this.#most);
  }

  /** Where a piece is to be put. */
  place(piece: number): Uint8Array {
    return this.#inPlace(piece) ?? this.#bufferOf(piece);
  }

  /** The bytes of a piece, packed if need be. */
  pack(piece: number): Uint8Array {
    const bytes = this.place(piece);
    if (!this.#inPlace(piece)) packSlab(this.#memory, this.#slab, piece * this.#most, bytes);
    return bytes;
  }

  /** Brings a piece that has been put in its place to where it belongs. */
  unpack(piece: number): Uint8Array {
    const bytes = this.place(piece);
    if (!this.#inPlace(piece)) unpackSlab(this.#memory, this.#slab, piece * this.#most, bytes);
    return bytes;
  }

  #lengthOf(piece: number): number {
    return Math.min(this.#most, this.#total - piece * this.#most);
  }

  #bufferOf(piece: number): Uint8Array {
    const buffer = (this.#buffers[piece % BUFFERS] ??= new Uint8Array(this.#most));
    return buffer.subarray(0, this.#lengthOf(piece));
  }

  #inPlace(piece: number): Uint8Array | null {
    const { rowBytes } = this.#slab;
    const start = piece * this.#most;
    const within = start % rowBytes;
    if (within + this.#lengthOf(piece) > rowBytes) return null;
    const at = rowOffset(this.#slab, (start - within) / rowBytes) + within;
    return new Uint8Array(this.#memory.buffer, this.#memory.byteOffset + at, this.#lengthOf(piece));
  }
}
