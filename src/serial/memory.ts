/** Memory of a rank alone: shared with nobody. */
import { collectGarbage } from "../node/garbage.ts";
import type { Memory } from "../node/heap.ts";

/** {@link Memory} that no other rank attaches to. */
export class SerialMemory implements Memory {
  readonly promised: BigInt64Array;
  readonly collect = collectGarbage;

  /** `promised` counts for all memory of this kind in the process. */
  constructor(promised: BigInt64Array) {
    this.promised = promised;
  }

  create(bytes: number): { id: number; buffer: SharedArrayBuffer } {
    return { id: 0, buffer: new SharedArrayBuffer(bytes) };
  }

  attach(): never {
    throw new Error("a rank alone has nobody to attach to");
  }

  release(): void {}

  withdraw(): void {}

  readable(buffer: ArrayBufferLike): ArrayBufferLike {
    return buffer;
  }
}
