/** What views of all dtypes have in common. Elements are read and written by the subclasses in accessors/, one for each dtype. */
import { PshmemError } from "../errors.ts";
import {
  badScalar,
  type DType,
  isScalar,
  lanesOf,
  newArray,
  readElement,
  type Scalar,
  type TypedArrayOf,
  writeElement,
} from "./dtype.ts";
import { Geometry } from "./geometry.ts";
import { formatArray } from "./print.ts";
import { stridesOf } from "./shape.ts";
import { copySlab } from "./slab.ts";
import { type Axis, type Region, selectRegion } from "./slice.ts";

/** Elements in arrays in arrays. */
export type NestedElements<D extends DType> = Scalar<D> | NestedElements<D>[];

/** Whether a view, and all that is taken from it, may be written to; it can end. */
export interface Permit {
  readonly granted: boolean;
}

/** The permit of views that are read-only for good. */
export const READ_ONLY: Permit = { granted: false };
/** The permit of views of memory of their own. */
export const WRITABLE: Permit = { granted: true };

/** The class behind {@link View} and {@link WritableView}, whose types say what its members do. */
export abstract class BaseView<D extends DType = DType> implements Region {
  // `declare`: see Geometry.
  declare readonly dtype: D;
  declare readonly data: TypedArrayOf<D>;
  declare protected readonly permit: Permit;
  declare protected readonly geometry: Geometry;
  declare readonly offset: number;

  constructor(dtype: D, data: TypedArrayOf<D>, geometry: Geometry, permit: Permit) {
    this.dtype = dtype;
    this.data = data;
    this.permit = permit;
    this.geometry = geometry;
    this.offset = geometry.offset;
  }

  get writable(): boolean {
    return this.permit.granted;
  }

  get shape(): readonly number[] {
    return this.geometry.shape;
  }

  get strides(): readonly number[] {
    return this.geometry.strides;
  }

  get stride(): readonly number[] {
    return this.geometry.strides;
  }

  get size(): number {
    return this.geometry.size;
  }

  get length(): number {
    return this.shape[0] ?? 1;
  }

  /** A view of the same dtype. */
  protected abstract make(data: TypedArrayOf<D>, region: Region, permit: Permit): BaseView<D>;

  abstract get(...index: readonly number[]): Scalar<D> | BaseView<D>;

  /** `get` as a function by itself. Each class has its own, so that the engine can see through it. */
  reader(): BaseView<D>["get"] {
    return (...index) => this.get(...index);
  }

  abstract set(index: readonly number[], value: Scalar<D>): void;

  at(...axes: Axis[]): BaseView<D> {
    return this.make(this.data, selectRegion(this, axes), this.permit);
  }

  /** Elements of a 1-d view, else views along the first axis. */
  *[Symbol.iterator](): IterableIterator<Scalar<D> | BaseView<D>> {
    const { offset, shape, strides } = this;
    if (shape.length === 0) {
      throw new PshmemError(
        "BAD_DIMENSIONS",
        "A 0-d view has no axis to go along: use get() for its element.",
      );
    }
    const row = { shape: shape.slice(1), strides: strides.slice(1) };
    for (let i = 0; i < shape[0]; i++) {
      // No spread of `row`: Node 20 takes a microsecond for one.
      const region = { offset: offset + i * strides[0], shape: row.shape, strides: row.strides };
      yield shape.length === 1 ? this.get(i) : this.make(this.data, region, this.permit);
    }
  }

  copy(): BaseView<D> {
    const { dtype, shape, strides } = this;
    const data = newArray(dtype, this.size);
    const region = { offset: 0, shape, strides: stridesOf(shape) };
    copySlab(data, 0, region.strides, this.data, this.offset, strides, shape, lanesOf(dtype));
    return this.make(data, region, WRITABLE);
  }

  fill(value: Scalar<D>): void {
    const { dtype, shape, strides } = this;
    this.checkWritable();
    if (!isScalar(dtype, value)) throw badScalar(dtype, value);
    const one = newArray(dtype, 1);
    writeElement(dtype, one, 0, value);
    const still = strides.map(() => 0);
    copySlab(this.data, this.offset, strides, one, 0, still, shape, lanesOf(dtype));
  }

  toNested(): NestedElements<D> {
    return this.nest(0, this.offset);
  }

  private nest(axis: number, offset: number): NestedElements<D> {
    if (axis === this.shape.length) return readElement(this.dtype, this.data, offset);
    const nested = (_: unknown, i: number) => this.nest(axis + 1, offset + i * this.strides[axis]);
    return Array.from({ length: this.shape[axis] }, nested);
  }

  toString(): string {
    return formatArray(this);
  }

  /** What `console.log` shows. */
  [Symbol.for("nodejs.util.inspect.custom")](): string {
    return this.toString();
  }

  /** What `get` comes to where it finds no element: a view for fewer indices than axes. @throws OUT_OF_BOUNDS BAD_DIMENSIONS BAD_SLICE FREED */
  protected getOther(given: ArrayLike<number>): BaseView<D> {
    const { geometry } = this;
    const index = Array.from(given);
    if (index.length === geometry.dimensions) {
      geometry.place(index);
      throw new PshmemError(
        "FREED",
        "The memory of this view has been given away: transfer the data of a copy().",
      );
    }
    // That there are too many is said first, whatever they are.
    const few = index.length > geometry.dimensions ? index.map(() => 0) : index;
    return this.make(this.data, geometry.inside(few), this.permit);
  }

  /** @throws READ_ONLY */
  protected checkWritable(): void {
    if (this.permit.granted) return;
    throw new PshmemError(
      "READ_ONLY",
      "This view is read-only, as one that `write` gave is once its function has returned: " +
        "write through set, assign, setAll or write of the array, or to a copy().",
    );
  }
}
