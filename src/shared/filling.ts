/** What `set` and `assign` put into a segment: one rank's data, at its place in the array. */
import {
  bufferOf,
  byteOffsetOf,
  itemSize,
  lanesOf,
  lengthOf,
  makeArray,
  newArray,
  type DType,
  type TypedArrayOf,
} from "../array/dtype.ts";
import { sizeOf, stridesOf } from "../array/shape.ts";
import { copySlab, slabOf } from "../array/slab.ts";
import type { Segment, Slab, Writing } from "../comm/engine.ts";
import type { ArrayMemory } from "./memory.ts";
import type { Placement } from "./region.ts";

/** What is filled. */
export interface Filled<D extends DType> {
  readonly dtype: D;
  readonly segment: Segment;
  /** This node's memory, to write to. */
  readonly data: TypedArrayOf<D>;
}

/** A rank's data on its way into the array. One for all calls of an array: a `set` allocates nothing for it. */
export class Filling<D extends DType> implements Writing {
  readonly memory: Segment;
  readonly #data: TypedArrayOf<D>;
  readonly #dtype: D;
  #placement: Placement<D> | undefined;

  constructor({ dtype, segment, data }: Filled<D>) {
    this.memory = segment;
    this.#data = data;
    this.#dtype = dtype;
  }

  /** Takes what is written next; undefined where another rank writes, and to let go of a user's data. */
  take(placement: Placement<D> | undefined): this {
    this.#placement = placement;
    return this;
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
    if (!isDense || bufferOf(data) === this.#data.buffer) return null;
    const byteOffset = byteOffsetOf(data) + offset * itemSize(this.#dtype);
    return new Uint8Array(bufferOf(data), byteOffset, this.byteLength);
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
  { data: own, elements: seen, view }: Pick<ArrayMemory<D, number>, "data" | "elements" | "view">,
  placement: Placement<D>,
): Placement<D> {
  if ((seen as unknown) === own) return placement;
  const { data } = placement.source;
  if (bufferOf(data) !== seen.buffer) return placement;
  const { dtype } = view;
  const there = makeArray(dtype, own.buffer, byteOffsetOf(data), lengthOf(data) / lanesOf(dtype));
  return { ...placement, source: { ...placement.source, data: there } };
}
