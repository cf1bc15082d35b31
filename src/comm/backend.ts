/**
 * What a backend has to give: the platform, in a few naive pieces. It checks nothing, knows no collective and no pattern;
 * what its ranks do with the pieces is written once, above it.
 */
import type { Bells } from "../node/bells.ts";
import type { DType } from "../array/dtype.ts";
import type { Heap, Memory, Piece } from "../node/heap.ts";
import type { Eagerness } from "../node/pace.ts";
import type { Courier } from "../node/post.ts";
import type { Copier, Reach } from "../node/reach.ts";
import type { Roster } from "../node/roster.ts";
import type { BackendName } from "./contract.ts";
import type { Words } from "./engine.ts";
import type { RawWindow } from "./window.ts";

/** One rank's view of its world. */
export interface Backend {
  readonly name: BackendName;
  /** Drawn at random for the job; the same on all its ranks. A rank that is alone because it has not asked for its world does not know it yet. */
  readonly job: number;
  /** In the world. */
  readonly rank: number;
  readonly size: number;
  /** World rank → node. Nodes are any distinct numbers. */
  readonly nodeOf: readonly number[];
  /** World rank → bell; a rank beyond the reach of shared memory is woken by the message it waits for. */
  ring(rank: number): void;
  /** The bells among which is this rank's own, and which one that is. */
  readonly bells: Bells;
  readonly place: number;
  /** World rank of each place among the bells and in the roster. */
  readonly mates: readonly number[];
  /** What these ranks know of one another. */
  readonly roster: Roster;
  /** Local: whether the rank at a place still runs; null where whoever sees its end marks it in the roster. */
  readonly runs: ((place: number) => boolean) | null;
  /** How ranks of this node read what one of them has in memory of its own, if they can. */
  readonly reach: Reach | null;
  /** What helps this rank to copy its own data, where others cannot read it. */
  readonly copier: Copier | null;
  /** What to do before sleeping; see `eagernessFor`. */
  readonly eagerness: Eagerness;
  /** All ways by which messages come in, and the one that leads to a rank. */
  readonly couriers: readonly Courier[];
  courierTo(rank: number): Courier;
  /** Memory shared by the ranks of this node. */
  readonly nodeMemory: Memory;
  /** Memory that ranks of all nodes can reach by load and store, if there is such a thing. */
  readonly openMemory: Memory | null;
  /** Memory that ranks of all nodes can reach by calls, if there is such a thing; else requests are sent. */
  readonly distantMemory: DistantMemory | null;
  /** A helper that answers other nodes' requests in this rank's place, also while it computes; usually there is none. */
  readonly attendant: Attendant | null;
  /** The zeroed board on which the ranks of this node meet for the world communicator. */
  readonly worldBoard: { readonly buffer: ArrayBufferLike; readonly byteOffset: number };
  /** Local: what this rank does again and again, once its program has ended, until all have: others may still ask it something. It tells whether anything moved. */
  atEnd(poll: () => boolean): void;
  /** Ends the whole job with this exit code, 0 to 255. */
  abort(code: number): never;
}

/** Memory of one rank that any rank can read and change without asking it: MPI's one-sided operations (MPI-4.1 chapter 12). */
export interface DistantMemory {
  /** Lends this rank's own memory; nobody attaches to its pieces. */
  readonly heap: Heap;
  /** Local: makes a piece of this rank known as it is now; the result is the address by which other ranks find it. */
  publish(piece: Piece): number;
  /** Local: words of the ranks at these places. */
  words(places: readonly DistantPlace[], keeper: Keeper): Words;
  /** Local: a window of the ranks at these places; this rank's own elements are in `own`. */
  window<D extends DType>(
    dtype: D,
    places: readonly DistantPlace[],
    keeper: Keeper,
    own: { readonly piece: Piece; readonly count: number },
  ): RawWindow<D>;
}

/** Where a rank's part is. */
export interface DistantPlace {
  /** World rank. */
  readonly owner: number;
  readonly address: number;
}

/** What an object in distant memory cannot do by itself. */
export interface Keeper {
  /** Local: wakes a rank of the communicator. */
  ring(rank: number): void;
  /** Local, not blocking: takes messages in. */
  poll(): void;
  /** Local, idempotent: this rank is through; the memory is given back when all are. */
  close(): void;
}

/** What requests of one handle work on: this rank's part of some object, which begins `byteOffset` bytes into `buffer`. */
export type Ground =
  | {
      readonly kind: "words";
      readonly buffer: ArrayBufferLike;
      readonly byteOffset: number;
      readonly byteLength: number;
    }
  | {
      readonly kind: "window";
      readonly buffer: ArrayBufferLike;
      readonly byteOffset: number;
      readonly dtype: DType;
      /** Elements. */
      readonly count: number;
    }
  /** Nothing: a request only wakes this rank. */
  | { readonly kind: "bell" };

/** Answers requests in a rank's place; see `comm/service.ts`. */
export interface Attendant {
  /** Local, not blocking: from now on, and for requests that have come already, a communicator's handle stands for `ground`. */
  attend(context: { readonly maker: number; readonly serial: number }, handle: number, ground: Ground): void;
  /** Local, not blocking: `then` runs, at a later poll, when the helper uses the ground no more. */
  leave(context: { readonly maker: number; readonly serial: number }, handle: number, then: () => void): void;
}
