/** The memory of an array on this node, as the array's methods want it. */
import { makeArray, type DType, type TypedArrayOf } from "../array/dtype.ts";
import type { Region } from "../array/slice.ts";
import { makeView, readerOf, type View } from "../array/view.ts";
import type { Engine, Segment } from "../comm/engine.ts";
import { PshmemError } from "../errors.ts";
import { Filling } from "./filling.ts";
import { Joint } from "./joint.ts";
import { Placing } from "./placing.ts";

/** What is laid out. */
export interface Layout<D extends DType> {
  readonly engine: Engine;
  readonly object: number;
  readonly dtype: D;
  readonly shape: readonly number[];
  /** C order, in elements. */
  readonly strides: readonly number[];
  /** Elements. */
  readonly size: number;
}

/** What reading takes from the view of the whole, once: the view's class is one of many, and slow to ask in a loop. */
export interface Reads<D extends DType, N extends number> {
  readonly elements: View<D, N>["data"];
  readonly get: View<D, N>["get"];
}

/** Stands in for an array's memory after `close`. */
export const CLOSED = {
  get elements(): never {
    throw closed("MPIShared.data");
  },
  get get(): never {
    throw closed("MPIShared.get");
  },
};

/** The array's part of a segment, as elements and as a view of the whole. */
export interface ArrayMemory<D extends DType, N extends number> extends Reads<D, N> {
  readonly segment: Segment;
  readonly data: TypedArrayOf<D>;
  readonly view: View<D, N>;
  /** Where the whole lies, without a view, of whose many classes each would be looked up anew. */
  readonly whole: Region;
  /** For what one rank writes. */
  readonly filling: Filling<D>;
  readonly placing: Placing<D>;
  /** For what all ranks write. */
  readonly joint: Joint<D>;
}

/** Local: a segment as the memory of an array; `changed` is called when all ranks have written it. */
export function lay<D extends DType, N extends number>(
  { engine, object, dtype, shape, strides, size }: Layout<D>,
  segment: Segment,
  changed: () => void,
): ArrayMemory<D, N> {
  const { buffer, readable, byteOffset } = segment;
  const data = makeArray(dtype, buffer, byteOffset, size);
  const shown = readable === buffer ? data : makeArray(dtype, readable, byteOffset, size);
  const whole = { offset: 0, shape, strides };
  const view = makeView<D, N>(dtype, shown, whole);
  const filling = new Filling({ dtype, segment, data });
  const joint = new Joint({ engine, object, dtype, segment, data, view, changed });
  const placing = new Placing(dtype, whole);
  return { segment, data, view, whole, filling, placing, joint, elements: view.data, get: readerOf(view) };
}

/** The error of a call on an array that this rank has closed. */
export function closed(call: string): PshmemError {
  return new PshmemError("FREED", `${call}: the array has been closed on this rank; use it before close()`, {
    call,
  });
}
