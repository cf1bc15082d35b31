// Written by scripts/generate-accessors.js: change that, not this.
import { BaseView, type Permit } from "../base.ts";
import { badScalar, type Scalar, type TypedArrayOf } from "../dtype.ts";
import { halfToNumber, numberToHalf } from "../float16.ts";
import type { Region } from "../slice.ts";

type Data = TypedArrayOf<"float16">;
type Item = Scalar<"float16"> | BaseView<"float16">;

/** A view of float16 elements. */
class Float16View extends BaseView<"float16"> {
  protected readonly bits = this.data instanceof Uint16Array;

  constructor(data: Data, region: Region, permit: Permit) {
    super("float16", data, region, permit);
  }

  protected make(data: Data, region: Region, permit: Permit): Float16View {
    return makeFloat16View(data, region, permit);
  }

  get(...index: readonly number[]): Item {
    if (index.length !== this.geometry.dimensions) return this.getPart(index);
    const place = this.geometry.place(index);
    return this.bits ? halfToNumber(this.data[place]) : this.data[place];
  }

  set(index: readonly number[], value: Scalar<"float16">): void {
    if (!this.permit.granted) this.checkWritable();
    if (typeof value !== "number") throw badScalar("float16", value);
    const at = this.geometry.place(index);
    this.data[at] = this.bits ? numberToHalf(value) : value;
  }
}

class Float16View1 extends Float16View {
  override get(i?: number): Item {
    if (arguments.length !== 1) return this.getPart([...arguments]);
    const place = this.geometry.place1(i!);
    return this.bits ? halfToNumber(this.data[place]) : this.data[place];
  }

  override reader(): BaseView<"float16">["get"] {
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

class Float16View2 extends Float16View {
  override get(i?: number, j?: number): Item {
    if (arguments.length !== 2) return this.getPart([...arguments]);
    const place = this.geometry.place2(i!, j!);
    return this.bits ? halfToNumber(this.data[place]) : this.data[place];
  }

  override reader(): BaseView<"float16">["get"] {
    return (...index) => this.get(...index);
  }
}

class Float16View3 extends Float16View {
  override get(i?: number, j?: number, k?: number): Item {
    if (arguments.length !== 3) return this.getPart([...arguments]);
    const place = this.geometry.place3(i!, j!, k!);
    return this.bits ? halfToNumber(this.data[place]) : this.data[place];
  }

  override reader(): BaseView<"float16">["get"] {
    return (...index) => this.get(...index);
  }
}

const CLASSES = [Float16View, Float16View1, Float16View2, Float16View3];

/** A view of float16 elements, of the class for its number of dimensions. Local, no copy. */
export function makeFloat16View(data: Data, region: Region, permit: Permit): Float16View {
  const View = CLASSES[region.shape.length] ?? Float16View;
  return new View(data, region, permit);
}
