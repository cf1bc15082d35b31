/** Long data of one rank, which somebody helps to copy; see `sharing.ts` and `helping.ts`. */
import type { Slab } from "../array/slab.ts";
import type { Writing } from "./engine.ts";
import type { Memory } from "./pieces.ts";

/** Rows shorter than this cost more to ask for than to copy: each is a call of its own. */
const LEAST_ROW_BYTES = 1024;

/** So many times a rank copies its long data itself: only who has it again and again gains what help costs at its beginning. */
const ALONE_AT_FIRST = 4;

/** Writes short data as it is, long data with help. One for all calls of a communicator: a `set` allocates nothing for it. */
export abstract class LongData implements Writing {
  writing!: Writing;
  readonly #least: number;
  /** Long data so far. */
  #long = 0;

  /** Data is long from `least` bytes on. */
  constructor(least: number) {
    this.#least = least;
  }

  get memory(): Memory {
    return this.writing.memory;
  }

  write(): Uint8Array | undefined {
    const source = this.#isHelped() ? this.writing.source() : null;
    const slab = source && this.writing.slab();
    const shown = slab && slab.rowBytes >= LEAST_ROW_BYTES ? this.withHelp(source, slab) : null;
    return shown === null ? this.writing.write() : shown;
  }

  get byteLength(): number {
    return this.writing.byteLength;
  }

  source(): Uint8Array | null {
    return this.writing.source();
  }

  slab(): Slab | null {
    return this.writing.slab();
  }

  bytes(): Uint8Array {
    return this.writing.bytes();
  }

  /** Writes `source` to its place, or sees to it: what to show, as `Writing.write` does. Null: there is no help. */
  protected abstract withHelp(source: Uint8Array, slab: Slab): Uint8Array | undefined | null;

  #isHelped(): boolean {
    return this.writing.byteLength >= this.#least && this.#long++ >= ALONE_AT_FIRST;
  }
}
