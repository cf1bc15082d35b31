// Written by scripts/generate-accessors.js: change that, not this.
import { BaseView } from "../base.ts";
import { badScalar, isScalar, type Scalar, type TypedArrayOf } from "../dtype.ts";
import type { Region } from "../slice.ts";

/** A view of complex128 elements. */
export class Complex128View extends BaseView<"complex128"> {
  constructor(data: TypedArrayOf<"complex128">, region: Region, writable: boolean) {
    super("complex128", data, region, writable);
  }

  protected make(data: TypedArrayOf<"complex128">, region: Region, writable: boolean): Complex128View {
    return new Complex128View(data, region, writable);
  }

  get(i?: number, j?: number, k?: number): Scalar<"complex128"> | BaseView<"complex128"> {
    const place = arguments.length > 3 ? -1 : this.geometry.locate(i, j, k);
    if (place < 0) return this.getPart([...arguments]);
    return { re: this.data[2 * place], im: this.data[2 * place + 1] };
  }

  set(index: readonly number[], value: Scalar<"complex128">): void {
    if (!this.writable) this.checkWritable();
    if (!isScalar("complex128", value)) throw badScalar("complex128", value);
    const place = index.length > 3 ? -1 : this.geometry.locate(index[0], index[1], index[2]);
    const at = place < 0 ? this.geometry.place(index) : place;
    this.data[2 * at] = value.re;
    this.data[2 * at + 1] = value.im;
  }
}
