/** Where the elements of a view are: the part of indexing that is the same for every dtype. */
import { PshmemError } from "../errors.ts";
import { sizeOf } from "./shape.ts";
import { type Region, selectRegion } from "./slice.ts";

/** True for an index that needs no care: an integer, not negative, on its axis. */
function isPlain(index: number, extent: number): boolean {
  return index >>> 0 === index && index < extent;
}

/**
 * Shape, strides and offset of a view. Views of all dtypes share this one class, so that its code stays fast for all; the
 * data is never touched here, since one piece of code that meets many kinds of typed array is slow for every one of them.
 */
export class Geometry implements Region {
  // `declare` leaves the fields to the constructor: defined as undefined first, as class fields are, they would stay untyped
  // for the engine and make each access twice as slow.
  declare readonly offset: number;
  declare readonly shape: readonly number[];
  declare readonly strides: readonly number[];
  declare readonly dimensions: number;
  declare readonly size: number;
  // The first three axes once more: reading a field is faster than reading an array.
  declare private readonly n0: number;
  declare private readonly n1: number;
  declare private readonly n2: number;
  declare private readonly s0: number;
  declare private readonly s1: number;
  declare private readonly s2: number;

  constructor(region: Region) {
    const { shape, strides } = region;
    this.offset = region.offset;
    this.shape = shape;
    this.strides = strides;
    this.dimensions = shape.length;
    this.size = sizeOf(shape);
    [this.n0 = 0, this.n1 = 0, this.n2 = 0] = shape;
    [this.s0 = 0, this.s1 = 0, this.s2 = 0] = strides;
  }

  /** Place of the element at up to three plain indices that are one for each axis; −1: not such a case. */
  locate(i?: number, j?: number, k?: number): number {
    if (j === undefined) {
      return this.dimensions === 1 && isPlain(i!, this.n0) ? this.offset + i! * this.s0 : -1;
    }
    if (!isPlain(i!, this.n0) || !isPlain(j, this.n1)) return -1;
    const place = this.offset + i! * this.s0 + j * this.s1;
    if (k === undefined) return this.dimensions === 2 ? place : -1;
    return this.dimensions === 3 && isPlain(k, this.n2) ? place + k * this.s2 : -1;
  }

  /** What indices leave: a region without their axes. @throws OUT_OF_BOUNDS BAD_DIMENSIONS BAD_SLICE */
  inside(index: readonly number[]): Region {
    return selectRegion(this, index);
  }

  /** Place of the element at any indices, one for each axis. @throws OUT_OF_BOUNDS BAD_DIMENSIONS BAD_SLICE */
  place(index: readonly number[]): number {
    if (index.length >= this.dimensions) return this.inside(index).offset;
    throw new PshmemError(
      "BAD_DIMENSIONS",
      `${index.length} indices for an element of ${this.dimensions} dimensions: give one for each axis.`,
      { expected: this.dimensions, actual: index.length },
    );
  }
}
