// Written by scripts/generate-accessors.js: change that, not this.
import { BaseView } from "../base.ts";
import { badScalar, type Scalar, type TypedArrayOf } from "../dtype.ts";
import type { Region } from "../slice.ts";

/** A view of int64 elements. */
export class Int64View extends BaseView<"int64"> {
  constructor(data: TypedArrayOf<"int64">, region: Region, writable: boolean) {
    super("int64", data, region, writable);
  }

  protected make(data: TypedArrayOf<"int64">, region: Region, writable: boolean): Int64View {
    return new Int64View(data, region, writable);
  }

  get(i?: number, j?: number, k?: number): Scalar<"int64"> | BaseView<"int64"> {
    const place = arguments.length > 3 ? -1 : this.geometry.locate(i, j, k);
    if (place < 0) return this.getPart([...arguments]);
    return this.data[place];
  }

  set(index: readonly number[], value: Scalar<"int64">): void {
    if (!this.writable) this.checkWritable();
    if (typeof value !== "bigint") throw badScalar("int64", value);
    const place = index.length > 3 ? -1 : this.geometry.locate(index[0], index[1], index[2]);
    const at = place < 0 ? this.geometry.place(index) : place;
    this.data[at] = value;
  }
}
