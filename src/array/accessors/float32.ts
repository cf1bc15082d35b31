// Written by scripts/generate-accessors.js: change that, not this.
import { BaseView, type Permit } from "../base.ts";
import { badScalar, type Scalar, type TypedArrayOf } from "../dtype.ts";
import type { Region } from "../slice.ts";

type Data = TypedArrayOf<"float32">;
type Item = Scalar<"float32"> | BaseView<"float32">;

/** A view of float32 elements. */
class Float32View extends BaseView<"float32"> {
  constructor(data: Data, region: Region, permit: Permit) {
    super("float32", data, region, permit);
  }

  protected make(data: Data, region: Region, permit: Permit): Float32View {
    return makeFloat32View(data, region, permit);
  }

  get(...index: readonly number[]): Item {
    if (index.length !== this.geometry.dimensions) return this.getPart(index);
    const place = this.geometry.place(index);
    return this.data[place];
  }

  set(index: readonly number[], value: Scalar<"float32">): void {
    if (!this.permit.granted) this.checkWritable();
    if (typeof value !== "number") throw badScalar("float32", value);
    const at = this.geometry.place(index);
    this.data[at] = value;
  }
}

class Float32View1 extends Float32View {
  override get(i?: number): Item {
    if (arguments.length !== 1) return this.getPart([...arguments]);
    const place = this.geometry.place1(i!);
    return this.data[place];
  }

  override reader(): BaseView<"float32">["get"] {
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

class Float32View2 extends Float32View {
  override get(i?: number, j?: number): Item {
    if (arguments.length !== 2) return this.getPart([...arguments]);
    const place = this.geometry.place2(i!, j!);
    return this.data[place];
  }

  override reader(): BaseView<"float32">["get"] {
    return (...index) => this.get(...index);
  }
}

class Float32View3 extends Float32View {
  override get(i?: number, j?: number, k?: number): Item {
    if (arguments.length !== 3) return this.getPart([...arguments]);
    const place = this.geometry.place3(i!, j!, k!);
    return this.data[place];
  }

  override reader(): BaseView<"float32">["get"] {
    return (...index) => this.get(...index);
  }
}

const CLASSES = [Float32View, Float32View1, Float32View2, Float32View3];

/** A view of float32 elements, of the class for its number of dimensions. Local, no copy. */
export function makeFloat32View(data: Data, region: Region, permit: Permit): Float32View {
  const View = CLASSES[region.shape.length] ?? Float32View;
  return new View(data, region, permit);
}
