/** A user's window in the memory of an MPI window. */
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
import type { DistantPlace, Keeper } from "../comm/backend.ts";
import type { FetchOp } from "../comm/contract.ts";
import { combineElement } from "../comm/element.ts";
import type { RawWindow } from "../comm/window.ts";
import type { Piece } from "../node/heap.ts";
import type { Handle } from "./abi/types.ts";
import type { AtomicBytes, Int, RmaAccess } from "./rma-access.ts";

/** What a window is made of. */
export interface RmaWindowParts<D extends DType> {
  readonly dtype: D;
  readonly access: RmaAccess;
  /** MPI_NO_OP. */
  readonly noOp: Handle;
  readonly places: readonly DistantPlace[];
  readonly keeper: Keeper;
  readonly own: { readonly piece: Piece; readonly count: number };
}

/** An element's place within the integer that MPI updates at once. */
interface Spot {
  readonly owner: number;
  readonly address: number;
  /** Bytes before the element in that integer. */
  readonly inside: number;
}

/**
 * {@link RawWindow} by MPI. Single elements are read and written by the same two operations, a load (MPI_NO_OP) and a compare and swap
 * on the 4 or 8 bytes that hold the element, so that they are atomic with one another in every dtype; runs of elements go by
 * MPI_Get and MPI_Put, which are not atomic.
 */
export class RmaWindow<D extends DType> implements RawWindow<D> {
  readonly local: TypedArrayOf<D>;
  readonly #parts: RmaWindowParts<D>;
  readonly #itemBytes: number;
  /** Null when an element is larger than what MPI updates at once. */
  readonly #atomicBytes: AtomicBytes | null;

  constructor(parts: RmaWindowParts<D>) {
    const { piece, count } = parts.own;
    this.#parts = parts;
    this.#itemBytes = itemSize(parts.dtype);
    this.#atomicBytes = this.#itemBytes > 8 ? null : this.#itemBytes === 8 ? 8 : 4;
    this.local = makeArray(parts.dtype, piece.buffer, piece.byteOffset, count);
  }

  get(target: number, offset: number, count: number): TypedArrayOf<D> {
    this.#settle(target);
    if (count === 1 && this.#atomicBytes)
      return this.#load(this.#atomicBytes, this.#spot(target, offset)).element;
    const copy = this.#outsideHeap(count);
    const { owner, address } = this.#parts.places[target];
    this.#parts.access.get(owner, address + offset * this.#itemBytes, bytesOf(copy));
    return copy;
  }

  put(target: number, offset: number, values: TypedArrayOf<D>): void {
    if (values.length === lanesOf(this.#parts.dtype) && this.#atomicBytes) {
      this.#settle(target);
      this.#update(target, offset, () => values);
      return;
    }
    this.#parts.keeper.poll();
    const { owner, address } = this.#parts.places[target];
    this.#parts.access.put(owner, address + offset * this.#itemBytes, bytesOf(values));
  }

  /** One compare-and-swap loop for all operations and dtypes: it repeats only when another rank has changed the element. */
  fetchAndOp(target: number, offset: number, value: Scalar<D>, op: FetchOp): Scalar<D> {
    const { dtype } = this.#parts;
    this.#settle(target);
    return this.#update(target, offset, (old) =>
      op === "no_op" ? null : this.#elementOf(combineElement(dtype, readElement(dtype, old, 0), value, op)),
    );
  }

  compareAndSwap(target: number, offset: number, expected: Scalar<D>, desired: Scalar<D>): Scalar<D> {
    const wanted = bytesOf(this.#elementOf(expected));
    this.#settle(target);
    return this.#update(target, offset, (old) =>
      bytesOf(old).every((byte, i) => byte === wanted[i]) ? this.#elementOf(desired) : null,
    );
  }

  flush(target?: number): void {
    const { access, places } = this.#parts;
    access.settle(target === undefined ? undefined : places[target].owner);
  }

  sync(): void {
    this.#parts.access.sync();
  }

  close(): void {
    this.#parts.access.settle();
    this.#parts.keeper.close();
  }

  /** As in the other kinds of window, what this rank has put is there for what it does next. */
  #settle(target: number): void {
    this.#parts.keeper.poll();
    this.#parts.access.settle(this.#parts.places[target].owner);
  }

  /** Puts what `change` makes of an element in its place (null: leaves it); returns the element as it was. */
  #update(
    target: number,
    offset: number,
    change: (old: TypedArrayOf<D>) => TypedArrayOf<D> | null,
  ): Scalar<D> {
    const spot = this.#spot(target, offset);
    const bytes = this.#atomicBytes!;
    for (;;) {
      const { element, whole } = this.#load(bytes, spot);
      const after = change(element);
      if (!after || this.#swap(bytes, spot, whole, after)) return readElement(this.#parts.dtype, element, 0);
    }
  }

  #spot(target: number, offset: number): Spot {
    const { owner, address } = this.#parts.places[target];
    const at = offset * this.#itemBytes;
    const inside = at % this.#atomicBytes!;
    return { owner, address: address + at - inside, inside };
  }

  #load<B extends AtomicBytes>(
    bytes: B,
    { owner, address, inside }: Spot,
  ): { readonly element: TypedArrayOf<D>; readonly whole: Int<B> } {
    const zero = (bytes === 4 ? 0 : 0n) as Int<B>;
    const whole = this.#parts.access.fetch(bytes, owner, address, zero, this.#parts.noOp);
    const element = newArray(this.#parts.dtype, 1);
    bytesOf(element).set(intBytes(whole).subarray(inside, inside + this.#itemBytes));
    return { element, whole };
  }

  #swap<B extends AtomicBytes>(
    bytes: B,
    { owner, address, inside }: Spot,
    before: Int<B>,
    element: TypedArrayOf<D>,
  ): boolean {
    const after = intBytes(before);
    after.set(bytesOf(element), inside);
    return this.#parts.access.swap(bytes, owner, address, before, intFrom<B>(after)) === before;
  }

  #elementOf(value: Scalar<D>): TypedArrayOf<D> {
    const array = newArray(this.#parts.dtype, 1);
    writeElement(this.#parts.dtype, array, 0, value);
    return array;
  }

  /** MPI writes to it while the garbage collector may run: small arrays would move. */
  #outsideHeap(count: number): TypedArrayOf<D> {
    return makeArray(this.#parts.dtype, new ArrayBuffer(count * this.#itemBytes), 0, count);
  }
}

function bytesOf(array: TypedArrayOf): Uint8Array {
  return new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
}

function intBytes(value: number | bigint): Uint8Array {
  return bytesOf(typeof value === "bigint" ? BigInt64Array.of(value) : Int32Array.of(value));
}

function intFrom<B extends AtomicBytes>(bytes: Uint8Array): Int<B> {
  const { buffer } = bytes;
  return (bytes.length === 4 ? new Int32Array(buffer) : new BigInt64Array(buffer))[0] as Int<B>;
}
