// Written by scripts/generate-accessors.js: change that, not this.
import { BaseView } from "../base.ts";
import { badScalar, type Scalar, type TypedArrayOf } from "../dtype.ts";
import { nearDimensions } from "../geometry.ts";
import type { Region } from "../slice.ts";

type Data = TypedArrayOf<"uint32">;
type Item = Scalar<"uint32"> | BaseView<"uint32">;

const { imul } = Math;

/** A view of uint32 elements. */
class Uint32View extends BaseView<"uint32"> {
  constructor(data: Data, region: Region, writable: boolean) {
    super("uint32", data, region, writable);
  }

  protected make(data: Data, region: Region, writable: boolean): Uint32View {
    return makeUint32View(data, region, writable);
  }

  get(...index: readonly number[]): Item {
    if (index.length !== this.geometry.dimensions) return this.getPart(index);
    const place = this.geometry.place(index);
    const found = this.data[place];
    return found;
  }

  set(index: readonly number[], value: Scalar<"uint32">): void {
    if (!this.writable) this.checkWritable();
    if (typeof value !== "number") throw badScalar("uint32", value);
    const at = this.geometry.place(index);
    this.data[at] = value;
  }
}

class Uint32View1 extends Uint32View {
  override get(i?: number): Item {
    const { n0, s0, offset } = this.geometry;
    const i0 = typeof i === "number" ? i | 0 : -1;
    const a = (i0 + (n0 & (i0 >> 31))) | 0;
    const near = (offset + imul(a, s0)) | 0;
    const inside = arguments.length <= 1 && i0 === i && a >= 0 && a < n0;
    const place = inside ? near : -1;
    const found = this.data[place];
    if (found === undefined && arguments.length < 1) return this.getPart(arguments);
    if (found === undefined) this.refuse(arguments.length, i!);
    return found;
  }

  override reader(): BaseView<"uint32">["get"] {
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

class Uint32View2 extends Uint32View {
  override get(i?: number, j?: number): Item {
    if (j === undefined && arguments.length < 2) return this.getPart(arguments);
    const { n0, n1, s0, s1, offset } = this.geometry;
    const i0 = typeof i === "number" ? i | 0 : -1;
    const j0 = typeof j === "number" ? j | 0 : -1;
    const a = (i0 + (n0 & (i0 >> 31))) | 0;
    const b = (j0 + (n1 & (j0 >> 31))) | 0;
    const near = (offset + imul(a, s0) + imul(b, s1)) | 0;
    const inside = arguments.length <= 2 && i0 === i && a >= 0 && a < n0 && j0 === j && b >= 0 && b < n1;
    const place = inside ? near : -1;
    const found = this.data[place];
    if (found === undefined) this.refuse(arguments.length, i!, j!);
    return found;
  }

  override reader(): BaseView<"uint32">["get"] {
    return (...index) => this.get(...index);
  }
}

class Uint32View3 extends Uint32View {
  override get(i?: number, j?: number, k?: number): Item {
    if (k === undefined && arguments.length < 3) return this.getPart(arguments);
    const { n0, n1, n2, s0, s1, s2, offset } = this.geometry;
    const i0 = typeof i === "number" ? i | 0 : -1;
    const j0 = typeof j === "number" ? j | 0 : -1;
    const k0 = typeof k === "number" ? k | 0 : -1;
    const a = (i0 + (n0 & (i0 >> 31))) | 0;
    const b = (j0 + (n1 & (j0 >> 31))) | 0;
    const c = (k0 + (n2 & (k0 >> 31))) | 0;
    const near = (offset + imul(a, s0) + imul(b, s1) + imul(c, s2)) | 0;
    const inside =
      arguments.length <= 3 &&
      i0 === i &&
      a >= 0 &&
      a < n0 &&
      j0 === j &&
      b >= 0 &&
      b < n1 &&
      k0 === k &&
      c >= 0 &&
      c < n2;
    const place = inside ? near : -1;
    const found = this.data[place];
    if (found === undefined) this.refuse(arguments.length, i!, j!, k!);
    return found;
  }

  override reader(): BaseView<"uint32">["get"] {
    return (...index) => this.get(...index);
  }
}

const CLASSES = [Uint32View, Uint32View1, Uint32View2, Uint32View3];

/** A view of uint32 elements, of the class for its number of dimensions where places are near. Local, no copy. */
export function makeUint32View(data: Data, region: Region, writable: boolean): Uint32View {
  const View = CLASSES[nearDimensions(region)];
  return new View(data, region, writable);
}
