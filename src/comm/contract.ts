/**
 * The contract every backend fulfils and every pattern builds on. Read this file first.
 *
 * A plain name blocks its rank, as `Atomics.wait` does; a name ending in `Async` returns a promise. *Collective* members must be
 * called by every rank of the communicator in the same order; *local* ones concern the calling rank alone. What one
 * rank finds wrong inside a collective, every rank throws, at the same call.
 */
import type { DType, Scalar, TypedArrayOf } from "../array/dtype.ts";

/** The name of a backend. */
export type BackendName = "serial" | "threads" | "mpi";

/** Where the ranks of a communicator live: discovered by exchange, never by dividing ranks. */
export interface Topology {
  /** Number of nodes that hold at least one rank of the communicator. */
  readonly nodeCount: number;
  /** The node of this rank, 0 … nodeCount − 1; nodes are counted by their lowest rank. */
  readonly nodeIndex: number;
  /** This rank's place among the ranks of its node, in rank order. */
  readonly nodeRank: number;
  /** Number of ranks of this communicator on this node. */
  readonly nodeSize: number;
  /** Local. The node of any rank. @throws BAD_RANK */
  nodeOf(rank: number): number;
}

/** Matches a message from any rank. */
export const ANY_SOURCE = -1;
/** Matches a message with any tag. */
export const ANY_TAG = -1;
/** The largest tag a message can have. */
export const MAX_TAG = 0x7fff_ffff;

/** Which message to take: absent fields match any. */
export interface Match {
  /** A rank, or ANY_SOURCE (the default). */
  readonly source?: number;
  /** A tag, or ANY_TAG (the default). */
  readonly tag?: number;
}

/** What is known of a message that waits to be received. */
export interface MessageInfo {
  readonly source: number;
  readonly tag: number;
  /** Size of the encoded value in bytes. */
  readonly bytes: number;
}

/** A received value with the message it came in. */
export interface Message<T = unknown> extends MessageInfo {
  readonly value: T;
}

/** A send or receive under way (MPI-4.1 §3.7). */
export interface Request<T = unknown> {
  /** Local, blocking: waits for completion and returns the received value (undefined for a send). Repeatable. */
  wait(): T;
  /** Local, not blocking: true once complete; then `wait()` returns at once. That it is in vain, for a rank has gone, only `wait()` tells. */
  test(): boolean;
  /** Local: a promise of what `wait()` returns. */
  waitAsync(): Promise<T>;
}

/**
 * The reduction operations (MPI-4.1 §6.9.2). On typed arrays and plain arrays they work element by element. `minloc` and
 * `maxloc` take `[value, location]` pairs, or plain numbers, whose location then is the rank; equal values give the lower location.
 * Values are always combined in rank order, so floating-point results repeat.
 */
export type ReduceOp =
  "sum" | "prod" | "min" | "max" | "land" | "lor" | "lxor" | "band" | "bor" | "bxor" | "minloc" | "maxloc";

/** The operations of `Window.fetchAndOp`: those of MPI_Fetch_and_op (MPI-4.1 §12.3.4) without the pair types. */
export type FetchOp = Exclude<ReduceOp, "minloc" | "maxloc"> | "replace" | "no_op";

/** A typed array over any buffer. */
export type AnyTypedArray =
  | Int8Array
  | Uint8Array
  | Uint8ClampedArray
  | Int16Array
  | Uint16Array
  | Int32Array
  | Uint32Array
  | BigInt64Array
  | BigUint64Array
  | Float32Array
  | Float64Array;

/**
 * One-sided memory: `count` elements of one dtype on each rank, open to all ranks (MPI-4.1 chapter 12). All members but
 * `close` need nothing of the target. Elements are counted from 0 on each rank; offsets and counts are in elements.
 */
export interface Window<D extends DType = DType> extends Disposable {
  readonly dtype: D;
  readonly comm: Communicator;
  /** Elements on this rank. */
  readonly count: number;
  /** This rank's own elements, no copy. What others put there is visible after `sync()`. */
  readonly local: TypedArrayOf<D>;
  /** Local. Elements on any rank. @throws BAD_RANK */
  countOf(rank: number): number;
  /** Local, blocking: copies `count` elements of `target`'s memory into a new array. @throws BAD_RANK OUT_OF_BOUNDS FREED */
  get(target: number, offset?: number, count?: number): TypedArrayOf<D>;
  /**
   * Local: writes elements into `target`'s memory; there after `flush()`. As for `MPIShared.set`, an integer dtype takes only integers in its
   * range, here and in the operations below.
   *
   * @throws BAD_RANK OUT_OF_BOUNDS BAD_DTYPE BAD_ARGUMENT NOT_CLONEABLE FREED
   */
  put(target: number, offset: number, values: readonly Scalar<D>[] | TypedArrayOf<D> | Scalar<D>): void;
  /** Local, blocking, atomic: combines `value` into one element and returns the element as it was. */
  fetchAndOp(target: number, offset: number, value: Scalar<D>, op?: FetchOp): Scalar<D>;
  /**
   * Local, blocking, atomic: stores `desired` if the bits of the element are those of `expected` in this dtype (so −0 is not 0,
   * and NaN is NaN); returns the element as it was.
   */
  compareAndSwap(target: number, offset: number, expected: Scalar<D>, desired: Scalar<D>): Scalar<D>;
  /** Local, blocking: every operation of this rank on `target` (all ranks when absent) is complete at the target. */
  flush(target?: number): void;
  /** Local: makes what others wrote here visible in `local`, and local stores visible to others. A barrier is not enough. */
  sync(): void;
  /** Local, idempotent. The memory is reclaimed when every rank has closed. */
  close(): void;
}

/**
 * A group of ranks that can talk, wait for one another and share memory.
 *
 * A value is anything `structuredClone` takes, but a SharedArrayBuffer itself and objects of Node such as a Blob, which are NOT_CLONEABLE
 * (so is a WebAssembly.Module, but only where it comes, for V8 writes it and does not read it);
 * typed arrays travel as their elements, so two views of one buffer arrive with two.
 */
export interface Communicator {
  readonly rank: number;
  readonly size: number;
  readonly backend: BackendName;
  readonly topology: Topology;

  /** Collective, blocking: returns when every rank has entered. */
  barrier(): void;
  /** Collective: the promise resolves when every rank has entered. */
  barrierAsync(): Promise<void>;

  /** Collective, blocking: the root's value, on every rank. @throws BAD_RANK NOT_CLONEABLE */
  bcast<T>(value: T, root?: number): T;
  /** Collective, blocking: on the root, every rank's value in rank order; null elsewhere. */
  gather<T>(value: T, root?: number): T[] | null;
  /** Collective, blocking: every rank's value in rank order. */
  allgather<T>(value: T): T[];
  /** Collective, blocking: the root gives `size` values, each rank receives its own. Ignored elsewhere. */
  scatter<T>(values: readonly T[] | null | undefined, root?: number): T;
  /** Collective, blocking: rank i receives from every rank the value at index i. */
  alltoall<T>(values: readonly T[]): T[];
  /** Collective, blocking: the values of all ranks combined, on the root; null elsewhere. */
  reduce<T>(value: T, op?: ReduceOp, root?: number): T | null;
  /** Collective, blocking: the values of all ranks combined, on every rank. */
  allreduce<T>(value: T, op?: ReduceOp): T;
  /** Collective, blocking: the values of ranks 0 … this one combined. */
  scan<T>(value: T, op?: ReduceOp): T;
  /** Collective, blocking: the values of the ranks before this one combined; null on rank 0. */
  exscan<T>(value: T, op?: ReduceOp): T | null;
  /** Collective, blocking: fills `buffer` (same dtype and length everywhere) with the root's elements. */
  bcastInto(buffer: AnyTypedArray, root?: number): void;
  /** Collective, blocking: replaces `buffer` by the element-wise combination of all ranks' buffers. */
  allreduceInto(buffer: AnyTypedArray, op?: ReduceOp): void;

  /** Local, blocking until `value` may be reused: sends it to `dest`. @throws BAD_RANK BAD_TAG NOT_CLONEABLE */
  send(value: unknown, dest: number, tag?: number): void;
  /** Local, blocking: the next matching message's value; messages from one rank match in the order sent. */
  recv<T = unknown>(match?: Match | null): T;
  /** Local, blocking: as `recv`, with source and tag. */
  recvMessage<T = unknown>(match?: Match | null): Message<T>;
  /** Local, blocking: sends and receives without deadlock. */
  sendrecv<T = unknown>(
    value: unknown,
    dest: number,
    options?: (Match & { readonly sendTag?: number }) | null,
  ): T;
  /** Local, blocking: waits for a matching message and leaves it. */
  probe(match?: Match | null): MessageInfo;
  /** Local, not blocking: a matching message if one has arrived, else null. */
  iprobe(match?: Match | null): MessageInfo | null;
  /**
   * Local, not blocking: `value` is taken at once and may be reused. Wait for the request before the program ends or the
   * communicator is freed: a long message that is still under way then may not arrive, or may stay in its receiver's memory.
   */
  isend(value: unknown, dest: number, tag?: number): Request<undefined>;
  /** Local, not blocking. Ends with FREED if the communicator is freed before its message has come. */
  irecv<T = unknown>(match?: Match | null): Request<T>;

  /** Collective: ranks of equal colour form a communicator, ordered by key, then rank. A rank with `null` gets null. */
  split(color: number, key?: number): Communicator;
  split(color: number | null, key?: number): Communicator | null;
  /** Collective: the ranks of one node, in rank order. */
  splitShared(): Communicator;
  /** Collective: the same ranks, with messages of its own. */
  dup(): Communicator;
  /**
   * Collective: ends the communicator; later use throws FREED. Receives that were posted keep what has come for them.
   *
   * @throws BAD_ARGUMENT for the world, and for what other objects use: `nodeComm`, `workerComm`
   */
  free(): void;

  /** Collective: `count` elements on this rank (it may differ between ranks). @throws BAD_DTYPE NO_MEMORY */
  allocateWindow<D extends DType>(dtype: D, count: number): Window<D>;

  /**
   * Local: ends the whole job at once with this exit code; 0 is one that ended well. Of a code its low byte counts; with one whose low byte alone is 0 (256), and
   * with what is no integer, the job ends with 1.
   */
  abort(code?: number): never;
}
