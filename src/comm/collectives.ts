/** The collectives that carry values: a meeting in which all agree, with small values in it, then the bytes of large ones. */
import type { PshmemError } from "../errors.ts";
import type { AnyTypedArray, ReduceOp } from "./contract.ts";
import type { Op } from "./calls.ts";
import { contents, enclosed } from "./enclosure.ts";
import type { Call } from "./engine.ts";
import type { Group } from "./group.ts";
import { gatherAll, moveAcross, moveAlong, moveFromRoot, moveToAll, moveToRoot } from "./movers.ts";
import { combineAll, combineAllInto } from "./reduce.ts";
import { decodeValue, elementsLike, encodeValue } from "./values.ts";

/** A rank's contribution: its bytes, or what is wrong with them. */
export interface Encoded {
  readonly bytes?: Uint8Array;
  readonly fault?: PshmemError;
  /** Of the operation and the kind of operand, for reductions. */
  readonly digest?: number;
}

/** The collectives of one communicator; arguments have been checked, and what is wrong with them is in `fault`. */
export class Collectives {
  readonly #group: Group;

  constructor(group: Group) {
    this.#group = group;
  }

  /** The root's value; `bytes` are given on the root only. */
  bcast<T>(call: Call & { root: number }, bytes: Uint8Array | undefined): T {
    const result = this.#group.agree({ ...call, payload: bytes && enclosed(bytes) });
    const inside = contents(result);
    return decodeValue<T>(inside ?? moveToAll(this.#group, call.root, bytes ?? null));
  }

  gather<T>(op: Op, root: number, { bytes, fault, digest }: Encoded): T[] | null {
    this.#group.meet({ op, root, fault, digest });
    return moveToRoot(this.#group, root, bytes!)?.map((one) => decodeValue<T>(one)) ?? null;
  }

  allgather<T>(op: Op, { bytes, fault, digest }: Encoded): T[] {
    return gatherAll(this.#group, { op, fault, digest }, bytes).map((one) => decodeValue<T>(one));
  }

  scatter<T>(root: number, pieces: Uint8Array[] | null, fault?: PshmemError): T {
    this.#group.meet({ op: "scatter", root, fault });
    return decodeValue<T>(moveFromRoot(this.#group, root, pieces));
  }

  alltoall<T>({ pieces, fault }: { pieces?: Uint8Array[]; fault?: PshmemError }): T[] {
    this.#group.meet({ op: "alltoall", fault });
    return moveAcross(this.#group, pieces!).map((one) => decodeValue<T>(one));
  }

  /** What the ranks before this one come to (null on rank 0), and this one's part as the others would see it. */
  before<T>(
    op: Op,
    { bytes, fault, digest }: Encoded,
    reduction: ReduceOp,
  ): { readonly before: T | null; readonly own: T } {
    this.#group.meet({ op, fault, digest });
    const own = combineAll([decodeValue<T>(bytes!)], reduction, this.#group.rank);
    const fold = (a: T, b: T) => combineAll([a, b], reduction);
    return { before: moveAlong<T>(this.#group, own, decodeValue, encodeValue, fold), own };
  }

  bcastInto(call: Call & { root: number }, buffer: AnyTypedArray): void {
    const { rank } = this.#group;
    const own = rank === call.root && !call.fault ? bytesOf(buffer) : undefined;
    const result = this.#group.agree({ ...call, payload: own && enclosed(own) });
    if (rank === call.root && contents(result)) return;
    const bytes = contents(result) ?? moveToAll(this.#group, call.root, own ?? null);
    if (rank !== call.root) bytesOf(buffer).set(bytes);
  }

  allreduceInto(call: Call, buffer: AnyTypedArray, op: ReduceOp): void {
    const all = gatherAll(this.#group, call, call.fault ? undefined : bytesOf(buffer));
    const [first, ...rest] = all.map((bytes) => elementsLike(buffer, bytes));
    buffer.set(first as never);
    combineAllInto(buffer, rest, op);
  }
}

function bytesOf({ buffer, byteOffset, byteLength }: AnyTypedArray): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}
