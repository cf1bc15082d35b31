/** Where the elements of a view are: the part of indexing that is the same for every dtype. */
import { PshmemError } from "../errors.ts";
import { sizeOf } from "./shape.ts";
import { type Region, selectRegion } from "./slice.ts";
import { textOf } from "../shown.ts";

/** Places below this one are worked out in 32 bits, in which every product and sum is one instruction. */
const NEAR = 2 ** 31;

/** The kind of a view of all elements of its data, in one dimension and in their order: comes after those of one to four dimensions in accessors/. */
const WHOLE = 5;

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
  /** How many dimensions there are, where they are at most four and all places near; else 0. */
  declare readonly near: number;
  // The first three axes once more: reading a field is faster than reading an array. All are 0 where places are not near.
  declare readonly n0: number;
  declare readonly n1: number;
  declare readonly n2: number;
  declare readonly s0: number;
  declare readonly s1: number;
  declare readonly s2: number;

  constructor(region: Region) {
    const { shape, strides } = region;
    this.offset = region.offset;
    this.shape = shape;
    this.strides = strides;
    this.dimensions = shape.length;
    const axes = isNear(region) ? shape.length : 0;
    this.near = axes <= 4 ? axes : 0;
    // No destructuring, which asks for an iterator: a row in a loop is made here.
    this.n0 = axes > 0 ? shape[0] : 0;
    this.n1 = axes > 1 ? shape[1] : 0;
    this.n2 = axes > 2 ? shape[2] : 0;
    this.s0 = axes > 0 ? strides[0] : 0;
    this.s1 = axes > 1 ? strides[1] : 0;
    this.s2 = axes > 2 ? strides[2] : 0;
  }

  get size(): number {
    return sizeOf(this.shape);
  }

  /** Which of the classes of its dtype a view has, of data with so many elements: `near`, {@link WHOLE}, or 0 where rows go down in long data. */
  kindIn(elements: number): number {
    const { near } = this;
    if (near === 1) return this.n0 === elements && this.s0 === 1 ? WHOLE : 1;
    return elements > NEAR / 2 && this.strides[near - 1] < 0 ? 0 : near;
  }

  /** Place of an element of a 1-d view. @throws OUT_OF_BOUNDS BAD_SLICE */
  place1(i: number): number {
    const a = wrap(i, this.n0);
    return a < 0 ? this.far([i]) : (this.offset + Math.imul(a, this.s0)) | 0;
  }

  /** Place of an element of a 2-d view. @throws OUT_OF_BOUNDS BAD_SLICE */
  place2(i: number, j: number): number {
    const a = wrap(i, this.n0);
    const b = wrap(j, this.n1);
    if (a < 0 || b < 0) return this.far([i, j]);
    return (this.offset + Math.imul(a, this.s0) + Math.imul(b, this.s1)) | 0;
  }

  /** Place of an element of a 3-d view. @throws OUT_OF_BOUNDS BAD_SLICE */
  place3(i: number, j: number, k: number): number {
    const a = wrap(i, this.n0);
    const b = wrap(j, this.n1);
    const c = wrap(k, this.n2);
    if (a < 0 || b < 0 || c < 0) return this.far([i, j, k]);
    return (this.offset + Math.imul(a, this.s0) + Math.imul(b, this.s1) + Math.imul(c, this.s2)) | 0;
  }

  /** What indices leave: a region without their axes. @throws OUT_OF_BOUNDS BAD_DIMENSIONS BAD_SLICE */
  inside(index: readonly number[]): Region {
    return selectRegion(this, index);
  }

  /** Place of the element at any indices, one for each axis. @throws OUT_OF_BOUNDS BAD_DIMENSIONS BAD_SLICE */
  place(index: readonly number[]): number {
    // Without types an index may be anything; what has no length is not less than a number either.
    if (!(index?.length >= this.dimensions)) throw this.tooFew(index);
    if (index.length === 1 && this.dimensions === 1) return this.place1(index[0]);
    if (index.length === 2 && this.dimensions === 2) return this.place2(index[0], index[1]);
    if (index.length === 3 && this.dimensions === 3) return this.place3(index[0], index[1], index[2]);
    return this.far(index);
  }

  /** The same by the long way: for many axes, far places, and indices that are refused. */
  private far(index: readonly number[]): number {
    const { shape, strides } = this;
    let place = this.offset;
    for (let axis = 0; axis < index.length; axis++) {
      if (typeof index[axis] !== "number") throw noIndex(axis, index[axis]);
      const i = index[axis] < 0 ? index[axis] + shape[axis] : index[axis];
      if (!(Number.isInteger(i) && i >= 0 && i < shape[axis])) return this.inside(index).offset;
      place += i * strides[axis];
    }
    return place;
  }

  private tooFew(index: unknown): PshmemError {
    const { dimensions: expected } = this;
    const { length: actual } = Object(index) as { readonly length?: unknown };
    const none = actual === undefined;
    const problem = none
      ? `The index ${textOf(index)} is no list`
      : `${textOf(actual)} indices for ${expected} axes`;
    const text = `${problem}: give a list with one index for each axis.`;
    return new PshmemError("BAD_DIMENSIONS", text, { expected, actual });
  }
}

/** An index with a negative one counted from the end; −1 for what is none, or not on an axis of `extent`. */
function wrap(index: number, extent: number): number {
  if (typeof index !== "number") return -1;
  const whole = index | 0;
  const found = whole < 0 ? (whole + extent) | 0 : whole;
  return whole === index && found < extent ? found : -1;
}

/** What types forbid, said to those who have none: a selector here would be taken for an index. */
function noIndex(axis: number, index: unknown): PshmemError {
  const text = `The index ${textOf(index)} of axis ${axis} is no number: \`get\` takes one index for each axis, \`at\` takes selectors.`;
  return new PshmemError("BAD_SLICE", text, { expected: "number", actual: typeof index });
}

/** Whether all places in a region can be worked out in 32 bits. */
function isNear({ offset, shape, strides }: Region): boolean {
  let highest = offset;
  for (let axis = 0; axis < shape.length; axis++) highest += Math.max(0, (shape[axis] - 1) * strides[axis]);
  return highest < NEAR;
}
