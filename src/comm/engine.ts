/**
 * What the patterns (array, lock, batch) build on, below the public {@link Communicator}: agreement, segments, shared words.
 * A pattern knows these interfaces and nothing of the backend under them.
 */
import type { PshmemError } from "../errors.ts";
import type { Slab } from "../array/slab.ts";
import { TEXT_BYTES } from "../node/board.ts";
import type { Pace } from "../node/machine.ts";
import type { Words } from "../node/words.ts";
import type { Communicator, Topology } from "./contract.ts";
import type { Op } from "./calls.ts";
import type { Losses } from "./losses.ts";
import type { Memory } from "./pieces.ts";

export type { Slab, Words };

/** What a rank says when it enters a collective. All ranks must say the same in `op`, `object`, `root` and `digest`. */
export interface Call {
  readonly op: Op;
  /** Number of the object the call belongs to, from {@link Engine.nextObject}; 0 is the communicator itself. */
  readonly object?: number;
  /** The rank whose data matters; it must be a rank of the communicator when `fault` is absent. */
  readonly root?: number;
  /** A hash of further arguments that all ranks must agree on; see `digestOf`. */
  readonly digest?: number;
  /** For the error text when digests differ: the arguments in words. Not together with `payload`. */
  readonly about?: string;
  /** What this rank found wrong with its own arguments: then no rank proceeds, and every rank throws it. */
  readonly fault?: PshmemError;
  /** The rank that `fault` was found on, where it is another one. */
  readonly faultRank?: number;
  /** At most {@link PAYLOAD_BYTES} bytes; the root's are handed to every rank. Ignored on other ranks. */
  readonly payload?: Uint8Array;
  /** What this rank shows has not been taken up by all before, so that taking it up may fail. */
  readonly isFresh?: boolean;
}

/** The most bytes that travel with a call itself: the room that a board has for them. */
export const PAYLOAD_BYTES = TEXT_BYTES;

/**
 * The most bytes of a slab, with its description, that travel between nodes with the call itself, from a root that leads its node: 64 KiB of
 * data. They are copied twice more than what goes from place to place, and spare the messages that follow a verdict: 64 KiB over TCP take 0.5
 * to 0.7 of the time, a MiB twice as long.
 */
export const ALONG_BYTES = 64 * 1024 + 256;

/** What the root of an update does; on other ranks only its `memory` counts. */
export interface Writing {
  /** The segment, on every rank. */
  readonly memory: Memory;
  /**
   * Writes into the segment, while all other ranks wait. What it returns, at most {@link PAYLOAD_BYTES} bytes, is shown to all ranks, if
   * they are on one node.
   */
  write(): Uint8Array | undefined;
  /** How many bytes it writes. */
  readonly byteLength: number;
  /** The slab's bytes where they lie, row after row, in memory other than the segment; null if they do not. */
  source(): Uint8Array | null;
  /** Where `write` writes; null for nothing. Asked only where there are other nodes. */
  slab(): Slab | null;
  /** The slab's bytes, row after row, for a slab that is small enough to travel with the call. */
  bytes(): Uint8Array;
}

/** Memory that the ranks of one node share, one copy on every node of the communicator, zeroed at the start. */
export interface Segment {
  /** To be written through. */
  readonly buffer: ArrayBufferLike;
  /** The same memory, to be shown to users for reading: under `PSHMEM_GUARD=1` a mapping that cannot be written, else `buffer`. */
  readonly readable: ArrayBufferLike;
  /** Where the segment begins in `buffer`, in bytes; a multiple of 64. */
  readonly byteOffset: number;
  readonly byteLength: number;
  /**
   * Collective. When all ranks have entered and agree, `writing` writes on `call.root`, its slab is copied to all other nodes, and then
   * all ranks leave. An exception of `write` is thrown on every rank.
   */
  update(call: Call, writing: Writing): void;
  /**
   * Collective: copies the slabs of every rank, none of them empty, from its node to all other nodes; all ranks say the same of every rank.
   * What is in them was written before a collective of the same communicator that is over: so on one node this is nothing, and nobody waits.
   */
  spread(call: Call, slabsOf: (rank: number) => readonly Slab[]): void;
  /** Local, idempotent. The memory is given back when every rank of the communicator has closed. */
  close(): void;
}

/** What a communicator offers to the patterns. */
export interface Engine {
  /** See `Backend.job`. */
  readonly job: number;
  readonly rank: number;
  readonly size: number;
  readonly topology: Topology;
  /** The world rank of each rank: tells which ranks two communicators share. */
  readonly members: readonly number[];
  readonly pace: Pace;
  /** `Pace.glances`, where what ends a wait needs no messages; else 0. */
  readonly glances: number;
  /** Which ranks have gone, and what to throw then. */
  readonly losses: Losses;
  /** Throws FREED once the communicator is freed. Local. */
  check(call: string): void;
  /**
   * The number for a new object: the same on all ranks, since objects are made collectively. It is taken when a meeting in its name has
   * succeeded; a meeting that fails leaves it for the next object. Local.
   */
  nextObject(): number;
  /** The same where all ranks are known to make the object: the number is taken at once. Local. */
  takeObject(): number;
  /**
   * Collective. Every rank enters; all leave with the root's payload (empty when it gave none), or all throw: the fault of the
   * lowest rank that has one, or MISMATCH.
   */
  agree(call: Call): Uint8Array;
  /** Collective: every rank's bytes, in rank order. `call.payload` is not used. */
  gatherAll(call: Call, bytes: Uint8Array): readonly Uint8Array[];
  /** Collective: `bytes` of node memory (the same number on all ranks, part of the agreement). @throws NO_MEMORY */
  allocateSegment(call: Call, bytes: number): Segment;
  /**
   * Collective: `count` words on each rank, but `onRoot` (default: `count`) on `call.root`; the numbers are the same on all
   * ranks. @throws NO_MEMORY
   */
  allocateWords(call: Call, count: number, onRoot?: number): Words;
  /** Local: `comm`, made from this communicator for its objects, ends when this one is freed. */
  adopt(comm: Communicator): void;
  /** Collective at its first call on a communicator; made once and shared by all objects on it. */
  nodeComm(): Communicator;
}
