/** What `set` and `assign` put into a segment: one rank's data, at its place in the array. */
import {
  lanesOf,
  makeArray,
  newArray,
  type DType,
  type ReadonlyTypedArrayOf,
  type TypedArrayOf,
} from "../array/dtype.ts";
import { sizeOf, stridesOf } from "../array/shape.ts";
import { copySlab, slabOf } from "../array/slab.ts";
import type { Slab, Writing } from "../comm/engine.ts";
import type { Placement } from "./region.ts";

/** The elements of an array: as they are written, and as users read them. Under `PSHMEM_GUARD=1` these lie at different addresses. */
export interface Elements<D extends DType> {
  readonly data: TypedArrayOf<D>;
  readonly elements: ReadonlyTypedArrayOf<D>;
}

/** A rank's data on its way into the array. */
export class Filling<D extends DType> implements Writing {
  readonly #array: Elements<D>;
  readonly #dtype: D;
  readonly #placement: Placement<D> | undefined;

  /** Ranks other than the root have no placement. */
  constructor(array: Elements<D>, dtype: D, placement: Placement<D> | undefined) {
    this.#array = array;
    this.#dtype = dtype;
    this.#placement = placement;
  }

  write(): void {
    const { source, target } = this.#placement!;
    const lanes = lanesOf(this.#dtype);
    const { offset, strides, shape } = source;
    const { data } = this.#array;
    copySlab(data, target.offset, target.strides, this.#source(), offset, strides, shape, lanes);
  }

  slab(): Slab | null {
    const { offset, shape, strides } = this.#placement!.target;
    return sizeOf(shape) === 0 ? null : slabOf(this.#dtype, offset, shape, strides);
  }

  bytes(): Uint8Array {
    const { data, offset, strides, shape } = this.#placement!.source;
    const packed = newArray(this.#dtype, sizeOf(shape));
    copySlab(packed, 0, stridesOf(shape), data, offset, strides, shape, lanesOf(this.#dtype));
    return new Uint8Array(packed.buffer, packed.byteOffset, packed.byteLength);
  }

  /** Views of the array itself are seen where they are written, so that an overlap shows. */
  #source(): TypedArrayOf<D> {
    const { data } = this.#placement!.source;
    const { data: written, elements } = this.#array;
    if (elements.buffer === written.buffer || data.buffer !== elements.buffer) return data;
    return makeArray(this.#dtype, written.buffer, data.byteOffset, data.length / lanesOf(this.#dtype));
  }
}
