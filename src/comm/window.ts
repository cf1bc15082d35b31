/** One-sided memory for users (MPI-4.1 chapter 12): the guard, over windows that trust their callers. */
import { PshmemError } from "../errors.ts";
import { itemSize, lanesOf, type DType, type Scalar, type TypedArrayOf } from "../array/dtype.ts";
import { checkElement, flatData } from "../array/elements.ts";
import { faultOfRank, throwFault } from "./arguments.ts";
import type { Ground } from "./backend.ts";
import { digestOf } from "./calls.ts";
import type { Communicator, FetchOp, Window } from "./contract.ts";
import { fetchOpsOn } from "./element.ts";
import type { Group } from "./group.ts";
import { lendDistant, lendSpread } from "./lending.ts";
import { RemoteWindow } from "./remote-window.ts";
import { moveAllToAll } from "./movers.ts";
import { SharedWindow } from "./shared-window.ts";
import { textOf } from "../shown.ts";
import { asFault } from "./verdict.ts";

/** Bytes of the largest element that processors update at once. */
const LARGEST_ATOMIC = 8;

/** A window as a backend provides it: no checks; offsets and counts in elements. */
export interface RawWindow<D extends DType = DType> {
  readonly local: TypedArrayOf<D>;
  get(target: number, offset: number, count: number): TypedArrayOf<D>;
  put(target: number, offset: number, values: TypedArrayOf<D>): void;
  fetchAndOp(target: number, offset: number, value: Scalar<D>, op: FetchOp): Scalar<D>;
  compareAndSwap(target: number, offset: number, expected: Scalar<D>, desired: Scalar<D>): Scalar<D>;
  flush(target?: number): void;
  sync(): void;
  close(): void;
}

/** Collective, blocking: first all tell how many elements they bring, then one lends memory for all. */
export function makeWindow<D extends DType>(
  comm: Communicator,
  group: Group,
  dtype: D,
  count: number,
  fault: PshmemError | undefined,
): Window<D> {
  const op = "allocateWindow";
  group.meet({ op, fault, digest: fault ? 0 : digestOf(dtype) });
  const counts = moveAllToAll(group, new Uint8Array(Float64Array.of(count).buffer)).map(
    (bytes) => new Float64Array(bytes.slice().buffer)[0],
  );
  const layout = (ranks: readonly number[]) =>
    SharedWindow.layout(
      ranks.map((rank) => counts[rank]),
      itemSize(dtype),
    );
  if (group.distant) {
    const { bytes } = SharedWindow.layout([counts[group.rank]], itemSize(dtype));
    const { piece, places, keeper } = lendDistant(group, { op }, group.distant, bytes);
    const own = { piece, count: counts[group.rank] };
    return new GuardedWindow<D>(comm, group, dtype, counts, group.distant.window(dtype, places, keeper, own));
  }
  const { piece, ranks, service } = lendSpread(group, { op }, (some) => layout(some).bytes);
  const { offsets } = layout(ranks);
  const shared = new SharedWindow(piece, dtype, counts, ranks, offsets, group.rank);
  if (!service) return new GuardedWindow<D>(comm, group, dtype, counts, shared);
  const byteOffset = piece.byteOffset + offsets[ranks.indexOf(group.rank)];
  const own: Ground = { kind: "window", buffer: piece.buffer, byteOffset, dtype, count: counts[group.rank] };
  const raw = new RemoteWindow(shared, own, service, group.rank, group.isLocal);
  return new GuardedWindow<D>(comm, group, dtype, counts, raw);
}

class GuardedWindow<D extends DType> implements Window<D> {
  readonly dtype: D;
  readonly comm: Communicator;
  readonly #group: Group;
  readonly #counts: readonly number[];
  readonly #raw: RawWindow<D>;
  #closed = false;

  constructor(comm: Communicator, group: Group, dtype: D, counts: readonly number[], raw: RawWindow<D>) {
    this.comm = comm;
    this.dtype = dtype;
    this.#group = group;
    this.#counts = counts;
    this.#raw = raw;
  }

  get count(): number {
    return this.#counts[this.#group.rank];
  }

  get local(): TypedArrayOf<D> {
    this.#check("Window.local");
    return this.#raw.local;
  }

  countOf(rank: number): number {
    throwFault(faultOfRank("rank", rank, this.#counts.length), "Window.countOf");
    return this.#counts[rank];
  }

  get(target: number, offset = 0, count = 1): TypedArrayOf<D> {
    this.#checkRegion("Window.get", target, offset, count);
    return this.#raw.get(target, offset, count);
  }

  put(target: number, offset: number, values: readonly Scalar<D>[] | TypedArrayOf<D> | Scalar<D>): void {
    const elements = this.#elements(values);
    this.#checkRegion("Window.put", target, offset, elements.length / lanesOf(this.dtype));
    this.#raw.put(target, offset, elements);
  }

  fetchAndOp(target: number, offset: number, value: Scalar<D>, op: FetchOp = "sum"): Scalar<D> {
    this.#checkRegion("Window.fetchAndOp", target, offset, 1);
    this.#checkScalar("Window.fetchAndOp", value);
    this.#checkOp(op);
    this.#checkAtomic("Window.fetchAndOp");
    return this.#raw.fetchAndOp(target, offset, value, op);
  }

  compareAndSwap(target: number, offset: number, expected: Scalar<D>, desired: Scalar<D>): Scalar<D> {
    this.#checkRegion("Window.compareAndSwap", target, offset, 1);
    this.#checkScalar("Window.compareAndSwap", expected);
    this.#checkScalar("Window.compareAndSwap", desired);
    this.#checkAtomic("Window.compareAndSwap");
    return this.#raw.compareAndSwap(target, offset, expected, desired);
  }

  flush(target?: number): void {
    this.#check("Window.flush");
    if (target !== undefined) throwFault(faultOfRank("target", target, this.#counts.length), "Window.flush");
    this.#raw.flush(target);
  }

  sync(): void {
    this.#check("Window.sync");
    this.#raw.sync();
  }

  close(): void {
    if (!this.#closed) this.#raw.close();
    this.#closed = true;
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #check(call: string): void {
    this.#group.check(call);
    if (this.#closed)
      throw new PshmemError("FREED", `${call}: the window has been closed on this rank`, { call });
  }

  #checkRegion(call: string, target: number, offset: number, count: number): void {
    this.#check(call);
    throwFault(faultOfRank("target", target, this.#counts.length), call);
    const size = this.#counts[target];
    const whole = Number.isInteger(offset) && Number.isInteger(count) && offset >= 0 && count >= 0;
    if (whole && offset + count <= size) return;
    const text = `${call}: ${textOf(count)} elements from offset ${textOf(offset)} are not inside the ${size} elements of rank ${target}`;
    throw new PshmemError("OUT_OF_BOUNDS", text, { call, expected: size, actual: [offset, count] });
  }

  #checkScalar(call: string, value: unknown): void {
    this.#refusing(call, () => checkElement(this.dtype, value));
  }

  #checkAtomic(call: string): void {
    if (itemSize(this.dtype) <= LARGEST_ATOMIC) return;
    const text = `${call}: no machine updates the 16 bytes of a ${this.dtype} at once; use complex64, or a lock`;
    throw new PshmemError("UNSUPPORTED", text, { call, actual: this.dtype });
  }

  #checkOp(op: FetchOp): void {
    const allowed = fetchOpsOn(this.dtype);
    if (allowed.includes(op)) return;
    const text = `Window.fetchAndOp: ${textOf(op)} is not an operation on ${this.dtype}; use one of ${allowed.join(", ")}`;
    throw new PshmemError("BAD_ARGUMENT", text, { call: "Window.fetchAndOp", expected: allowed, actual: op });
  }

  /** What `put` was given, as an array of the window's kind: without a copy if it is a typed array. */
  #elements(values: readonly Scalar<D>[] | TypedArrayOf<D> | Scalar<D>): TypedArrayOf<D> {
    const list = Array.isArray(values) || ArrayBuffer.isView(values) ? values : [values];
    return this.#refusing("Window.put", () => flatData(this.dtype, list) as TypedArrayOf<D>);
  }

  /** What a conversion gives; what it refuses is thrown in the name of the call. */
  #refusing<T>(call: string, convert: () => T): T {
    try {
      return convert();
    } catch (error) {
      throwFault(asFault(error), call);
      throw error;
    }
  }
}
