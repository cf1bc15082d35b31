// Written by scripts/generate-accessors.js: change that, not this.
import { BaseView, type Permit } from "../base.ts";
import { badScalar, type Scalar, type TypedArrayOf } from "../dtype.ts";
import { Geometry } from "../geometry.ts";
import type { Region } from "../slice.ts";

type Data = TypedArrayOf<"bool">;
type Item = Scalar<"bool"> | BaseView<"bool">;

/** A view of bool elements. */
class BoolView extends BaseView<"bool"> {
  constructor(data: Data, geometry: Geometry, permit: Permit) {
    super("bool", data, geometry, permit);
  }

  protected make(data: Data, region: Region, permit: Permit): BoolView {
    return makeBoolView(data, region, permit);
  }

  get(...index: readonly number[]): Item {
    if (index.length !== this.geometry.dimensions) return this.getOther(index);
    const { data } = this;
    const place = this.geometry.place(index);
    const found = data[place];
    if (found === undefined) return this.getOther(index);
    return found !== 0;
  }

  set(index: readonly number[], value: Scalar<"bool">): void {
    if (!this.permit.granted) this.checkWritable();
    if (typeof value !== "boolean") throw badScalar("bool", value);
    const at = this.geometry.place(index);
    this.data[at] = value ? 1 : 0;
  }
}

class BoolView1 extends BoolView {
  declare protected readonly n0: number;
  declare protected readonly s0: number;

  constructor(data: Data, geometry: Geometry, permit: Permit) {
    super(data, geometry, permit);
    const { shape, strides } = geometry;
    this.n0 = shape[0];
    this.s0 = strides[0];
  }

  override get(i?: number): Item {
    const { offset, n0, s0 } = this;
    const i0 = typeof i === "number" ? i | 0 : -1;
    const a = (i0 + (typeof i === "number" && i < 0 ? n0 : 0)) | 0;
    const near = (offset + Math.imul(a, s0)) | 0;
    const inside = arguments.length <= 1 && i0 === i && a >>> 0 < n0 >>> 0;
    const place = inside ? near : -1;
    const { data } = this;
    const found = data[place];
    if (found === undefined) return this.getOther(arguments);
    return found !== 0;
  }

  override reader(): BaseView<"bool">["get"] {
    return (...index) => this.get(...index);
  }

  override [Symbol.iterator](): IterableIterator<Item> {
    let i = 0;
    const next = (): IteratorResult<Item, undefined> => {
      const done = i >= this.n0;
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
  declare protected readonly n0: number;
  declare protected readonly n1: number;
  declare protected readonly s0: number;
  declare protected readonly s1: number;

  constructor(data: Data, geometry: Geometry, permit: Permit) {
    super(data, geometry, permit);
    const { shape, strides } = geometry;
    this.n0 = shape[0];
    this.n1 = shape[1];
    this.s0 = strides[0];
    this.s1 = strides[1];
  }

  override get(i?: number, j?: number): Item {
    if (j === undefined) return this.getOther(arguments);
    const { offset, n0, n1, s0, s1 } = this;
    const i0 = typeof i === "number" ? i | 0 : -1;
    const j0 = typeof j === "number" ? j | 0 : -1;
    const a = (i0 + (n0 & (i0 >> 31))) | 0;
    const b = (j0 + (typeof j === "number" && j < 0 ? n1 : 0)) | 0;
    const out = (a | ~(a - n0)) >> 31;
    const row = ((offset + Math.imul(a, s0)) & ~out) | (out << 31);
    const near = (row + Math.imul(b, s1)) | 0;
    const inside = arguments.length <= 2 && i0 === i && j0 === j && b >>> 0 < n1 >>> 0;
    const place = inside ? near : -1;
    const { data } = this;
    const found = data[place];
    if (found === undefined) return this.getOther(arguments);
    return found !== 0;
  }

  override reader(): BaseView<"bool">["get"] {
    return (...index) => this.get(...index);
  }
}

class BoolView3 extends BoolView {
  declare protected readonly n0: number;
  declare protected readonly n1: number;
  declare protected readonly n2: number;
  declare protected readonly s0: number;
  declare protected readonly s1: number;
  declare protected readonly s2: number;

  constructor(data: Data, geometry: Geometry, permit: Permit) {
    super(data, geometry, permit);
    const { shape, strides } = geometry;
    this.n0 = shape[0];
    this.n1 = shape[1];
    this.n2 = shape[2];
    this.s0 = strides[0];
    this.s1 = strides[1];
    this.s2 = strides[2];
  }

  override get(i?: number, j?: number, k?: number): Item {
    if (k === undefined) return this.getOther(arguments);
    const { offset, n0, n1, n2, s0, s1, s2 } = this;
    const i0 = typeof i === "number" ? i | 0 : -1;
    const j0 = typeof j === "number" ? j | 0 : -1;
    const k0 = typeof k === "number" ? k | 0 : -1;
    const a = (i0 + (n0 & (i0 >> 31))) | 0;
    const b = (j0 + (n1 & (j0 >> 31))) | 0;
    const c = (k0 + (typeof k === "number" && k < 0 ? n2 : 0)) | 0;
    const out = (a | ~(a - n0) | b | ~(b - n1)) >> 31;
    const row = ((offset + Math.imul(a, s0) + Math.imul(b, s1)) & ~out) | (out << 31);
    const near = (row + Math.imul(c, s2)) | 0;
    const inside = arguments.length <= 3 && i0 === i && j0 === j && k0 === k && c >>> 0 < n2 >>> 0;
    const place = inside ? near : -1;
    const { data } = this;
    const found = data[place];
    if (found === undefined) return this.getOther(arguments);
    return found !== 0;
  }

  override reader(): BaseView<"bool">["get"] {
    return (...index) => this.get(...index);
  }
}

class BoolView4 extends BoolView {
  declare protected readonly n0: number;
  declare protected readonly n1: number;
  declare protected readonly n2: number;
  declare protected readonly n3: number;
  declare protected readonly s0: number;
  declare protected readonly s1: number;
  declare protected readonly s2: number;
  declare protected readonly s3: number;

  constructor(data: Data, geometry: Geometry, permit: Permit) {
    super(data, geometry, permit);
    const { shape, strides } = geometry;
    this.n0 = shape[0];
    this.n1 = shape[1];
    this.n2 = shape[2];
    this.n3 = shape[3];
    this.s0 = strides[0];
    this.s1 = strides[1];
    this.s2 = strides[2];
    this.s3 = strides[3];
  }

  override get(i?: number, j?: number, k?: number, l?: number): Item {
    if (l === undefined) return this.getOther(arguments);
    const { offset, n0, n1, n2, n3, s0, s1, s2, s3 } = this;
    const i0 = typeof i === "number" ? i | 0 : -1;
    const j0 = typeof j === "number" ? j | 0 : -1;
    const k0 = typeof k === "number" ? k | 0 : -1;
    const l0 = typeof l === "number" ? l | 0 : -1;
    const a = (i0 + (n0 & (i0 >> 31))) | 0;
    const b = (j0 + (n1 & (j0 >> 31))) | 0;
    const c = (k0 + (n2 & (k0 >> 31))) | 0;
    const d = (l0 + (typeof l === "number" && l < 0 ? n3 : 0)) | 0;
    const out = (a | ~(a - n0) | b | ~(b - n1) | c | ~(c - n2)) >> 31;
    const row = ((offset + Math.imul(a, s0) + Math.imul(b, s1) + Math.imul(c, s2)) & ~out) | (out << 31);
    const near = (row + Math.imul(d, s3)) | 0;
    const inside =
      arguments.length <= 4 && i0 === i && j0 === j && k0 === k && l0 === l && d >>> 0 < n3 >>> 0;
    const place = inside ? near : -1;
    const { data } = this;
    const found = data[place];
    if (found === undefined) return this.getOther(arguments);
    return found !== 0;
  }

  override reader(): BaseView<"bool">["get"] {
    return (...index) => this.get(...index);
  }
}

class BoolViewWhole extends BoolView1 {
  override get(i?: number): Item {
    const { n0 } = this;
    const i0 = typeof i === "number" ? i | 0 : -1;
    const a = (i0 + (typeof i === "number" && i < 0 ? n0 : 0)) | 0;
    const place = arguments.length <= 1 && i0 === i ? a : -1;
    const { data } = this;
    const found = data[place];
    if (found === undefined) return this.getOther(arguments);
    return found !== 0;
  }

  override reader(): BaseView<"bool">["get"] {
    return (...index) => this.get(...index);
  }
}

const CLASSES = [BoolView, BoolView1, BoolView2, BoolView3, BoolView4, BoolViewWhole];

/** A view of bool elements, of the class for its number of dimensions where places are near. Local, no copy. */
export function makeBoolView(data: Data, region: Region, permit: Permit): BoolView {
  const geometry = new Geometry(region);
  const View = CLASSES[geometry.kindIn(data.length)];
  return new View(data, geometry, permit);
}
