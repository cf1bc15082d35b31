/**
 * The board of a communicator on one node: shared words through which its ranks meet, and a slot for each rank in which it
 * says what it is about to do.
 */

/** Ranks that have entered the present meeting. Each rank adds one; the last to enter stores 0. */
const ARRIVED = 0;
/** Turn of the present meeting: see `Rendezvous`. Written by the last to enter, then by each rank whose turn ends. */
const EPOCH = 16;
/** 1 when the present meeting failed; RESULT then holds the fault. Cleared by the last to enter, set during turns. */
const FAILED = 32;
/** 1 when what a rank has shown must still be taken up: see `Call.isFresh`. Written by the leader during turns. */
const FRESH = 34;
/** Bytes in RESULT. Written with it, during turns, read by all after the meeting. */
const RESULT_BYTES = 33;
const WORDS = 48;

/** Room for what travels with a call: with a slot's head it makes one kibibyte. */
export const TEXT_BYTES = 960;
/**
 * Words of a slot's head, by index; written by the slot's rank before it enters. To TAKEN others add after the meeting, by atomic additions: its
 * rank comes to write the slot again only after one more meeting, which all enter when they are through.
 */
export const SLOT = {
  OP: 0,
  OBJECT: 1,
  ROOT: 2,
  DIGEST: 3,
  TEXT: 4,
  BYTES: 5,
  OWNER: 6,
  BLOCK: 7,
  PLACE: 8,
  MEETING: 9,
  FRESH: 10,
  TAKEN: 11,
} as const;
/** What the text of a slot is; LOSS: the fault that ranks have gone, after which there is no further meeting. */
export const TEXT = { PAYLOAD: 0, ABOUT: 1, FAULT: 2, LOSS: 3 } as const;
const SLOT_WORDS = 16;
const SLOT_BYTES = SLOT_WORDS * Int32Array.BYTES_PER_ELEMENT + TEXT_BYTES;

/** Bytes a board for `size` ranks takes. */
export function boardBytes(size: number): number {
  return WORDS * Int32Array.BYTES_PER_ELEMENT + TEXT_BYTES + 2 * size * SLOT_BYTES;
}

/** What a rank writes before it enters a meeting. */
export interface Slot {
  readonly words: Int32Array;
  readonly text: Uint8Array;
}

/** A view of a board. Places are node ranks. */
export class Board {
  readonly size: number;
  readonly #words: Int32Array;
  readonly #result: Uint8Array;
  /**
   * Two slots a rank, used in turn: one rank may already write for the next meeting while another still reads the last one's.
   * It cannot get further ahead, since the next meeting does not end before the slow rank enters it.
   */
  readonly #slots: readonly (readonly Slot[])[];

  constructor(memory: { readonly buffer: ArrayBufferLike; readonly byteOffset: number }, size: number) {
    const { buffer, byteOffset } = memory;
    const resultAt = byteOffset + WORDS * Int32Array.BYTES_PER_ELEMENT;
    this.size = size;
    this.#words = new Int32Array(buffer, byteOffset, WORDS);
    this.#result = new Uint8Array(buffer, resultAt, TEXT_BYTES);
    this.#slots = [0, 1].map((half) =>
      Array.from({ length: size }, (_, place) => {
        const at = resultAt + TEXT_BYTES + (half * size + place) * SLOT_BYTES;
        const text = new Uint8Array(buffer, at + SLOT_WORDS * Int32Array.BYTES_PER_ELEMENT, TEXT_BYTES);
        return { words: new Int32Array(buffer, at, SLOT_WORDS), text };
      }),
    );
  }

  /** The slot of `place` in meetings of this parity (0 or 1). */
  slot(parity: number, place: number): Slot {
    return this.#slots[parity][place];
  }

  /** Enters the present meeting; true for the last rank, which also makes room for the next. */
  enter(): boolean {
    const words = this.#words;
    if (Atomics.add(words, ARRIVED, 1) + 1 < this.size) return false;
    // Nobody can enter the next meeting before this one's last turn, which comes after these stores.
    Atomics.store(words, ARRIVED, 0);
    // Looked at first, for they are seldom anything but 0: a line that nobody writes stays in all caches.
    if (words[FAILED] !== 0) words[FAILED] = 0;
    if (words[RESULT_BYTES] !== 0) words[RESULT_BYTES] = 0;
    if (words[FRESH] !== 0) words[FRESH] = 0;
    return true;
  }

  get epoch(): number {
    return Atomics.load(this.#words, EPOCH);
  }

  /** Publishes all that this rank wrote during its turn. */
  set epoch(value: number) {
    Atomics.store(this.#words, EPOCH, value);
  }

  get failed(): boolean {
    return this.#words[FAILED] !== 0;
  }

  get isFresh(): boolean {
    return this.#words[FRESH] !== 0;
  }

  /** During a turn. */
  set isFresh(value: boolean) {
    this.#words[FRESH] = value ? 1 : 0;
  }

  /** What the meeting came to: the payload for all, or the fault. Valid until this rank enters the next meeting. */
  get result(): Uint8Array {
    return this.#result.subarray(0, this.#words[RESULT_BYTES]);
  }

  /** During a turn: writes the result. `bytes` beyond the room are cut off. */
  conclude(bytes: Uint8Array, failed: boolean): void {
    const kept = bytes.length > TEXT_BYTES ? bytes.subarray(0, TEXT_BYTES) : bytes;
    if (kept.length > 0) this.#result.set(kept);
    this.#words[RESULT_BYTES] = kept.length;
    this.#words[FAILED] = failed ? 1 : 0;
  }
}
