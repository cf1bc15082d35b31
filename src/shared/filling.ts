/** What `set` and `assign` put into a segment: one rank's data, at its place in the array. */
import {
  itemSize,
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

  write(): undefined {
    const { source, target } = this.#placement!;
    const lanes = lanesOf(this.#dtype);
    const { data, offset, strides, shape } = source;
    copySlab(this.#data, target.offset, target.strides, data, offset, strides, shape, lanes);
  }

  get byteLength(): number {
    return sizeOf(this.#placement!.source.shape) * itemSize(this.#dtype);
  }

  source(): Uint8Array | null {
    const { data, offset, strides, shape } = this.#placement!.source;
    const isDense = stridesOf(shape).every((stride, axis) => stride === strides[axis] || shape[axis] === 1);
    if (!isDense || data.buffer === this.#data.buffer) return null;
    const byteOffset = data.byteOffset + offset * itemSize(this.#dtype);
    return new Uint8Array(data.buffer, byteOffset, this.byteLength);
  }

  slab(): Slab | null {
    const { offset, shape, strides } = this.#placement!.target;
    return sizeOf(shape) === 0 ? null : slabOf(this.#dtype, offset, shape, strides);
  }

  bytes(): Uint8Array {
    return this.source() ?? this.#packed();
  }

  #packed(): Uint8Array {
    const { data, offset, strides, shape } = this.#placement!.source;
    const packed = newArray(this.#dtype, sizeOf(shape));
    copySlab(packed, 0, stridesOf(shape), data, offset, strides, shape, lanesOf(this.#dtype));
    return new Uint8Array(packed.buffer, packed.byteOffset, packed.byteLength);
  }
}

/**
 * Local: data that was taken from what users see of an array, `seen`, as part of the array's own memory: under `PSHMEM_GUARD=1` these are two
 * mappings of the same memory, and an overlap of data and array shows only in one.
 */
export function throughOwn<D extends DType>(
  dtype: D,
  own: TypedArrayOf<D>,
  seen: ReadonlyTypedArrayOf<D>,
  placement: Placement<D>,
): Placement<D> {
  const { data } = placement.source;
  if (seen.buffer === own.buffer || data.buffer !== seen.buffer) return placement;
  const there = makeArray(dtype, own.buffer, data.byteOffset, data.length / lanesOf(dtype));
  return { ...placement, source: { ...placement.source, data: there } };
}
