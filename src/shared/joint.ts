/** Writing by all ranks at once, each its own part: `setAll`, and `write` with `sync`. */
import { blockOf, boxSize, regionOf, type Box } from "../array/box.ts";
import {
  lanesOf,
  newArray,
  type DType,
  type ReadonlyTypedArrayOf,
  type TypedArrayOf,
} from "../array/dtype.ts";
import { sizeOf, stridesOf } from "../array/shape.ts";
import { copySlab, slabOf } from "../array/slab.ts";
import type { Region } from "../array/slice.ts";
import { resolveSource, type NdSource, type Resolved } from "../array/source.ts";
import type { WritableView } from "../array/view.ts";
import type { Op } from "../comm/calls.ts";
import type { Engine, Segment, Slab } from "../comm/engine.ts";
import { errorIn, faultOfFunction, optionsOf, throwFault } from "../comm/arguments.ts";
import { asFault } from "../comm/verdict.ts";
import type { PshmemError } from "../errors.ts";
import { Filling } from "./filling.ts";
import { decodeBoxes, encodeBoxes, faultOfOverlap, Parts } from "./parts.ts";
import { offsetOf, placeAt, type Placement } from "./region.ts";
import { findPart, lend, type DimensionsOf, type Found, type WriteRegion } from "./scope.ts";

/** Where a rank's piece goes. */
export interface PieceOptions {
  /** The element of the array at which the data begins, one number for each axis; all 0 when absent. */
  readonly offset?: ArrayLike<number> | null;
  /** The shape of flat data. */
  readonly shape?: ArrayLike<number>;
}

/** The array that is written. */
export interface Target<D extends DType> {
  readonly engine: Engine;
  readonly object: number;
  readonly dtype: D;
  readonly segment: Segment;
  /** This node's memory, to write to. */
  readonly data: TypedArrayOf<D>;
  /** The same, as users see it. */
  readonly view: Region & { readonly data: ReadonlyTypedArrayOf<D> };
  /** Called on every rank when the array has changed on all nodes. */
  readonly changed: () => void;
}

/** All ranks write one array. */
export class Joint<D extends DType> {
  readonly #target: Target<D>;
  /** Written by this rank, and not told to others. */
  readonly #parts = new Parts();

  constructor(target: Target<D>) {
    this.#target = target;
  }

  /** Collective: see `MPIShared.setAll`. */
  setAll(data: NdSource<D> | null | undefined, options: PieceOptions | null | undefined): void {
    const { engine, object, segment, changed } = this.#target;
    const op = "MPIShared.setAll";
    const { placement, box, fault } = this.#place(op, data, options);
    const boxes = this.#tellAll(op, box ? [box] : [], fault);
    if (boxes.every((ofRank) => ofRank.length === 0)) return;
    const overlap = faultOfOverlap(op, this.#target.view.shape, boxes);
    if (overlap) throw overlap;
    engine.agree({ op, object, fault: placement && this.#copy(placement) });
    segment.spread({ op, object }, (rank) => this.#slabs(boxes[rank]));
    changed();
  }

  /** Local: see `MPIShared.write`. */
  write<const P extends WriteRegion, N extends number, R>(
    part: P,
    fn: (view: WritableView<D, DimensionsOf<P, N>>) => R,
  ): R {
    const { dtype, data, view } = this.#target;
    throwFault(faultOfFunction("fn", fn), "MPIShared.write");
    const { box, region } = findNamed(view, part);
    try {
      return lend(dtype, data, region, fn);
    } finally {
      // Afterwards, so that a `sync` in between does not take it for written; also if `fn` failed, for it may have written before.
      this.#parts.add(box);
    }
  }

  /** Collective: see `MPIShared.sync`. */
  sync(): void {
    const { object, segment, changed } = this.#target;
    const op = "MPIShared.sync";
    const boxes = this.#tellAll(op, this.#parts.boxes);
    this.#parts.clear();
    if (boxes.every((ofRank) => ofRank.length === 0)) return;
    segment.spread({ op, object }, (rank) => this.#slabs(boxes[rank]));
    const overlap = faultOfOverlap(op, this.#target.view.shape, boxes);
    // Elements that several nodes sent came to each node in another order: now all get what the node of rank 0 has.
    if (overlap) segment.spread({ op, object }, (rank) => (rank === 0 ? this.#slabs(boxes.flat()) : []));
    changed();
    if (overlap) throw overlap;
  }

  /** The boxes of every rank, by rank. */
  #tellAll(op: Op, own: readonly Box[], fault?: PshmemError): Box[][] {
    const { engine, object, view } = this.#target;
    const all = engine.gatherAll({ op, object, fault }, encodeBoxes(own));
    return all.map((bytes) => decodeBoxes(bytes, view.shape.length));
  }

  #slabs(boxes: readonly Box[]): Slab[] {
    const { dtype, view } = this.#target;
    const written = boxes.filter((box) => boxSize(box) > 0).map((box) => regionOf(box, view.strides));
    return written.map(({ offset, shape, strides }) => slabOf(dtype, offset, shape, strides));
  }

  /** Where this rank's data goes, or what is wrong with it. */
  #place(
    op: Op,
    data: NdSource<D> | null | undefined,
    options: PieceOptions | null | undefined,
  ): { placement?: Placement<D>; box?: Box; fault?: PshmemError } {
    try {
      const { offset, shape } = optionsOf(op, options);
      if (data === null || data === undefined) return {};
      const at = offsetOf(this.#target.view, offset);
      const source = resolveSource(this.#target.dtype, data, shape);
      const { target } = placeAt(this.#target.view, source, at);
      return { placement: { source: this.#apart(source), target }, box: blockOf(at, source.shape) };
    } catch (error) {
      return { fault: asFault(error) };
    }
  }

  /** Data that lies in the array itself is copied out of it before any rank writes. */
  #apart(source: Resolved<D>): Resolved<D> {
    const { dtype, data, view } = this.#target;
    if (![data, view.data].some((memory) => shareMemory(memory, source.data))) return source;
    const { offset, shape, strides } = source;
    const packed = { data: newArray(dtype, sizeOf(shape)), offset: 0, shape, strides: stridesOf(shape) };
    copySlab(packed.data, 0, packed.strides, source.data, offset, strides, shape, lanesOf(dtype));
    return packed;
  }

  #copy(placement: Placement<D>): PshmemError | undefined {
    try {
      new Filling(this.#target).take(placement).write();
      return undefined;
    } catch (error) {
      return asFault(error);
    }
  }
}

/** Local: the part that `write` is about. */
function findNamed(whole: Region, part: WriteRegion): Found {
  try {
    return findPart(whole, part);
  } catch (error) {
    throw errorIn("MPIShared.write", asFault(error));
  }
}

type Span = Pick<ArrayBufferView, "buffer" | "byteOffset" | "byteLength">;

function shareMemory(a: Span, b: Span): boolean {
  const isApart = a.byteOffset + a.byteLength <= b.byteOffset || b.byteOffset + b.byteLength <= a.byteOffset;
  return a.buffer === b.buffer && !isApart;
}
