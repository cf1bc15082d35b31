// Written by scripts/generate-accessors.js: change that, not this.
import { BaseView } from "../base.ts";
import { badScalar, type Scalar, type TypedArrayOf } from "../dtype.ts";
import type { Region } from "../slice.ts";

/** A view of uint32 elements. */
export class Uint32View extends BaseView<"uint32"> {
  constructor(data: TypedArrayOf<"uint32">, region: Region, writable: boolean) {
    super("uint32", data, region, writable);
  }

  protected make(data: TypedArrayOf<"uint32">, region: Region, writable: boolean): Uint32View {
    return new Uint32View(data, region, writable);
  }

  get(i?: number, j?: number, k?: number): Scalar<"uint32"> | BaseView<"uint32"> {
    const place = arguments.length > 3 ? -1 : this.geometry.locate(i, j, k);
    if (place < 0) return this.getPart([...arguments]);
    return this.data[place];
  }

  set(index: readonly number[], value: Scalar<"uint32">): void {
    if (!this.writable) this.checkWritable();
    if (typeof value !== "number") throw badScalar("uint32", value);
    const place = index.length > 3 ? -1 : this.geometry.locate(index[0], index[1], index[2]);
    const at = place < 0 ? this.geometry.place(index) : place;
    this.data[at] = value;
  }
}
