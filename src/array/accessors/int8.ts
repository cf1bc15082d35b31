// Written by scripts/generate-accessors.js: change that, not this.
import { BaseView } from "../base.ts";
import { badScalar, type Scalar, type TypedArrayOf } from "../dtype.ts";
import type { Region } from "../slice.ts";

/** A view of int8 elements. */
export class Int8View extends BaseView<"int8"> {
  constructor(data: TypedArrayOf<"int8">, region: Region, writable: boolean) {
    super("int8", data, region, writable);
  }

  protected make(data: TypedArrayOf<"int8">, region: Region, writable: boolean): Int8View {
    return new Int8View(data, region, writable);
  }

  get(i?: number, j?: number, k?: number): Scalar<"int8"> | BaseView<"int8"> {
    const place = arguments.length > 3 ? -1 : this.geometry.locate(i, j, k);
    if (place < 0) return this.getPart([...arguments]);
    return this.data[place];
  }

  set(index: readonly number[], value: Scalar<"int8">): void {
    if (!this.writable) this.checkWritable();
    if (typeof value !== "number") throw badScalar("int8", value);
    const place = index.length > 3 ? -1 : this.geometry.locate(index[0], index[1], index[2]);
    const at = place < 0 ? this.geometry.place(index) : place;
    this.data[at] = value;
  }
}
