/**
 * Pieces of shared memory without a shared allocator: every rank carves from memory of its own and tells the others where.
 * Small pieces share a chunk, so ten thousand small arrays cost a few blocks; a large piece is a block by itself. No block is made
 * before the ledger has been asked whether there is memory for it.
 */
import { availableBytes } from "./available.ts";
import { Ledger, noMemory } from "./ledger.ts";

/** Blocks of zeroed memory that other ranks can attach to. */
export interface Memory {
  /** Makes a block which the world ranks of `audience` may attach to. @throws RangeError NO_MEMORY */
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
  /** The same block as users get it: where they asked for a guard, mapped so that it can only be read; else the block itself. */
  readable(buffer: ArrayBufferLike): ArrayBufferLike;
  /** The word of a {@link Ledger}, where pages are had only once they are touched; null where they are had at once. */
  readonly promised: BigInt64Array | null;
  /** Gives back what was released and is still there: for want of a garbage collection, or kept for the next block. Null where `release` gives all back. */
  readonly collect: (() => void) | null;
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
  /** The same memory for users, who only read it: see {@link Memory.readable}. */
  readonly readable: ArrayBufferLike;
  /** Where the user's bytes begin; a multiple of {@link PIECE_ALIGN}, for a block by itself of {@link BLOCK_ALIGN}. */
  readonly byteOffset: number;
  readonly byteLength: number;
  /** On its owner: some rank of the audience is not known to have attached to its block, and may fail to. */
  readonly isFresh: boolean;
  /** Local, idempotent: this rank no longer uses the piece. */
  close(): void;
}

/** Pieces begin at multiples of a cache line. */
export const PIECE_ALIGN = 64;
/**
 * Bytes before the user's: word 0 counts the ranks that have closed, to which each adds one, and the owner those that never opened. Word 1 of a
 * block is its memory's own, for as long as there is the block. Word 2 of a large piece is the number of its ranks, written by the owner before it
 * tells the place. Word 3 counts those that have opened, to which each adds one. The owner resets words 0 and 3 at reuse, when all have closed:
 * nobody adds to them before it tells the place again.
 */
const HEADER_BYTES = PIECE_ALIGN;
/**
 * The user's bytes in a block by itself begin a page after the block. Large arrays of programs begin at a page too, or 16 bytes behind: the C library puts
 * a line of its own before them. Between such places AMD's processors copy 64 KiB at 46 to 50 GB/s, to 48 bytes further, modulo a page, at 36, and to 1 to 31 bytes further at 3.
 */
export const BLOCK_ALIGN = 4096;
const CLOSED = 0;
const READERS = 2;
const OPENED = 3;
const HEADER_WORDS = HEADER_BYTES / Int32Array.BYTES_PER_ELEMENT;
/**
 * Each chunk is twice as large as the one before, up to a limit. A chunk holds a descriptor until all of the node have attached to it,
 * which ranks that are lent nothing never do, and MPI may attach few of them: there must not be many.
 */
const FIRST_CHUNK_BYTES = 1024 * 1024;
const LARGEST_CHUNK_BYTES = 32 * FIRST_CHUNK_BYTES;
/** Larger pieces are blocks by themselves, whose memory goes back. */
export const LARGEST_SHARED = 128 * 1024;
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
  /** The world ranks that are known to have attached to each chunk of this rank's. */
  readonly #knownTo = new Map<number, Set<number>>();
  #chunkBytes = FIRST_CHUNK_BYTES;
  readonly #ledger: Ledger;

  /** `everyone`: the world ranks that may ever be lent a small piece. */
  constructor(memory: Memory, me: number, everyone: readonly number[]) {
    this.#memory = memory;
    this.#me = me;
    this.#everyone = everyone;
    this.#ledger = new Ledger(memory.promised);
  }

  /** Local: a zeroed piece for the world ranks of `audience`, this one among them. @throws NO_MEMORY */
  allocate(bytes: number, audience: readonly number[]): Piece {
    const total = totalOf(bytes);
    if (isBlock(total)) {
      this.#collectWaste();
      const place = this.#make(total, audience, bytes);
      headerOf(place.buffer, 0)[READERS] = audience.length;
      return this.#openBlock(place, bytes, audience.length > 1);
    }
    if (this.#lent.length >= this.#sweepAt) this.#sweep();
    const place = this.#reuse(total) ?? this.#carve(total);
    this.#lent.push({ place, bytes: total, readers: audience.length });
    const known = this.#knownTo.get(place.block)!;
    const isFresh = audience.some((rank) => !known.has(rank));
    return this.#open(place, bytes, isFresh);
  }

  /** Local: all of `audience` have attached to a piece of this rank, so others of the same chunk will not be fresh to them. */
  markKnown(piece: Piece, audience: readonly number[]): void {
    const known = this.#knownTo.get(piece.location.block);
    for (const rank of audience) known?.add(rank);
  }

  /** Local: the piece that another rank has lent to this one. */
  attach(location: Location, bytes: number): Piece {
    const { owner, block } = location;
    if (isBlock(totalOf(bytes))) {
      this.#collectWaste();
      return this.#openBlock({ ...location, buffer: this.#memory.attach(owner, block) }, bytes, false);
    }
    const key = `${owner}.${block}`;
    const buffer = this.#attached.get(key) ?? this.#memory.attach(owner, block);
    this.#attached.set(key, buffer);
    return this.#open({ ...location, buffer }, bytes, false);
  }

  /**
   * Local: takes back a piece of this rank, which it uses no more; whoever has attached to it closes it. Where others may attach yet,
   * `isSettled` is false, and a small piece is not used again before they too have closed it.
   */
  discard(piece: Piece, audience: readonly number[], isSettled = true): void {
    const total = totalOf(piece.byteLength);
    const header = headerOf(piece.buffer, piece.byteOffset - headBytes(total));
    // Whoever has opened it gives back its own share.
    const others = audience.length - Atomics.load(header, OPENED);
    if (isBlock(total)) {
      this.#memory.withdraw(piece.location.block, audience);
      this.#ledger.giveBack(total, audience.length, others);
    } else if (isSettled) {
      Atomics.add(header, CLOSED, others);
    }
    piece.close();
  }

  /**
   * Local, blocking for some milliseconds: gives back what is closed and still there. False where nothing ever is: closed memory goes
   * at once.
   */
  collect(): boolean {
    if (!this.#memory.collect) return false;
    this.#memory.collect();
    this.#ledger.wasCollected();
    return true;
  }

  /** Not in `close` itself: its callers still know the piece. */
  #collectWaste(): void {
    if (this.#ledger.isWasteful()) this.collect();
  }

  /** A block for a piece, or pieces, of `wanted` bytes. */
  #make(bytes: number, audience: readonly number[], wanted = bytes): Place {
    this.#ledger.take(bytes, audience.length, wanted);
    try {
      const { id, buffer } = this.#memory.create(bytes, audience);
      return { owner: this.#me, block: id, slot: 0, buffer };
    } catch (error) {
      this.#ledger.giveBack(bytes, audience.length, audience.length);
      throw error instanceof RangeError ? noMemory(wanted, availableBytes(), error) : error;
    }
  }

  #reuse(total: number): Place | undefined {
    const place = this.#free.get(total)?.pop();
    if (!place) return undefined;
    const start = place.slot * PIECE_ALIGN;
    const header = headerOf(place.buffer, start);
    header[CLOSED] = 0;
    header[OPENED] = 0;
    new Uint8Array(place.buffer, start + HEADER_BYTES, total - HEADER_BYTES).fill(0);
    return place;
  }

  #carve(total: number): Place {
    let chunk = this.#chunk;
    if (!chunk || chunk.slot * PIECE_ALIGN + total > chunk.buffer.byteLength) {
      chunk = this.#make(this.#chunkBytes, this.#everyone);
      this.#chunkBytes = Math.min(2 * this.#chunkBytes, LARGEST_CHUNK_BYTES);
      this.#knownTo.set(chunk.block, new Set([this.#me]));
    }
    this.#chunk = { ...chunk, slot: chunk.slot + total / PIECE_ALIGN };
    return chunk;
  }

  /** Collects the pieces that all have closed. Runs each time the list has doubled, so its cost per piece is constant. */
  #sweep(): void {
    const still: Lent[] = [];
    for (const lent of this.#lent) {
      const { place, bytes, readers } = lent;
      if (Atomics.load(headerOf(place.buffer, place.slot * PIECE_ALIGN), CLOSED) < readers) still.push(lent);
      else if (this.#free.has(bytes)) this.#free.get(bytes)!.push(place);
      else this.#free.set(bytes, [place]);
    }
    this.#lent = still;
    this.#sweepAt = Math.max(64, 2 * still.length);
  }

  /** A piece that is a block by itself. */
  #openBlock(place: Place, bytes: number, isFresh: boolean): Piece {
    const { buffer } = place;
    const giveBack = this.#ledger.hold(buffer, totalOf(bytes), headerOf(buffer, 0)[READERS]);
    return this.#open(place, bytes, isFresh, () => {
      this.#memory.release(buffer);
      giveBack();
    });
  }

  #open(place: Place, bytes: number, isFresh: boolean, release?: () => void): Piece {
    const { buffer, owner, block, slot } = place;
    const start = slot * PIECE_ALIGN;
    const header = headerOf(buffer, start);
    let closed = false;
    const close = () => {
      if (closed) return;
      closed = true;
      Atomics.add(header, CLOSED, 1);
      release?.();
    };
    Atomics.add(header, OPENED, 1);
    return {
      location: { owner, block, slot },
      buffer,
      readable: this.#memory.readable(buffer),
      byteOffset: start + headBytes(totalOf(bytes)),
      byteLength: bytes,
      isFresh,
      close,
    };
  }
}

function headerOf(buffer: ArrayBufferLike, start: number): Int32Array {
  return new Int32Array(buffer, start, HEADER_WORDS);
}

/** What a piece of so many of the user's bytes takes. */
function totalOf(bytes: number): number {
  const shared = HEADER_BYTES + bytes;
  return isBlock(shared) ? BLOCK_ALIGN + bytes : roundUp(shared);
}

function isBlock(total: number): boolean {
  return total > LARGEST_SHARED;
}

/** The bytes before the user's. */
function headBytes(total: number): number {
  return isBlock(total) ? BLOCK_ALIGN : HEADER_BYTES;
}

function roundUp(bytes: number): number {
  return bytes <= FINE_SIZES
    ? Math.ceil(bytes / PIECE_ALIGN) * PIECE_ALIGN
    : 2 ** Math.ceil(Math.log2(bytes));
}
