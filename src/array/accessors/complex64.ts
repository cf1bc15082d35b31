// Written by scripts/generate-accessors.js: change that, not this.
import { BaseView } from "../base.ts";
import { badScalar, isScalar, type Scalar, type TypedArrayOf } from "../dtype.ts";
import type { Region } from "../slice.ts";

/** A view of complex64 elements. */
export class Complex64View extends BaseView<"complex64"> {
  constructor(data: TypedArrayOf<"complex64">, region: Region, writable: boolean) {
    super("complex64", data, region, writable);
  }

  protected make(data: TypedArrayOf<"complex64">, region: Region, writable: boolean): Complex64View {
    return new Complex64View(data, region, writable);
  }

  get(i?: number, j?: number, k?: number): Scalar<"complex64"> | BaseView<"complex64"> {
    const place = arguments.length > 3 ? -1 : this.geometry.locate(i, j, k);
    if (place < 0) return this.getPart([...arguments]);
    return { re: this.data[2 * place], im: this.data[2 * place + 1] };
  }

  set(index: readonly number[], value: Scalar<"complex64">): void {
    if (!this.writable) this.checkWritable();
    if (!isScalar("complex64", value)) throw badScalar("complex64", value);
    const place = index.length > 3 ? -1 : this.geometry.locate(index[0], index[1], index[2]);
    const at = place < 0 ? this.geometry.place(index) : place;
    this.data[2 * at] = value.re;
    this.data[2 * at + 1] = value.im;
  }
}
