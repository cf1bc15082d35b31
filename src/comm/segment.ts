/** A {@link Segment} in memory of the node. */
import type { Piece } from "../node/heap.ts";
import type { Call, Segment, Writing } from "./engine.ts";
import type { Relay } from "./relay.ts";

/** The collective through which a segment is updated. */
interface Updater {
  update(call: Call, memory: Relay["memory"], writing: Writing): void;
}

/** Shared by the ranks of one node; every node of the communicator has its own. */
export class NodeSegment implements Segment {
  readonly buffer: ArrayBufferLike;
  readonly readable: ArrayBufferLike;
  readonly byteOffset: number;
  readonly byteLength: number;
  readonly #group: Updater;
  readonly #piece: Piece;

  constructor(group: Updater, piece: Piece) {
    this.buffer = piece.buffer;
    this.readable = piece.readable;
    this.byteOffset = piece.byteOffset;
    this.byteLength = piece.byteLength;
    this.#group = group;
    this.#piece = piece;
  }

  update(call: Call, writing: Writing): void {
    this.#group.update(call, this, writing);
  }

  close(): void {
    this.#piece.close();
  }
}
