/**
 * What a backend has to give: the platform, in a few naive pieces. It checks nothing, knows no collective and no pattern;
 * what its ranks do with the pieces is written once, above it.
 */
import type { Bells } from "../node/bells.ts";
import type { Memory } from "../node/heap.ts";
import type { Courier } from "../node/post.ts";
import type { BackendName } from "./contract.ts";

/** One rank's view of its world. */
export interface Backend {
  readonly name: BackendName;
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
  /** How often to look before sleeping; see `spinsFor`. */
  readonly spins: number;
  /** All ways by which messages come in, and the one that leads to a rank. */
  readonly couriers: readonly Courier[];
  courierTo(rank: number): Courier;
  /** Memory shared by the ranks of this node. */
  readonly nodeMemory: Memory;
  /** Memory that ranks of all nodes can reach by load and store, if there is such a thing. */
  readonly openMemory: Memory | null;
  /** The zeroed board on which the ranks of this node meet for the world communicator. */
  readonly worldBoard: { readonly buffer: ArrayBufferLike; readonly byteOffset: number };
  /** Ends the whole job. */
  abort(code: number): never;
}
