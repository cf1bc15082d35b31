/** Memory of a rank alone: shared with nobody. */
import type { Memory } from "../node/heap.ts";

/** {@link Memory} that no other rank attaches to. */
export const serialMemory: Memory = {
  create: (bytes) => ({ id: 0, buffer: new SharedArrayBuffer(bytes) }),
  attach: () => {
    throw new Error("a rank alone has nobody to attach to");
  },
  release: () => {},
  withdraw: () => {},
};
