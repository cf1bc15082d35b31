/** A window in memory that all ranks of a communicator can load from and store to. */
import {
  itemSize,
  lanesOf,
  makeArray,
  newArray,
  readElement,
  writeElement,
  type DType,
  type Scalar,
  type TypedArrayOf,
} from "../array/dtype.ts";
import type { Piece } from "../node/heap.ts";
import type { FetchOp } from "./contract.ts";
import { combineElement } from "./element.ts";
import type { RawWindow } from "./window.ts";

/** Each rank's elements begin at a cache line. */
const LINE_BYTES = 64;

/** Integers of an element's size: atomic operations work on them whatever the element means. */
type Bits = Int8Array | Int16Array | Int32Array | BigInt64Array;

/** {@link RawWindow} by load and store. Operations are complete when they return, so `flush` has nothing to wait for. */
export class SharedWindow<D extends DType> implements RawWindow<D> {
  readonly local: TypedArrayOf<D>;
  readonly #lanes: number;
  readonly #dtype: D;
  readonly #piece: Piece;
  /** By rank; only the ranks whose elements are in the piece have any. */
  readonly #arrays = new Map<number, TypedArrayOf<D>>();
  readonly #bits = new Map<number, Bits | null>();

  /** `ranks` are those whose elements are in the piece, `offsets` where each one's begin, in bytes. */
  constructor(
    piece: Piece,
    dtype: D,
    counts: readonly number[],
    ranks: readonly number[],
    offsets: readonly number[],
    rank: number,
  ) {
    this.#lanes = lanesOf(dtype);
    this.#dtype = dtype;
    this.#piece = piece;
    ranks.forEach((target, i) => {
      const at = piece.byteOffset + offsets[i];
      this.#arrays.set(target, makeArray(dtype, piece.buffer, at, counts[target]));
      this.#bits.set(target, bitsOver(itemSize(dtype), piece.buffer, at, counts[target]));
    });
    this.local = this.#arrays.get(rank)!;
  }

  /** Where each rank's elements begin in the piece, and how large it must be; in bytes. */
  static layout(counts: readonly number[], itemBytes: number): { offsets: readonly number[]; bytes: number } {
    let bytes = 0;
    const offsets = counts.map((count) => {
      const offset = bytes;
      bytes += Math.ceil((count * itemBytes) / LINE_BYTES) * LINE_BYTES;
      return offset;
    });
    return { offsets, bytes };
  }

  get(target: number, offset: number, count: number): TypedArrayOf<D> {
    const copy = newArray(this.#dtype, count);
    const bits = this.#bits.get(target);
    if (count === 1 && bits) bitsOver(itemSize(this.#dtype), copy.buffer, 0, 1)![0] = loadBits(bits, offset);
    else
      copy.set(
        this.#arrays.get(target)!.subarray(offset * this.#lanes, (offset + count) * this.#lanes) as never,
      );
    return copy;
  }

  put(target: number, offset: number, values: TypedArrayOf<D>): void {
    const bits = this.#bits.get(target);
    if (values.length === this.#lanes && bits)
      storeBits(bits, offset, this.#asBits(readElement(this.#dtype, values, 0)));
    else this.#arrays.get(target)!.set(values as never, offset * this.#lanes);
  }

  /** One compare-and-swap loop for all operations and dtypes: it repeats only when another rank has changed the element. */
  fetchAndOp(target: number, offset: number, value: Scalar<D>, op: FetchOp): Scalar<D> {
    const bits = this.#bits.get(target)!;
    for (;;) {
      const before = loadBits(bits, offset);
      const old = this.#asElement(before);
      const after = this.#asBits(combineElement(this.#dtype, old, value, op));
      if (swapBits(bits, offset, before, after) === before) return old;
    }
  }

  compareAndSwap(target: number, offset: number, expected: Scalar<D>, desired: Scalar<D>): Scalar<D> {
    const bits = this.#bits.get(target)!;
    return this.#asElement(swapBits(bits, offset, this.#asBits(expected), this.#asBits(desired)));
  }

  flush(): void {}

  sync(): void {
    // An atomic access orders this rank's plain accesses before it with those after it.
    Atomics.load(new Int32Array(this.#piece.buffer, this.#piece.byteOffset - LINE_BYTES, 1), 0);
  }

  close(): void {
    this.#piece.close();
  }

  #asBits(value: Scalar<D>): number | bigint {
    const array = newArray(this.#dtype, 1);
    writeElement(this.#dtype, array, 0, value);
    return bitsOver(itemSize(this.#dtype), array.buffer, 0, 1)![0];
  }

  #asElement(bits: number | bigint): Scalar<D> {
    const array = newArray(this.#dtype, 1);
    (bitsOver(itemSize(this.#dtype), array.buffer, 0, 1) as { [index: number]: number | bigint })[0] = bits;
    return readElement(this.#dtype, array, 0);
  }
}

function bitsOver(
  itemBytes: number,
  buffer: ArrayBufferLike,
  byteOffset: number,
  count: number,
): Bits | null {
  switch (itemBytes) {
    case 1:
      return new Int8Array(buffer, byteOffset, count);
    case 2:
      return new Int16Array(buffer, byteOffset, count);
    case 4:
      return new Int32Array(buffer, byteOffset, count);
    case 8:
      return new BigInt64Array(buffer, byteOffset, count);
    default:
      return null;
  }
}

// TypeScript has no overload for "some integer array with its own element": the casts pick one of two that act alike.
function loadBits(bits: Bits, index: number): number | bigint {
  return Atomics.load(bits as Int32Array, index);
}

function storeBits(bits: Bits, index: number, value: number | bigint): void {
  Atomics.store(bits as Int32Array, index, value as number);
}

function swapBits(
  bits: Bits,
  index: number,
  expected: number | bigint,
  desired: number | bigint,
): number | bigint {
  return Atomics.compareExchange(bits as Int32Array, index, expected as number, desired as number);
}
