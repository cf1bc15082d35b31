/** Slabs of a segment as pieces that travel one by one. */
import { packSlab, rowOffset, slabBytes, unpackSlab } from "../array/slab.ts";
import type { Landing } from "../node/landing.ts";
import type { Slab } from "./engine.ts";

/** Memory that may be larger than one typed array can cover. */
export interface Memory {
  readonly buffer: ArrayBufferLike;
  readonly byteOffset: number;
  readonly byteLength: number;
  /** Local: this memory is not to be used for anything else, ever. */
  keep?(): void;
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

/** Some bytes of a slab, counted in row-major order. */
interface Part {
  readonly slab: Slab;
  readonly start: number;
  readonly bytes: number;
}

/** What travels in one message: a part of a long slab, or short ones one after the other. */
export type Piece = readonly Part[];

/** Local: the pieces of slabs, the same wherever the slabs are the same. */
export function cutSlabs(slabs: readonly Slab[]): Piece[] {
  const pieces: Part[][] = [];
  let open: Part[] = [];
  let room = 0;
  for (const slab of slabs) {
    const bytes = slabBytes(slab);
    if (bytes > PACKED_PIECE_BYTES) {
      pieces.push(...cutLong(slab, bytes));
      continue;
    }
    if (bytes > room) {
      pieces.push((open = []));
      room = PACKED_PIECE_BYTES;
    }
    open.push({ slab, start: 0, bytes });
    room -= bytes;
  }
  return pieces;
}

function cutLong(slab: Slab, total: number): Part[][] {
  const most = slab.shape.length === 0 ? LONG_PIECE_BYTES : PACKED_PIECE_BYTES;
  return Array.from({ length: Math.ceil(total / most) }, (_, i) => {
    return [{ slab, start: i * most, bytes: Math.min(most, total - i * most) }];
  });
}

/** Pieces in a segment: in its memory where they lie in one row of it, else in one of a few buffers, used in turn. */
export class Pieces {
  readonly count: number;
  readonly #memory: Memory;
  readonly #pieces: readonly Piece[];
  readonly #source: Uint8Array | null;
  readonly #buffers: Uint8Array[] = [];

  /** `source`: the bytes of the one slab, where they are not in the segment yet. */
  constructor(memory: Memory, pieces: readonly Piece[], source: Uint8Array | null = null) {
    this.#memory = memory;
    this.#pieces = pieces;
    this.#source = source;
    this.count = pieces.length;
  }

  /** Where a piece is to be put. */
  place(piece: number): Uint8Array {
    return this.#inPlace(piece) ?? this.#bufferOf(piece);
  }

  /** The bytes of a piece, packed if need be. */
  pack(piece: number): Uint8Array {
    const [{ start, bytes: count }] = this.#pieces[piece];
    if (this.#source) return this.#source.subarray(start, start + count);
    const bytes = this.place(piece);
    if (!this.#inPlace(piece)) this.#transfer(piece, bytes, packSlab);
    return bytes;
  }

  /** Brings a piece that has been put in its place to where it belongs. */
  unpack(piece: number): Uint8Array {
    const bytes = this.place(piece);
    if (!this.#inPlace(piece)) this.#transfer(piece, bytes, unpackSlab);
    return bytes;
  }

  /**
   * Local: no more is taken. A piece that has begun to come goes on to where it was to land, whatever has become of that meanwhile: a piece of memory
   * that was closed and lent again would be another array. Only the post knows which have begun: any that is missing counts for one.
   */
  end(coming: readonly Landing[]): void {
    if (coming.some(({ landed }) => !landed)) this.#memory.keep?.();
  }

  /** Writes a piece of the source to the segment. */
  store(piece: number): void {
    if (this.#source) this.#transfer(piece, this.pack(piece), unpackSlab);
  }

  #transfer(piece: number, packed: Uint8Array, move: typeof packSlab): void {
    let at = 0;
    for (const { slab, start, bytes } of this.#pieces[piece]) {
      move(this.#memory, slab, start, packed.subarray(at, at + bytes));
      at += bytes;
    }
  }

  #bufferOf(piece: number): Uint8Array {
    const length = this.#pieces[piece].reduce((sum, { bytes }) => sum + bytes, 0);
    const place = piece % BUFFERS;
    if (!(this.#buffers[place]?.length >= length)) this.#buffers[place] = new Uint8Array(length);
    return this.#buffers[place].subarray(0, length);
  }

  #inPlace(piece: number): Uint8Array | null {
    const [{ slab, start, bytes }, second] = this.#pieces[piece];
    const within = start % slab.rowBytes;
    if (second || within + bytes > slab.rowBytes) return null;
    const at = rowOffset(slab, (start - within) / slab.rowBytes) + within;
    return new Uint8Array(this.#memory.buffer, this.#memory.byteOffset + at, bytes);
  }
}
