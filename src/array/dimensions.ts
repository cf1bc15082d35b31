/**
 * What the number of dimensions means for the types of a view.
 *
 * A view type looks its members up in a table by N, instead of working them out by conditional types on N: so TypeScript sees that a
 * `View<D, 2>` is a `View<D, number>`. Beyond the table, dimensions are simply not known.
 */
import type { DType, Scalar } from "./dtype.ts";
import type { Axis } from "./slice.ts";
import type { View, WritableView } from "./view.ts";

/** Whether what is taken from a view can be written to. */
export type Access = "read" | "write";

/** A view by what is allowed. */
interface Views<D extends DType, N extends number> {
  read: View<D, N>;
  write: WritableView<D, N>;
}

/** A tuple of N times T. */
type Times<N extends number, T, R extends readonly T[] = readonly []> = R["length"] extends N
  ? R
  : Times<N, T, readonly [...R, T]>;

/** N − K; `number` where K is not known; never below 0. */
type Minus<N extends number, K extends number> = number extends K
  ? number
  : Times<N, 0> extends readonly [...Times<K, 0>, ...infer Rest]
    ? Rest["length"]
    : never;

/** The selectors that are an index; of unknown length where a selector may or may not be one. */
type Indices<A extends readonly Axis[]> = A extends readonly [
  infer First,
  ...infer Rest extends readonly Axis[],
]
  ? First extends number
    ? readonly [First, ...Indices<Rest>]
    : number extends First
      ? readonly number[]
      : Indices<Rest>
  : A extends readonly []
    ? readonly []
    : readonly number[];

/** The dimensions that selectors leave of N. */
export type Selected<N extends number, A extends readonly Axis[]> = number extends N
  ? number
  : Minus<N, Indices<A>["length"]>;

/** Arrays in arrays of any depth. */
type AnyNested<T> = T | AnyNested<T>[];

/** Arrays in arrays, as deep as the tuple is long. */
type NestedBy<T, Levels extends readonly unknown[]> = Levels extends readonly [unknown, ...infer Rest]
  ? NestedBy<T, Rest>[]
  : T;

/** The members whose types depend on the number of dimensions, where that is not known. */
interface AnyMembers<D extends DType, W extends Access> {
  shape: readonly number[];
  get: (...index: readonly number[]) => Scalar<D>;
  at: (...axes: readonly Axis[]) => Views<D, number>[W];
  item: Scalar<D> | Views<D, number>[W];
  nested: AnyNested<Scalar<D>>;
}

/** The same for N dimensions. */
interface Members<D extends DType, N extends number, W extends Access> {
  shape: Times<N, number>;
  get: {
    (...index: Times<N, number>): Scalar<D>;
    <I extends readonly number[]>(...index: I): Views<D, Minus<N, I["length"]>>[W];
  };
  at: <const A extends readonly Axis[]>(...axes: A) => Views<D, Minus<N, Indices<A>["length"]>>[W];
  item: N extends 1 ? Scalar<D> : Views<D, Minus<N, 1>>[W];
  nested: NestedBy<Scalar<D>, Times<N, 0>>;
}

/** {@link Members} by the number of dimensions. */
export interface ByDimensions<D extends DType, W extends Access> {
  [unknown: number]: AnyMembers<D, W>;
  0: Members<D, 0, W>;
  1: Members<D, 1, W>;
  2: Members<D, 2, W>;
  3: Members<D, 3, W>;
  4: Members<D, 4, W>;
  5: Members<D, 5, W>;
  6: Members<D, 6, W>;
  7: Members<D, 7, W>;
  8: Members<D, 8, W>;
}
