// Written by scripts/generate-accessors.js: change that, not this.
import { BaseView } from "../base.ts";
import { badScalar, type Scalar, type TypedArrayOf } from "../dtype.ts";
import type { Region } from "../slice.ts";

/** A view of bool elements. */
export class BoolView extends BaseView<"bool"> {
  constructor(data: TypedArrayOf<"bool">, region: Region, writable: boolean) {
    super("bool", data, region, writable);
  }

  protected make(data: TypedArrayOf<"bool">, region: Region, writable: boolean): BoolView {
    return new BoolView(data, region, writable);
  }

  get(i?: number, j?: number, k?: number): Scalar<"bool"> | BaseView<"bool"> {
    const place = arguments.length > 3 ? -1 : this.geometry.locate(i, j, k);
    if (place < 0) return this.getPart([...arguments]);
    return this.data[place] !== 0;
  }

  set(index: readonly number[], value: Scalar<"bool">): void {
    if (!this.writable) this.checkWritable();
    if (typeof value !== "boolean") throw badScalar("bool", value);
    const place = index.length > 3 ? -1 : this.geometry.locate(index[0], index[1], index[2]);
    const at = place < 0 ? this.geometry.place(index) : place;
    this.data[at] = value ? 1 : 0;
  }
}
