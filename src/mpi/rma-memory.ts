/**
 * One MPI window for all one-sided objects of a job. MPICH has about two thousand window and communicator numbers, and Open MPI
 * lets a process attach a few dozen regions: so each rank attaches large blocks, and a heap gives out pieces of them.
 */
import type { DType } from "../array/dtype.ts";
import type { DistantMemory, DistantPlace, Keeper } from "../comm/backend.ts";
import type { Words } from "../comm/engine.ts";
import type { RawWindow } from "../comm/window.ts";
import { PshmemError } from "../errors.ts";
import { Heap, type Memory, type Piece } from "../node/heap.ts";
import type { MpiWorld } from "./job.ts";
import { addressOf, forget, mapOwn } from "../native/mapping.ts";
import { RmaAccess } from "./rma-access.ts";
import { RmaWindow } from "./rma-window.ts";
import { RmaWords, type RmaOps } from "./rma-words.ts";

/** {@link DistantMemory} of one process. */
export class RmaMemory implements DistantMemory {
  readonly heap: Heap;
  readonly access: RmaAccess;
  readonly ops: RmaOps;

  /** Collective, blocking. @throws MPIError where the implementation has no windows across nodes */
  constructor({ library, wire, rank }: MpiWorld) {
    this.access = new RmaAccess(library, wire);
    this.ops = library.abi;
    this.heap = new Heap(new AttachedMemory(this.access), rank, [rank]);
  }

  publish(piece: Piece): number {
    this.access.sync();
    return addressOf(piece.buffer) + piece.byteOffset;
  }

  words(places: readonly DistantPlace[], keeper: Keeper): Words {
    return new RmaWords(this.access, this.ops, places, keeper);
  }

  window<D extends DType>(
    dtype: D,
    places: readonly DistantPlace[],
    keeper: Keeper,
    own: { readonly piece: Piece; readonly count: number },
  ): RawWindow<D> {
    return new RmaWindow({ dtype, access: this.access, noOp: this.ops.NO_OP, places, keeper, own });
  }
}

/** Blocks that no process of this node attaches to, but every rank can reach through MPI. */
class AttachedMemory implements Memory {
  /** All pages are had at once. */
  readonly promised = null;
  readonly collect = null;
  readonly #access: RmaAccess;

  constructor(access: RmaAccess) {
    this.#access = access;
  }

  create(bytes: number): { id: number; buffer: ArrayBuffer } {
    const buffer = mapOwn(bytes);
    try {
      this.#access.attach(addressOf(buffer), bytes);
    } catch (cause) {
      forget(buffer);
      const text =
        `${bytes} bytes cannot be attached to the MPI window (${(cause as Error).message}); close windows that are no longer ` +
        "used, let the MPI attach more regions, or set PSHMEM_WINDOWS=messages";
      throw new PshmemError("NO_MEMORY", text, { bytes, cause });
    }
    return { id: addressOf(buffer), buffer };
  }

  attach(owner: number): ArrayBuffer {
    throw new Error(`rank ${owner}'s memory is reached through MPI, not by load and store`);
  }

  release(buffer: ArrayBufferLike): void {
    this.#access.detach(addressOf(buffer));
    forget(buffer);
  }

  withdraw(): void {}

  readable(buffer: ArrayBufferLike): ArrayBufferLike {
    return buffer;
  }
}
