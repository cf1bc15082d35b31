// Written by scripts/generate-accessors.js: change that, not this.
import { BaseView } from "../base.ts";
import { badScalar, type Scalar, type TypedArrayOf } from "../dtype.ts";
import { halfToNumber, numberToHalf } from "../float16.ts";
import type { Region } from "../slice.ts";

/** A view of float16 elements. */
export class Float16View extends BaseView<"float16"> {
  private readonly bits = this.data instanceof Uint16Array;

  constructor(data: TypedArrayOf<"float16">, region: Region, writable: boolean) {
    super("float16", data, region, writable);
  }

  protected make(data: TypedArrayOf<"float16">, region: Region, writable: boolean): Float16View {
    return new Float16View(data, region, writable);
  }

  get(i?: number, j?: number, k?: number): Scalar<"float16"> | BaseView<"float16"> {
    const place = arguments.length > 3 ? -1 : this.geometry.locate(i, j, k);
    if (place < 0) return this.getPart([...arguments]);
    return this.bits ? halfToNumber(this.data[place]) : this.data[place];
  }

  set(index: readonly number[], value: Scalar<"float16">): void {
    if (!this.writable) this.checkWritable();
    if (typeof value !== "number") throw badScalar("float16", value);
    const place = index.length > 3 ? -1 : this.geometry.locate(index[0], index[1], index[2]);
    const at = place < 0 ? this.geometry.place(index) : place;
    this.data[at] = this.bits ? numberToHalf(value) : value;
  }
}
