/** Where the data of one rank goes. Plain data, a typed array without further ado, is what most programs `set` again and again: that allocates nothing. */
import { newArray, type DType, type TypedArrayOf } from "../array/dtype.ts";
import { countOf, flatData } from "../array/elements.ts";
import type { Region } from "../array/slice.ts";
import { resolveSource, type NdSource } from "../array/source.ts";
import { placeAt, type Placement } from "./region.ts";
import { isGiven } from "./reuse.ts";

/** A placement whose data is replaced. */
interface Reused<D extends DType> extends Placement<D> {
  readonly source: Region & { data: TypedArrayOf<D> };
}

/** Places data in one array. All members are local. */
export class Placing<D extends DType> {
  readonly #dtype: D;
  readonly #whole: Region;
  /** Holds nobody's memory. */
  readonly #nothing: TypedArrayOf<D>;
  /** Of plain data: used again as long as its length is the same. */
  #plain: Reused<D> | null = null;

  constructor(dtype: D, whole: Region) {
    this.#dtype = dtype;
    this.#whole = whole;
    this.#nothing = newArray(dtype, 0);
  }

  /**
   * Data at an offset, or where the array begins. Valid until `release`.
   *
   * @throws as `resolveSource` and `placeAt`
   */
  place(
    data: NdSource<D>,
    shape: ArrayLike<number> | null | undefined,
    offset: readonly number[] | null,
  ): Placement<D> {
    if (!offset && !isGiven(shape) && ArrayBuffer.isView(data)) return this.#placePlain(data);
    return placeAt(this.#whole, resolveSource(this.#dtype, data, shape), offset);
  }

  /** Lets go of a user's data. */
  release(): void {
    if (this.#plain) this.#plain.source.data = this.#nothing;
  }

  #placePlain(data: NdSource<D>): Placement<D> {
    const flat = flatData(this.#dtype, data) as TypedArrayOf<D>;
    const count = countOf(this.#dtype, flat);
    if (this.#plain?.source.shape[0] === count) {
      this.#plain.source.data = flat;
      return this.#plain;
    }
    const source = { data: flat, offset: 0, shape: [count], strides: [1] };
    const { target } = placeAt(this.#whole, source, null);
    this.#plain = { source, target };
    return this.#plain;
  }
}
