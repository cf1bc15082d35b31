/**
 * The guard before memory is made: what cannot be had is refused before the first byte of it is touched. The kernel would rather promise
 * it, and end processes later.
 *
 * Two kinds of memory. Where all pages are had at once (between processes), the machine's own figures know of them. Where the
 * system gives a page when it is first touched (a SharedArrayBuffer), they do not: what was promised, and is not touched
 * yet, has to be counted. A job shares one word for that, the bytes of all blocks in use. A rank that makes a block adds its bytes by
 * compare-exchange, so of two that want the same memory at the same moment one is refused; every rank that can reach a block takes
 * its share off when it is through with it.
 *
 * How much of what was promised has been touched nobody tells. What the process has beyond what Node takes is taken for it, less
 * what was closed and waits for a collection of garbage. JavaScript heaps are taken for it too: the guard may let too
 * much pass by as much, and refuses nothing that fits, once the garbage is collected.
 */
import { PshmemError } from "../errors.ts";
import { availableBytes, surveyMemory, type Survey } from "./available.ts";

/** The bytes of all blocks in use. */
const PROMISED = 0;

/** Bytes of the word of a {@link Ledger} that counts promises. */
export const LEDGER_BYTES = BigInt64Array.BYTES_PER_ELEMENT;

/** What Node takes by itself, more or less. */
const NODE_BYTES = 64 * 1024 * 1024;

/** Closed bytes after which it is looked whether a collection of garbage is worth while. */
const CLOSED_BYTES = 64 * 1024 * 1024;
/** It takes milliseconds on every rank: worth while for so much, or for this part of what the machine has left. */
const WASTED_BYTES = 1024 * 1024 * 1024;
const WASTED_PART = 1 / 16;

/** Bytes of small blocks that a rank may make without a look at the machine, which takes as long as making a block. */
const UNSEEN_BYTES = 8 * 1024 * 1024;

/** One rank's way to the word. */
export class Ledger {
  readonly #word: BigInt64Array | null;
  readonly #survey: () => Survey;
  /** Gives a share back when its memory is collected, whether or not it was closed. */
  readonly #collected = new FinalizationRegistry<() => void>((giveBack) => giveBack());
  /** Bytes made since the last look at the machine. */
  #unseen = 0;
  /** Bytes that this rank has closed since its last collection of garbage, and since it was last looked whether to collect. */
  #closed = 0;
  #closedUnseen = 0;

  /** `word`, zero at the start, is shared by all that can make memory in this process; null for memory that is had at once. */
  constructor(word: BigInt64Array | null, survey: () => Survey = surveyMemory) {
    this.#word = word;
    this.#survey = survey;
  }

  /**
   * Local: counts a block that is about to be made for so many ranks; each of them gives back its share. `wanted` is what was asked
   * for. @throws NO_MEMORY with `bytes` and `available`
   */
  take(bytes: number, readers: number, wanted: number): void {
    const promise = shareOf(bytes, readers) * readers;
    this.#unseen += bytes;
    if (this.#unseen < UNSEEN_BYTES) {
      this.#add(promise);
      return;
    }
    this.#unseen = 0;
    const { memory, addresses, own } = this.#survey();
    const touched = Math.max(0, own - NODE_BYTES - this.#closed);
    for (;;) {
      const promised = this.#promised();
      const left = Math.min(memory - Math.max(0, promised - touched), addresses);
      if (promise > left) throw noMemory(wanted, Math.max(0, left));
      if (this.#swap(promised, promised + promise)) return;
    }
  }

  /** Local: the shares of `given` of the ranks, for a block that they do not have, or have no more. */
  giveBack(bytes: number, readers: number, given: number): void {
    this.#add(-shareOf(bytes, readers) * given);
  }

  /**
   * Local: this rank uses a block. The result, to be called once, gives its share back; if it is never called, the collection of the
   * buffer does.
   */
  hold(buffer: ArrayBufferLike, bytes: number, readers: number): () => void {
    if (!this.#word) return () => {};
    const giveBack = this.#shareBack(bytes, readers);
    this.#collected.register(buffer, giveBack);
    return () => {
      giveBack();
      this.#closed += bytes;
      this.#closedUnseen += bytes;
    };
  }

  /** Local: whether so much is closed, and still there, that it is worth a collection of garbage. */
  isWasteful(): boolean {
    if (this.#closedUnseen < CLOSED_BYTES) return false;
    this.#closedUnseen = 0;
    const { memory, own } = this.#survey();
    // What was never touched is no waste, and takes no part in what the process has.
    const wasted = Math.min(this.#closed, own - NODE_BYTES);
    return wasted > Math.min(WASTED_BYTES, memory * WASTED_PART);
  }

  /** Local: after a collection of garbage nothing is left of what this rank has closed. */
  wasCollected(): void {
    this.#closed = 0;
    this.#closedUnseen = 0;
  }

  /** By itself, so that what is kept until the buffer is collected knows nothing of the buffer. */
  #shareBack(bytes: number, readers: number): () => void {
    let given = 1;
    return () => {
      this.giveBack(bytes, readers, given);
      given = 0;
    };
  }

  #promised(): number {
    return this.#word ? Number(Atomics.load(this.#word, PROMISED)) : 0;
  }

  #swap(from: number, to: number): boolean {
    const expected = BigInt(from);
    return !this.#word || Atomics.compareExchange(this.#word, PROMISED, expected, BigInt(to)) === expected;
  }

  #add(bytes: number): void {
    if (this.#word) Atomics.add(this.#word, PROMISED, BigInt(bytes));
  }
}

/** What each rank gives back: none need know whether it is the last one. */
function shareOf(bytes: number, readers: number): number {
  return Math.ceil(bytes / readers);
}

/** The bytes after which pages that are had at once are looked for again: several may take so much at once, within the reserve. */
const STEP_BYTES = 16 * 1024 * 1024;

/**
 * Local: `take` gets memory that is had at once piece by piece, after a look whether the rest is still there. So of several
 * processes that passed the guard at the same moment only as many go on as there is memory for. @throws NO_MEMORY
 */
export function takeInSteps(bytes: number, take: (offset: number, length: number) => void): void {
  for (let offset = 0; offset < bytes; offset += STEP_BYTES) {
    // Before the first step the guard has just looked.
    if (offset > 0) checkRest(bytes, offset);
    take(offset, Math.min(STEP_BYTES, bytes - offset));
  }
}

function checkRest(bytes: number, offset: number): void {
  const available = availableBytes();
  if (bytes - offset > available) throw noMemory(bytes, available + offset);
}

/** Local: the error of memory that cannot be had, `available` bytes of which could. */
export function noMemory(bytes: number, available: number, cause?: unknown): PshmemError {
  const reason = cause instanceof Error ? ` (${cause.message})` : "";
  const text =
    `${bytes} bytes of shared memory are wanted, ${available} are available${reason}; ask for less, close what is no longer used, ` +
    "or give the machine more";
  return new PshmemError("NO_MEMORY", text, { bytes, available, cause });
}
