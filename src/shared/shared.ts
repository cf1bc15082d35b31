/** MPIShared: an array with one copy on every node, which all ranks of the node read, and which one rank writes, or all do at once. */
import { inspect } from "node:util";
import { itemSize, type DType, type ReadonlyTypedArrayOf } from "../array/dtype.ts";
import { formatShared } from "../array/print.ts";
import { sizeOf, stridesOf } from "../array/shape.ts";
import type { Axis } from "../array/slice.ts";
import type { NdSource } from "../array/source.ts";
import { type View, type WritableView } from "../array/view.ts";
import { faultOfRank, optionsOf, readOptions } from "../comm/arguments.ts";
import { digestOf, type Op } from "../comm/calls.ts";
import type { Communicator } from "../comm/contract.ts";
import type { Call, Engine, Segment } from "../comm/engine.ts";
import { asFault } from "../comm/verdict.ts";
import type { PshmemError } from "../errors.ts";
import { communicatorOf, engineOf } from "../world.ts";
import { checkedShape, dataOf, oneOf } from "./arguments.ts";
import { throughOwn } from "./filling.ts";
import type { Joint, PieceOptions } from "./joint.ts";
import { CLOSED, closed, lay, type ArrayMemory, type Reads } from "./memory.ts";
import { offsetOf, placeIn, type Placement } from "./region.ts";
import { faultOfReuse, isGiven, reusable, type ReuseOptions } from "./reuse.ts";
import type { DimensionsOf, WriteRegion } from "./scope.ts";

/** Where and from whom the data of `set` comes. */
export interface SetOptions extends PieceOptions {
  /** The rank whose data counts. */
  readonly fromRank?: number;
}

/** The number of dimensions of a shape, where its type tells. */
type Dimensions<S extends ArrayLike<number>> = S["length"];

/**
 * An n-d array of which every node holds one copy, shared by its ranks; zeros at the start.
 *
 * Every rank reads without communication. Writing is collective: `set` copies one rank's data to all nodes, `setAll` that of all ranks; when they
 * return, every rank of this node sees it; no rank sees half of it, since reading happens between calls. Or ranks `write` into their
 * own node's memory, each a part of its own, and `sync` brings all parts to all nodes.
 */
export class MPIShared<
  D extends DType = DType,
  const S extends ArrayLike<number> = readonly number[],
> implements Disposable {
  readonly comm: Communicator;
  /** The ranks of `comm` on this node. */
  readonly nodeComm: Communicator;
  readonly dtype: D;
  readonly shape: readonly number[];
  /** C order, in elements. */
  readonly strides: readonly number[];
  /** Elements. */
  readonly size: number;
  /** Bytes of one node's copy. */
  readonly nbytes: number;
  /** Local. The part that the selectors pick, as a read-only view without a copy: `shared.at("1:3", null)`. */
  readonly at: View<D, Dimensions<S>>["at"];
  readonly #engine: Engine;
  readonly #object: number;
  /** Null once closed, so that the memory can go before this object does. */
  #memory: ArrayMemory<D, Dimensions<S>> | null;
  /** What is asked for in loops: its own field, so that no check for null stands in them. */
  #reads: Reads<D, Dimensions<S>>;
  #version = 0;
  #lastCall: Call | null = null;

  /**
   * Collective, blocking. `shape` and `dtype` must be the same on all ranks. `null` stands for the rank alone.
   *
   * @throws BAD_SHAPE BAD_DTYPE BAD_NODE_COMM MISMATCH NO_MEMORY, each on every rank
   */
  constructor(shape: S, dtype: D, comm: Communicator | null, reuse?: ReuseOptions | null) {
    this.comm = communicatorOf(comm);
    this.#engine = engineOf(comm);
    this.#engine.check("new MPIShared");
    this.#object = this.#engine.nextObject();
    const { extents, fault } = checkedShape(shape, dtype);
    this.shape = Object.freeze(extents);
    this.strides = Object.freeze(stridesOf(extents));
    this.dtype = dtype;
    this.size = sizeOf(extents);
    this.nbytes = fault ? 0 : this.size * itemSize(dtype);
    const { given, fault: unread } = readOptions("new MPIShared", reuse, reusable);
    const segment = this.#allocate(fault ?? unread ?? faultOfReuse(this.#engine, given), given);
    const { strides, size } = this;
    const layout = { engine: this.#engine, object: this.#object, dtype, shape: extents, strides, size };
    this.#memory = lay(layout, segment, () => void this.#version++);
    this.#reads = this.#memory;
    try {
      this.nodeComm = given.commNode ?? this.#engine.nodeComm();
    } catch (error) {
      this.close();
      throw error;
    }
    this.at = (...axes: readonly Axis[]) => this.#open("at").view.at(...axes);
  }

  /** The array's elements in C order, read-only by type: the node's own memory, no copy. @throws FREED */
  get data(): ReadonlyTypedArrayOf<D> {
    return this.#reads.elements;
  }

  /**
   * Local. One index for each axis gives the element; fewer give a read-only view of what is left, no copy.
   *
   * @throws OUT_OF_BOUNDS BAD_DIMENSIONS BAD_SLICE FREED
   */
  get get(): View<D, Dimensions<S>>["get"] {
    // The view's own function: one that stood here would meet every dtype, and be slow for all of them.
    return this.#reads.get;
  }

  /** Length of the first axis; 1 for an array of no dimensions. */
  get length(): number {
    return this.shape.length === 0 ? 1 : this.shape[0];
  }

  /** How many collective calls have changed the array; the same on all ranks. A `write` counts with its `sync`. */
  get version(): number {
    return this.#version;
  }

  /**
   * Collective, blocking: copies the data of rank `fromRank` into every node's array; what other ranks pass does not matter.
   *
   * @throws BAD_RANK NO_SOURCE BAD_ARGUMENT BAD_DTYPE BAD_DIMENSIONS BAD_SHAPE OUT_OF_BOUNDS NOT_CLONEABLE FREED, each on every rank, and the array is unchanged
   */
  set(data: NdSource<D> | null | undefined, options?: SetOptions | null): void {
    const op = "MPIShared.set";
    this.#engine.check(op);
    let root = 0;
    let placement: Placement<D> | undefined;
    let fault: PshmemError | undefined;
    // Not by `readOptions`, nor with a function for what to place: they allocate.
    try {
      const { fromRank = 0, offset, shape } = optionsOf(op, options);
      root = fromRank;
      const memory = this.#memory;
      if (memory && root === this.comm.rank) {
        const at = offsetOf(memory.whole, offset);
        placement = throughOwn(memory, memory.placing.place(dataOf(data, root), shape, at));
      }
    } catch (error) {
      fault = asFault(error);
    }
    this.#write(op, root, placement, fault);
  }

  /**
   * Collective, blocking: the one rank whose data is not null writes it, as `array[axes] = data` does. Indices for all axes
   * say where the data begins; slices pick the part that it fills. What other ranks pass for `axes` does not matter.
   *
   * @throws NO_SOURCE MANY_SOURCES BAD_SLICE and those of `set`, each on every rank, and the array is unchanged
   */
  assign(axes: readonly Axis[] | null, data: NdSource<D> | null | undefined): void {
    const op = "MPIShared.assign";
    this.#engine.check(op);
    const own = data !== null && data !== undefined;
    const fault = this.#memory ? undefined : closed(op);
    const has = this.#engine.gatherAll({ op, object: this.#object, fault }, Uint8Array.of(Number(own)));
    const sources = has.flatMap(([flag], rank) => (flag ? [rank] : []));
    const root = oneOf(sources);
    let placement: Placement<D> | undefined;
    let wrong: PshmemError | undefined;
    try {
      const memory = this.#memory;
      if (memory && own) placement = throughOwn(memory, placeIn(memory.whole, this.dtype, axes ?? [], data));
    } catch (error) {
      wrong = asFault(error);
    }
    this.#write(op, root, placement, wrong);
  }

  /**
   * Collective, blocking: every rank gives a piece of its own, or null, and its place; all pieces come to every node in one exchange. Pieces
   * of different ranks must not share elements. If all ranks give null nothing happens, and the version stays.
   *
   * @throws OVERLAP and those of `set`, each on every rank, and the array is unchanged
   */
  setAll(data: NdSource<D> | null | undefined, options?: PieceOptions | null): void {
    this.#jointly("MPIShared.setAll", (joint) => joint.setAll(data, options));
  }

  /**
   * Local. Calls `fn` with a writable view of a part of this node's own memory, and returns what it returns: axes as `at` takes them, or
   * `{ offset, shape }`. Other ranks see what is written after the next `sync`; those of this node may see it at once, so no other rank may
   * use the part meanwhile. It counts as written whatever `fn` does, also if it throws.
   *
   * When `fn` returns, the view and all that was taken from it become read-only; a promise does not keep it open. The view's
   * `data` begins and ends with the part's first and last element in memory; as a plain typed array it cannot be closed: do not keep it.
   *
   * `set`, `assign` and `setAll` may come before the `sync`. They do not stand in for it: what they change in a part that was written is sent again.
   *
   * @throws BAD_ARGUMENT BAD_SHAPE BAD_SLICE BAD_DIMENSIONS OUT_OF_BOUNDS FREED
   */
  write<const P extends WriteRegion, R>(
    part: P,
    fn: (view: WritableView<D, DimensionsOf<P, Dimensions<S>>>) => R,
  ): R {
    this.#engine.check("MPIShared.write");
    return this.#open("write").joint.write<P, Dimensions<S>, R>(part, fn);
  }

  /**
   * Collective, blocking: what all ranks have written by `write` since the last `sync` comes to every node, in one exchange. On one node it is
   * there already, and the ranks only meet. The version grows if any rank has written.
   *
   * @throws OVERLAP on every rank where two ranks have written the same elements. All that was written has then been exchanged, and all nodes
   * hold the same again; each element that several ranks wrote has the value of one of them.
   * @throws FREED on every rank
   */
  sync(): void {
    this.#jointly("MPIShared.sync", (joint) => joint.sync());
  }

  /** Local. Along the first axis: elements of a 1-d array, else read-only views of its rows. */
  [Symbol.iterator](): ReturnType<View<D, Dimensions<S>>[typeof Symbol.iterator]> {
    return this.#open("iteration").view[Symbol.iterator]();
  }

  /** Local. The layout of the Python original: nodes, shape, dtype, and the first and last rows. */
  toString(): string {
    const { nodeCount } = this.comm.topology;
    const nodeSizes = Array.from({ length: nodeCount }, () => 0);
    for (let rank = 0; rank < this.comm.size; rank++) nodeSizes[this.comm.topology.nodeOf(rank)]++;
    const { data } = this.#open("toString");
    const { shape, strides, dtype, comm } = this;
    const view = { dtype, data, offset: 0, shape, strides };
    return formatShared({ nodes: nodeCount, nodeSizes, ranks: comm.size, shape, dtype, view });
  }

  [inspect.custom](): string {
    return this.#memory ? this.toString() : "<MPIShared, closed>";
  }

  /**
   * Local, idempotent. The memory is given back once every rank has closed. Views taken before can still be read, but what they
   * show is no longer this array.
   */
  close(): void {
    this.#memory?.segment.close();
    this.#memory = null;
    this.#reads = CLOSED;
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #allocate(fault: PshmemError | undefined, { commNode, commNodeRank }: ReuseOptions): Segment {
    // What is no dtype need not even have a text.
    const reused = `${isGiven(commNode) ? ", commNode" : ""}${isGiven(commNodeRank) ? ", commNodeRank" : ""}`;
    const about = fault ? "" : `shape [${this.shape.join()}], dtype ${this.dtype}${reused}`;
    const call = {
      op: "new MPIShared",
      object: this.#object,
      fault,
      about,
      digest: digestOf(about),
    } as const;
    return this.#engine.allocateSegment(call, this.nbytes);
  }

  #open(call: string): ArrayMemory<D, Dimensions<S>> {
    if (!this.#memory) throw closed(`MPIShared.${call}`);
    return this.#memory;
  }

  /** `placement`: on the root, where its data goes. A rank that has closed takes part to say so, for the others wait for it. */
  #write(op: Op, root: number, placement: Placement<D> | undefined, fault: PshmemError | undefined): void {
    const memory = this.#memory;
    const object = this.#object;
    if (!memory) {
      this.#engine.agree({ op, object, root, fault: closed(op) });
      return;
    }
    const { filling, placing, segment } = memory;
    fault ??= faultOfRank("fromRank", root, this.comm.size);
    filling.take(placement);
    try {
      segment.update(this.#callOf(op, root, fault), filling);
    } finally {
      filling.take(undefined);
      placing.release();
    }
    this.#version++;
  }

  /** Most programs make the same call again and again, which then allocates nothing. */
  #callOf(op: Op, root: number, fault: PshmemError | undefined): Call {
    const last = this.#lastCall;
    if (!fault && last && last.op === op && last.root === root) return last;
    const call: Call = { op, object: this.#object, root, fault };
    if (!fault) this.#lastCall = call;
    return call;
  }

  #jointly(op: Op, act: (joint: Joint<D>) => void): void {
    this.#engine.check(op);
    if (this.#memory) act(this.#memory.joint);
    else this.#engine.agree({ op, object: this.#object, fault: closed(op) });
  }
}
