/**
 * What the ranks that share memory know of one another without asking: who has gone, and what each has been waiting for, once that
 * takes long. Ranks are counted by place.
 */
import type { Awaited } from "./machine.ts";

/** Word 0 of all: how many places have been marked as gone. Added to by whoever marks one, after the mark. */
const GONE = 0;
/** Word 1 of all: when the last stall was reported, in seconds of wall clock. Exchanged by whoever reports. */
const REPORTED = 1;
const HEAD_WORDS = 16;

/** In a record: the fate of the rank. Changed once, from PRESENT, by itself at its end or by whoever finds it gone. */
const FATE = 0;
/** In a record: odd while its rank writes the words below and the text. Written by that rank alone. */
const SERIAL = 1;
/** In a record: low 32 bits of `Date.now()` at the start of the wait. */
const SINCE = 2;
/** In a record: bytes of text; 0: it waits for nothing, or not for long. */
const BYTES = 3;
/** In a record: bytes of the list of those it waits for, behind the room for the text. */
const LIST_BYTES = 4;
const RECORD_WORDS = 16;
const TEXT_BYTES = 448;
const MOST_LIST_BYTES = 512;
const RECORD_BYTES = RECORD_WORDS * Int32Array.BYTES_PER_ELEMENT + TEXT_BYTES + MOST_LIST_BYTES;

/** More would not find room in a record. */
const MOST_LISTED = 16;

/** The rank is there, as far as is known. */
export const PRESENT = 0;
/** Its program has come to its end. */
export const ENDED = 1;
/** It was killed, or its program failed. */
export const DIED = 2;

/** What has become of a rank. */
export type Fate = typeof PRESENT | typeof ENDED | typeof DIED;

/** What a rank has been waiting for. */
export interface LongWait {
  readonly text: string;
  /** Milliseconds, by wall clock. */
  readonly since: number;
  /** Whom it waits for; of many the first. */
  readonly awaited: readonly Missed[];
}

/** A rank that another waits for, with what that one knows of it. */
export interface Missed extends Awaited {
  /** What it has answered, where it shares no memory with the one that waits. */
  readonly heard?: string;
}

/** Bytes that the roster of `count` ranks takes; zeros at the start. */
export function rosterBytes(count: number): number {
  return HEAD_WORDS * Int32Array.BYTES_PER_ELEMENT + count * RECORD_BYTES;
}

/**
 * A view of a roster.
 *
 * Memory order: whoever marks a place adds to GONE afterwards and rings all; whoever waits arms its bell, reads GONE, and only then looks
 * once more at what it waits for. So it misses neither the mark, nor what the one that has gone did before.
 */
export class Roster {
  readonly #head: Int32Array;
  readonly #records: readonly Int32Array[];
  readonly #texts: readonly Uint8Array[];

  constructor(memory: { readonly buffer: ArrayBufferLike; readonly byteOffset: number }, count: number) {
    const { buffer, byteOffset } = memory;
    const first = byteOffset + HEAD_WORDS * Int32Array.BYTES_PER_ELEMENT;
    const starts = Array.from({ length: count }, (_, place) => first + place * RECORD_BYTES);
    this.#head = new Int32Array(buffer, byteOffset, HEAD_WORDS);
    this.#records = starts.map((start) => new Int32Array(buffer, start, RECORD_WORDS));
    this.#texts = starts.map(
      (start) =>
        new Uint8Array(
          buffer,
          start + RECORD_WORDS * Int32Array.BYTES_PER_ELEMENT,
          TEXT_BYTES + MOST_LIST_BYTES,
        ),
    );
  }

  /** How many have gone. */
  get gone(): number {
    return Atomics.load(this.#head, GONE);
  }

  /** What has become of the rank at a place. */
  fateOf(place: number): Fate {
    return Atomics.load(this.#records[place], FATE) as Fate;
  }

  /** Marks a rank as gone; true for whoever does it first, and then has to ring all bells. */
  mark(place: number, fate: typeof ENDED | typeof DIED): boolean {
    if (Atomics.compareExchange(this.#records[place], FATE, PRESENT, fate) !== PRESENT) return false;
    Atomics.add(this.#head, GONE, 1);
    return true;
  }

  /** By the rank at `place`: what it waits for; null when it waits no more. */
  tell(place: number, wait: LongWait | null): void {
    const record = this.#records[place];
    const text = encode(wait?.text ?? "").subarray(0, TEXT_BYTES);
    const list = listThatFits(wait?.awaited ?? []);
    Atomics.add(record, SERIAL, 1);
    record[SINCE] = (wait?.since ?? 0) | 0;
    record[BYTES] = text.length;
    record[LIST_BYTES] = list.length;
    this.#texts[place].set(text);
    this.#texts[place].set(list, TEXT_BYTES);
    Atomics.add(record, SERIAL, 1);
  }

  /** What the rank at a place has been waiting for; null if it does not wait, or not for long. */
  waitOf(place: number): LongWait | null {
    const record = this.#records[place];
    const serial = Atomics.load(record, SERIAL);
    const text = this.#texts[place].slice(0, record[BYTES]);
    const list = this.#texts[place].slice(TEXT_BYTES, TEXT_BYTES + record[LIST_BYTES]);
    const passed = (Date.now() - record[SINCE]) | 0;
    // Read while it was written: the rank has just begun to wait, or just ended. By an addition, before which no plain read can be put off.
    if (text.length === 0 || Atomics.add(record, SERIAL, 0) !== serial || serial % 2 !== 0) return null;
    const awaited: readonly Missed[] = JSON.parse(decode(list));
    return { text: decode(text), since: Date.now() - Math.max(0, passed), awaited };
  }

  /** True for one rank at most in `seconds`: it reports, for all whose waits are in the roster. */
  mayReport(seconds: number): boolean {
    const now = Math.floor(Date.now() / 1000) | 0;
    const last = Atomics.load(this.#head, REPORTED);
    return now - last >= seconds && Atomics.compareExchange(this.#head, REPORTED, last, now) === last;
  }
}

function listThatFits(awaited: readonly Missed[]): Uint8Array {
  for (let listed = awaited.slice(0, MOST_LISTED); ; listed = listed.slice(0, -1)) {
    const bytes = encode(JSON.stringify(listed));
    if (bytes.length <= MOST_LIST_BYTES) return bytes;
  }
}

function encode(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

function decode(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}
