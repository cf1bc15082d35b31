/** A {@link Segment} in memory of the node. */
import type { Piece } from "../node/heap.ts";
import type { Call, Segment, Slab, Writing } from "./engine.ts";
import type { Memory } from "./pieces.ts";

/** The collectives through which segments change. */
interface Updater {
  update(call: Call, writing: Writing): void;
  spread(call: Call, memory: Memory, slabsOf: (rank: number) => readonly Slab[]): void;
}

/** Shared by the ranks of one node; every node of the communicator has its own. */
export class NodeSegment implements Segment {
  readonly buffer: ArrayBufferLike;
  readonly readable: ArrayBufferLike;
  readonly byteOffset: number;
  readonly byteLength: number;
  readonly #group: Updater;
  readonly #piece: Piece;
  #isKept = false;

  constructor(group: Updater, piece: Piece) {
    this.buffer = piece.buffer;
    this.readable = piece.readable;
    this.byteOffset = piece.byteOffset;
    this.byteLength = piece.byteLength;
    this.#group = group;
    this.#piece = piece;
  }

  update(call: Call, writing: Writing): void {
    this.#group.update(call, writing);
  }

  spread(call: Call, slabsOf: (rank: number) => readonly Slab[]): void {
    this.#group.spread(call, this, slabsOf);
  }

  keep(): void {
    this.#isKept = true;
  }

  close(): void {
    if (!this.#isKept) this.#piece.close();
  }
}
