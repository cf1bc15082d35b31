/**
 * Pieces of shared memory without a shared allocator: every rank carves from memory of its own and tells the others where.
 * Small pieces share a chunk, so ten thousand small arrays cost a few blocks; a large piece is a block by itself.
 */

/** Blocks of zeroed memory that other ranks can attach to. */
export interface Memory {
  /** Makes a block which the world ranks of `audience` may attach to. @throws RangeError when there is no memory */
  create(
    bytes: number,
    audience: readonly number[],
  ): { readonly id: number; readonly buffer: ArrayBufferLike };
  /** The block `id`, at least as long as it was asked for, that rank `owner` made for this rank. */
  attach(owner: number, id: number): ArrayBufferLike;
  /** This rank no longer uses a block; views of it may still exist. */
  release(buffer: ArrayBufferLike): void;
  /** Takes back a block that nobody attached to. */
  withdraw(id: number, audience: readonly number[]): void;
}

/** Where a piece is, as ranks tell one another. */
export interface Location {
  readonly owner: number;
  readonly block: number;
  /** In units of {@link PIECE_ALIGN} bytes. */
  readonly slot: number;
}

/** A piece of shared memory in use. */
export interface Piece {
  readonly location: Location;
  readonly buffer: ArrayBufferLike;
  /** Where the user's bytes begin; a multiple of {@link PIECE_ALIGN}. */
  readonly byteOffset: number;
  readonly byteLength: number;
  /** On its owner: some rank of the audience has not been lent a piece of the same block before, and may fail to attach. */
  readonly isFresh: boolean;
  /** Local, idempotent: this rank no longer uses the piece. */
  close(): void;
}

/** Pieces begin at multiples of a cache line. */
export const PIECE_ALIGN = 64;
/**
 * Bytes before the user's: word 0 counts the ranks that have closed; each rank adds one, the owner resets it at reuse. Word 1 of a
 * block is its memory's own.
 */
const HEADER_BYTES = PIECE_ALIGN;
/**
 * Each chunk is twice as large as the one before, up to a limit. A chunk holds a descriptor until all of the node have attached to it,
 * which ranks that are lent nothing never do, and MPI may attach few of them: there must not be many.
 */
const FIRST_CHUNK_BYTES = 1024 * 1024;
const LARGEST_CHUNK_BYTES = 32 * FIRST_CHUNK_BYTES;
/** Larger pieces are blocks by themselves: their memory goes back to the system. */
const LARGEST_SHARED = 128 * 1024;
/** Sizes up to this are rounded to cache lines, beyond it to powers of two, so that freed pieces fit new ones. */
const FINE_SIZES = 1024;

interface Lent {
  readonly place: Place;
  readonly bytes: number;
  readonly readers: number;
}

/** A location with the memory it lies in. */
interface Place extends Location {
  readonly buffer: ArrayBufferLike;
  /** World ranks that have been lent pieces of it; of chunks only. */
  readonly knownTo?: Set<number>;
}

/** The pieces that this rank lends to others, and the way to those that others lend to it. */
export class Heap {
  readonly #memory: Memory;
  readonly #me: number;
  readonly #everyone: readonly number[];
  /** The chunks this rank has attached to, by owner and number: each is looked up once. */
  readonly #attached = new Map<string, ArrayBufferLike>();
  /** Freed pieces by size. */
  readonly #free = new Map<number, Place[]>();
  #lent: Lent[] = [];
  #sweepAt = 64;
  #chunk: Place | null = null;
  #chunkBytes = FIRST_CHUNK_BYTES;

  /** `everyone`: the world ranks that may ever be lent a small piece. */
  constructor(memory: Memory, me: number, everyone: readonly number[]) {
    this.#memory = memory;
    this.#me = me;
    this.#everyone = everyone;
  }

  /** Local: a zeroed piece for the world ranks of `audience`, this one among them. @throws RangeError without memory */
  allocate(bytes: number, audience: readonly number[]): Piece {
    const total = roundUp(HEADER_BYTES + bytes);
    if (total > LARGEST_SHARED) {
      const { id, buffer } = this.#memory.create(total, audience);
      const place = { owner: this.#me, block: id, slot: 0, buffer };
      return open(place, bytes, audience.length > 1, this.#memory);
    }
    if (this.#lent.length >= this.#sweepAt) this.#sweep();
    const place = this.#reuse(total) ?? this.#carve(total);
    this.#lent.push({ place, bytes: total, readers: audience.length });
    const { knownTo } = place;
    const isFresh = audience.some((rank) => !knownTo!.has(rank));
    if (isFresh) for (const rank of audience) knownTo!.add(rank);
    return open(place, bytes, isFresh);
  }

  /** Local: the piece that another rank has lent to this one. */
  attach(location: Location, bytes: number): Piece {
    const { owner, block } = location;
    const total = roundUp(HEADER_BYTES + bytes);
    if (total > LARGEST_SHARED) {
      return open({ ...location, buffer: this.#memory.attach(owner, block) }, bytes, false, this.#memory);
    }
    const key = `${owner}.${block}`;
    const buffer = this.#attached.get(key) ?? this.#memory.attach(owner, block);
    this.#attached.set(key, buffer);
    return open({ ...location, buffer }, bytes, false);
  }

  /** Local: takes back a piece of this rank that nobody else will attach to. */
  discard(piece: Piece, audience: readonly number[]): void {
    if (roundUp(HEADER_BYTES + piece.byteLength) > LARGEST_SHARED) {
      this.#memory.withdraw(piece.location.block, audience);
      this.#memory.release(piece.buffer);
    } else {
      Atomics.store(closedWord(piece.buffer, piece.byteOffset - HEADER_BYTES), 0, audience.length);
    }
  }

  #reuse(total: number): Place | undefined {
    const place = this.#free.get(total)?.pop();
    if (place) new Uint8Array(place.buffer, place.slot * PIECE_ALIGN, total).fill(0);
    return place;
  }

  #carve(total: number): Place {
    let chunk = this.#chunk;
    if (!chunk || chunk.slot * PIECE_ALIGN + total > chunk.buffer.byteLength) {
      const { id, buffer } = this.#memory.create(this.#chunkBytes, this.#everyone);
      this.#chunkBytes = Math.min(2 * this.#chunkBytes, LARGEST_CHUNK_BYTES);
      chunk = { owner: this.#me, block: id, slot: 0, buffer, knownTo: new Set([this.#me]) };
    }
    this.#chunk = { ...chunk, slot: chunk.slot + total / PIECE_ALIGN };
    return chunk;
  }

  /** Collects the pieces that all have closed. Runs each time the list has doubled, so its cost per piece is constant. */
  #sweep(): void {
    const still: Lent[] = [];
    for (const lent of this.#lent) {
      const { place, bytes, readers } = lent;
      if (Atomics.load(closedWord(place.buffer, place.slot * PIECE_ALIGN), 0) < readers) still.push(lent);
      else if (this.#free.has(bytes)) this.#free.get(bytes)!.push(place);
      else this.#free.set(bytes, [place]);
    }
    this.#lent = still;
    this.#sweepAt = Math.max(64, 2 * still.length);
  }
}

/** `memory` is given for a piece that is a block by itself. */
function open(place: Place, bytes: number, isFresh: boolean, memory?: Memory): Piece {
  const { buffer, owner, block, slot } = place;
  const start = place.slot * PIECE_ALIGN;
  let closed = false;
  const close = () => {
    if (closed) return;
    closed = true;
    Atomics.add(closedWord(buffer, start), 0, 1);
    memory?.release(buffer);
  };
  const location = { owner, block, slot };
  return { location, buffer, byteOffset: start + HEADER_BYTES, byteLength: bytes, isFresh, close };
}

function closedWord(buffer: ArrayBufferLike, start: number): Int32Array {
  return new Int32Array(buffer, start, 1);
}

function roundUp(bytes: number): number {
  if (bytes > LARGEST_SHARED) return bytes;
  return bytes <= FINE_SIZES
    ? Math.ceil(bytes / PIECE_ALIGN) * PIECE_ALIGN
    : 2 ** Math.ceil(Math.log2(bytes));
}
