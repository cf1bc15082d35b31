// Written by scripts/generate-accessors.js: change that, not this.
import { BaseView } from "../base.ts";
import { badScalar, type Scalar, type TypedArrayOf } from "../dtype.ts";
import type { Region } from "../slice.ts";

/** A view of int16 elements. */
export class Int16View extends BaseView<"int16"> {
  constructor(data: TypedArrayOf<"int16">, region: Region, writable: boolean) {
    super("int16", data, region, writable);
  }

  protected make(data: TypedArrayOf<"int16">, region: Region, writable: boolean): Int16View {
    return new Int16View(data, region, writable);
  }

  get(i?: number, j?: number, k?: number): Scalar<"int16"> | BaseView<"int16"> {
    const place = arguments.length > 3 ? -1 : this.geometry.locate(i, j, k);
    if (place < 0) return this.getPart([...arguments]);
    return this.data[place];
  }

  set(index: readonly number[], value: Scalar<"int16">): void {
    if (!this.writable) this.checkWritable();
    if (typeof value !== "number") throw badScalar("int16", value);
    const place = index.length > 3 ? -1 : this.geometry.locate(index[0], index[1], index[2]);
    const at = place < 0 ? this.geometry.place(index) : place;
    this.data[at] = value;
  }
}
