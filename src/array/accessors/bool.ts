// Written by scripts/generate-accessors.js: change that, not this.
import { BaseView, type Permit } from "../base.ts";
import { badScalar, type Scalar, type TypedArrayOf } from "../dtype.ts";
import type { Region } from "../slice.ts";

type Data = TypedArrayOf<"bool">;
type Item = Scalar<"bool"> | BaseView<"bool">;

/** A view of bool elements. */
class BoolView extends BaseView<"bool"> {
  constructor(data: Data, region: Region, permit: Permit) {
    super("bool", data, region, permit);
  }

  protected make(data: Data, region: Region, permit: Permit): BoolView {
    return makeBoolView(data, region, permit);
  }

  get(...index: readonly number[]): Item {
    if (index.length !== this.geometry.dimensions) return this.getPart(index);
    const place = this.geometry.place(index);
    return this.data[place] !== 0;
  }

  set(index: readonly number[], value: Scalar<"bool">): void {
    if (!this.permit.granted) this.checkWritable();
    if (typeof value !== "boolean") throw badScalar("bool", value);
    const at = this.geometry.place(index);
    this.data[at] = value ? 1 : 0;
  }
}

class BoolView1 extends BoolView {
  override get(i?: number): Item {
    if (arguments.length !== 1) return this.getPart([...arguments]);
    const place = this.geometry.place1(i!);
    return this.data[place] !== 0;
  }

  override reader(): BaseView<"bool">["get"] {
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

class BoolView2 extends BoolView {
  override get(i?: number, j?: number): Item {
    if (arguments.length !== 2) return this.getPart([...arguments]);
    const place = this.geometry.place2(i!, j!);
    return this.data[place] !== 0;
  }

  override reader(): BaseView<"bool">["get"] {
    return (...index) => this.get(...index);
  }
}

class BoolView3 extends BoolView {
  override get(i?: number, j?: number, k?: number): Item {
    if (arguments.length !== 3) return this.getPart([...arguments]);
    const place = this.geometry.place3(i!, j!, k!);
    return this.data[place] !== 0;
  }

  override reader(): BaseView<"bool">["get"] {
    return (...index) => this.get(...index);
  }
}

const CLASSES = [BoolView, BoolView1, BoolView2, BoolView3];

/** A view of bool elements, of the class for its number of dimensions. Local, no copy. */
export function makeBoolView(data: Data, region: Region, permit: Permit): BoolView {
  const View = CLASSES[region.shape.length] ?? BoolView;
  return new View(data, region, permit);
}
