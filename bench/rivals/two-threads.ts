/** What two cores give for a copy of ours: two threads in C, which do nothing else, with the same data into the same array. */
import { referenceFunction } from "../references.ts";
import type { Maker } from "../case.ts";

/** A copy of ours, on the rank that has the data: rows, one after the other in the source, `stride` bytes apart in the target. */
export interface Region {
  readonly target: Uint8Array;
  readonly source: Uint8Array;
  readonly rows: number;
  readonly stride: number;
}

/** `regionOf` gives what ours copies, once it has been made; null on ranks without data. */
export function twoThreads(regionOf: () => Region | null): Maker {
  return () => {
    const halves = referenceFunction("halves_turn", "double", [
      "void *",
      "void *",
      "size_t",
      "size_t",
      "size_t",
      "int",
    ]);
    const region = regionOf();
    return {
      turn(ops) {
        if (!region) return 0;
        const { target, source, rows, stride } = region;
        const took = halves(target, source, rows, source.byteLength / rows, stride, ops);
        if (took < 0) throw new Error("halves_turn: no second thread");
        return took;
      },
    };
  };
}
