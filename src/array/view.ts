/** Views: n-d arrays that own nothing. What they can do, by type; the classes are in base.ts and accessors/. */
import { ACCESSORS } from "./accessors/table.ts";
import { BaseView, type Permit, READ_ONLY, WRITABLE } from "./base.ts";
import type { DType, ReadonlyTypedArrayOf, Scalar, TypedArrayOf } from "./dtype.ts";
import type { Access, ByDimensions } from "./dimensions.ts";
import type { Region } from "./slice.ts";

/** What all views have. Offset, strides and sizes count elements: a complex element is two numbers of `data`. */
interface AnyView<D extends DType, N extends number, W extends Access> extends Region {
  readonly dtype: D;
  readonly shape: ByDimensions<D, W>[N]["shape"];
  readonly strides: ByDimensions<D, W>[N]["shape"];
  /** The same as `strides`, by the name that scijs uses. */
  readonly stride: ByDimensions<D, W>[N]["shape"];
  /** The element of `data` at index 0, 0, …. */
  readonly offset: number;
  /** Elements in the view. */
  readonly size: number;
  /** Length of the first axis; 1 for a 0-d view. */
  readonly length: number;
  /**
   * Local. One index for each axis gives the element; fewer give a view of what is left, no copy. Negative indices count from the end.
   * Where the type does not know the number of dimensions it promises an element: take parts by `at` there.
   *
   * @throws OUT_OF_BOUNDS BAD_DIMENSIONS BAD_SLICE
   */
  readonly get: ByDimensions<D, W>[N]["get"];
  /**
   * Local. The part that the selectors pick, as a view without a copy, also where every selector is an index (then a 0-d view):
   * `view.at("1:3", null)`, `view.at(-1)`, `view.at("...", "::2")`. Missing selectors leave their axes whole.
   *
   * @throws OUT_OF_BOUNDS BAD_DIMENSIONS BAD_SLICE
   */
  readonly at: ByDimensions<D, W>[N]["at"];
  /** Local. Along the first axis: elements of a 1-d view, else views. @throws BAD_DIMENSIONS for a 0-d view */
  [Symbol.iterator](): IterableIterator<ByDimensions<D, W>[N]["item"]>;
  /** Local. A contiguous copy in memory of its own. */
  copy(): WritableView<D, N>;
  /** Local. The elements as arrays in arrays; of a 0-d view, its element. */
  toNested(): ByDimensions<D, W>[N]["nested"];
  /** Local. The text that NumPy prints for such an array: above 1000 elements, its edges. */
  toString(): string;
}

/**
 * An n-d array, read-only by type, over memory that is another's. `N` is the number of dimensions where the type knows it: then `get` with N
 * indices is an element and with fewer a `View`; a `View<D, N>` is a `View<D>` too.
 *
 * With `data`, `shape`, `stride` and `offset` it has the form that scijs and others give an n-d array.
 */
export interface View<D extends DType = DType, N extends number = number> extends AnyView<D, N, "read"> {
  /** Whether this is a {@link WritableView} after all. */
  readonly writable: boolean;
  readonly data: ReadonlyTypedArrayOf<D>;
}

/** A {@link View} that can be written to. */
export interface WritableView<D extends DType = DType, N extends number = number> extends AnyView<
  D,
  N,
  "write"
> {
  readonly writable: true;
  readonly data: TypedArrayOf<D>;
  /**
   * Local. Stores one element; numbers are converted as the typed array converts them. Negative indices count from the end.
   *
   * @throws OUT_OF_BOUNDS BAD_DIMENSIONS BAD_DTYPE READ_ONLY
   */
  set(index: readonly number[], value: Scalar<D>): void;
  /** Local. Stores one value in every element. @throws BAD_DTYPE READ_ONLY */
  fill(value: Scalar<D>): void;
}

/**
 * A view of elements in `data`, which must accept the dtype and contain the region; neither is checked. Local, no copy. With a permit, it
 * and what is taken from it can be written to for as long as that is granted.
 */
export function makeView<D extends DType, N extends number = number>(
  dtype: D,
  data: TypedArrayOf<D>,
  region: Region,
  writable: true | Permit,
): WritableView<D, N>;
export function makeView<D extends DType, N extends number = number>(
  dtype: D,
  data: TypedArrayOf<D>,
  region: Region,
  writable?: false,
): View<D, N>;
export function makeView<D extends DType>(
  dtype: D,
  data: TypedArrayOf<D>,
  region: Region,
  writable: boolean | Permit = false,
): unknown {
  const permit = typeof writable === "object" ? writable : writable ? WRITABLE : READ_ONLY;
  return ACCESSORS[dtype](data, region, permit);
}

/** The `get` of a view as a function by itself. Local. */
export function readerOf<D extends DType, N extends number>(view: View<D, N>): View<D, N>["get"];
export function readerOf(view: unknown): unknown {
  return view instanceof BaseView ? view.reader() : undefined;
}
