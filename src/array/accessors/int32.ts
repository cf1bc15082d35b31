// Written by scripts/generate-accessors.js: change that, not this.
import { BaseView } from "../base.ts";
import { badScalar, type Scalar, type TypedArrayOf } from "../dtype.ts";
import type { Region } from "../slice.ts";

/** A view of int32 elements. */
export class Int32View extends BaseView<"int32"> {
  constructor(data: TypedArrayOf<"int32">, region: Region, writable: boolean) {
    super("int32", data, region, writable);
  }

  protected make(data: TypedArrayOf<"int32">, region: Region, writable: boolean): Int32View {
    return new Int32View(data, region, writable);
  }

  get(i?: number, j?: number, k?: number): Scalar<"int32"> | BaseView<"int32"> {
    const place = arguments.length > 3 ? -1 : this.geometry.locate(i, j, k);
    if (place < 0) return this.getPart([...arguments]);
    return this.data[place];
  }

  set(index: readonly number[], value: Scalar<"int32">): void {
    if (!this.writable) this.checkWritable();
    if (typeof value !== "number") throw badScalar("int32", value);
    const place = index.length > 3 ? -1 : this.geometry.locate(index[0], index[1], index[2]);
    const at = place < 0 ? this.geometry.place(index) : place;
    this.data[at] = value;
  }
}
