/** What `set` and `assign` put into a segment: one rank's data, at its place in the array. */
import { lanesOf, newArray, type DType, type TypedArrayOf } from "../array/dtype.ts";
import { sizeOf, stridesOf } from "../array/shape.ts";
import { copySlab, slabOf } from "../array/slab.ts";
import type { Slab, Writing } from "../comm/engine.ts";
import type { Placement } from "./region.ts";

/** A rank's data on its way into the array. */
export class Filling<D extends DType> implements Writing {
  readonly #data: TypedArrayOf<D>;
  readonly #dtype: D;
  readonly #placement: Placement<D> | undefined;

  /** Ranks other than the root have no placement. */
  constructor(data: TypedArrayOf<D>, dtype: D, placement: Placement<D> | undefined) {
    this.#data = data;
    this.#dtype = dtype;
    this.#placement = placement;
  }

  write(): void {
    const { source, target } = this.#placement!;
    const lanes = lanesOf(this.#dtype);
    const { data, offset, strides, shape } = source;
    copySlab(this.#data, target.offset, target.strides, data, offset, strides, shape, lanes);
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
}
