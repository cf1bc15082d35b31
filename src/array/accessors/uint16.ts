// Written by scripts/generate-accessors.js: change that, not this.
import { BaseView } from "../base.ts";
import { badScalar, type Scalar, type TypedArrayOf } from "../dtype.ts";
import type { Region } from "../slice.ts";

/** A view of uint16 elements. */
export class Uint16View extends BaseView<"uint16"> {
  constructor(data: TypedArrayOf<"uint16">, region: Region, writable: boolean) {
    super("uint16", data, region, writable);
  }

  protected make(data: TypedArrayOf<"uint16">, region: Region, writable: boolean): Uint16View {
    return new Uint16View(data, region, writable);
  }

  get(i?: number, j?: number, k?: number): Scalar<"uint16"> | BaseView<"uint16"> {
    const place = arguments.length > 3 ? -1 : this.geometry.locate(i, j, k);
    if (place < 0) return this.getPart([...arguments]);
    return this.data[place];
  }

  set(index: readonly number[], value: Scalar<"uint16">): void {
    if (!this.writable) this.checkWritable();
    if (typeof value !== "number") throw badScalar("uint16", value);
    const place = index.length > 3 ? -1 : this.geometry.locate(index[0], index[1], index[2]);
    const at = place < 0 ? this.geometry.place(index) : place;
    this.data[at] = value;
  }
}
