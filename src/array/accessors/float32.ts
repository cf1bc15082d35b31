// Written by scripts/generate-accessors.js: change that, not this.
import { BaseView } from "../base.ts";
import { badScalar, type Scalar, type TypedArrayOf } from "../dtype.ts";
import type { Region } from "../slice.ts";

/** A view of float32 elements. */
export class Float32View extends BaseView<"float32"> {
  constructor(data: TypedArrayOf<"float32">, region: Region, writable: boolean) {
    super("float32", data, region, writable);
  }

  protected make(data: TypedArrayOf<"float32">, region: Region, writable: boolean): Float32View {
    return new Float32View(data, region, writable);
  }

  get(i?: number, j?: number, k?: number): Scalar<"float32"> | BaseView<"float32"> {
    const place = arguments.length > 3 ? -1 : this.geometry.locate(i, j, k);
    if (place < 0) return this.getPart([...arguments]);
    return this.data[place];
  }

  set(index: readonly number[], value: Scalar<"float32">): void {
    if (!this.writable) this.checkWritable();
    if (typeof value !== "number") throw badScalar("float32", value);
    const place = index.length > 3 ? -1 : this.geometry.locate(index[0], index[1], index[2]);
    const at = place < 0 ? this.geometry.place(index) : place;
    this.data[at] = value;
  }
}
