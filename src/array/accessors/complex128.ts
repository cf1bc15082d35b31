// Written by scripts/generate-accessors.js: change that, not this.
import { BaseView, type Permit } from "../base.ts";
import { badScalar, isScalar, type Scalar, type TypedArrayOf } from "../dtype.ts";
import type { Region } from "../slice.ts";

type Data = TypedArrayOf<"complex128">;
type Item = Scalar<"complex128"> | BaseView<"complex128">;

/** A view of complex128 elements. */
class Complex128View extends BaseView<"complex128"> {
  constructor(data: Data, region: Region, permit: Permit) {
    super("complex128", data, region, permit);
  }

  protected make(data: Data, region: Region, permit: Permit): Complex128View {
    return makeComplex128View(data, region, permit);
  }

  get(...index: readonly number[]): Item {
    if (index.length !== this.geometry.dimensions) return this.getPart(index);
    const place = this.geometry.place(index);
    return { re: this.data[2 * place], im: this.data[2 * place + 1] };
  }

  set(index: readonly number[], value: Scalar<"complex128">): void {
    if (!this.permit.granted) this.checkWritable();
    if (!isScalar("complex128", value)) throw badScalar("complex128", value);
    const at = this.geometry.place(index);
    this.data[2 * at] = value.re;
    this.data[2 * at + 1] = value.im;
  }
}

class Complex128View1 extends Complex128View {
  override get(i?: number): Item {
    if (arguments.length !== 1) return this.getPart([...arguments]);
    const place = this.geometry.place1(i!);
    return { re: this.data[2 * place], im: this.data[2 * place + 1] };
  }

  override reader(): BaseView<"complex128">["get"] {
    return (...index) => this.get(...index);
  }

  override [Symbol.iterator](): IterableIterator<Item> {
    let i = 0;
    const next = (): IteratorResult<Item, undefined> => {
      const done = i >= this.geometry.size;
      return { done, value: done ? undefined : this.get(i++) } as IteratorResult<Item, undefined>;
    };
    return {
      next,
      [Symbol.iterator]() {
        return this;
      },
    };
  }
}

class Complex128View2 extends Complex128View {
  override get(i?: number, j?: number): Item {
    if (arguments.length !== 2) return this.getPart([...arguments]);
    const place = this.geometry.place2(i!, j!);
    return { re: this.data[2 * place], im: this.data[2 * place + 1] };
  }

  override reader(): BaseView<"complex128">["get"] {
    return (...index) => this.get(...index);
  }
}

class Complex128View3 extends Complex128View {
  override get(i?: number, j?: number, k?: number): Item {
    if (arguments.length !== 3) return this.getPart([...arguments]);
    const place = this.geometry.place3(i!, j!, k!);
    return { re: this.data[2 * place], im: this.data[2 * place + 1] };
  }

  override reader(): BaseView<"complex128">["get"] {
    return (...index) => this.get(...index);
  }
}

const CLASSES = [Complex128View, Complex128View1, Complex128View2, Complex128View3];

/** A view of complex128 elements, of the class for its number of dimensions. Local, no copy. */
export function makeComplex128View(data: Data, region: Region, permit: Permit): Complex128View {
  const View = CLASSES[region.shape.length] ?? Complex128View;
  return new View(data, region, permit);
}
