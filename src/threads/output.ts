/** The supervisor's side of the ranks' output: lines go out whole, one after the other, if asked for with the rank in front. */
import type { Descriptor } from "./stdio.ts";

const NEWLINE = 0x0a;
const RETURN = 0x0d;
const EMPTY: Uint8Array = new Uint8Array();

/** A line longer than this (bytes) goes out in pieces, so that endless ones do not fill the memory. */
const LONGEST_LINE = 1 << 20;

/**
 * Cuts a stream of bytes at line ends. A line end is a newline or a carriage return: progress lines end in the latter and
 * must not wait. Neither byte occurs inside a UTF-8 sequence, so characters are never cut.
 */
export class LineCutter {
  readonly #tag: Uint8Array;
  #held: Uint8Array[] = [];
  #heldBytes = 0;
  #atLineStart = true;

  /** @param tag text to put before each line; a last line without an end is then completed */
  constructor(tag: string) {
    this.#tag = Buffer.from(tag);
  }

  /** Local: takes bytes, returns what may go out now; keeps a line that has not ended. */
  take(bytes: Uint8Array): Uint8Array {
    const whole = Math.max(bytes.lastIndexOf(NEWLINE), bytes.lastIndexOf(RETURN)) + 1;
    const cut = this.#heldBytes + bytes.length > LONGEST_LINE ? bytes.length : whole;
    const out = cut === 0 ? EMPTY : this.#release(bytes.subarray(0, cut));
    if (cut < bytes.length) {
      this.#held.push(bytes.subarray(cut));
      this.#heldBytes += bytes.length - cut;
    }
    return out;
  }

  /** Local: the end of the stream; returns what was kept. */
  end(): Uint8Array {
    const out = this.#release(EMPTY);
    const complete = this.#tag.length === 0 || this.#atLineStart;
    return complete ? out : Buffer.concat([out, Buffer.from("\n")]);
  }

  #release(bytes: Uint8Array): Uint8Array {
    const all = this.#heldBytes === 0 ? bytes : Buffer.concat([...this.#held, bytes]);
    this.#held = [];
    this.#heldBytes = 0;
    return this.#tag.length === 0 ? all : this.#tagged(all);
  }

  #tagged(bytes: Uint8Array): Uint8Array {
    const parts: Uint8Array[] = [];
    for (let start = 0; start < bytes.length;) {
      const end = lineEnd(bytes, start);
      if (this.#atLineStart) {
        parts.push(this.#tag);
      }
      parts.push(bytes.subarray(start, end));
      this.#atLineStart = isLineEnd(bytes[end - 1]);
      start = end;
    }
    return Buffer.concat(parts);
  }
}

function isLineEnd(byte: number | undefined): boolean {
  return byte === NEWLINE || byte === RETURN;
}

/** Just behind the line that begins at `start`, its end included. */
function lineEnd(bytes: Uint8Array, start: number): number {
  let end = start;
  while (end < bytes.length && !isLineEnd(bytes[end])) {
    end += 1;
  }
  const pair = bytes[end] === RETURN && bytes[end + 1] === NEWLINE;
  return Math.min(end + (pair ? 2 : 1), bytes.length);
}

/** Where the output goes: a stream, as far as it is needed here. */
export interface Sink {
  write(bytes: Uint8Array, done: () => void): unknown;
}

/** One rank's output on its way to the job's own. */
export class RankOutput {
  readonly #sinks: Readonly<Record<Descriptor, Sink>>;
  readonly #cutters: Readonly<Record<Descriptor, LineCutter>> | null;

  /**
   * @param tag text before each line; empty: none
   * @param alone no other rank writes, so that without a tag nothing need wait for its line to end
   */
  constructor(sinks: Readonly<Record<Descriptor, Sink>>, tag: string, alone: boolean) {
    this.#sinks = sinks;
    this.#cutters = alone && tag === "" ? null : { 1: new LineCutter(tag), 2: new LineCutter(tag) };
  }

  /** Local: passes bytes on; `done` is called once they are written or kept for the rest of their line. */
  take(descriptor: Descriptor, bytes: Uint8Array, done: () => void): void {
    this.#write(descriptor, this.#cutters?.[descriptor].take(bytes) ?? bytes, done);
  }

  /** Local: passes on what is left when the rank has ended. */
  end(): void {
    if (this.#cutters !== null) {
      this.#write(1, this.#cutters[1].end(), () => {});
      this.#write(2, this.#cutters[2].end(), () => {});
    }
  }

  #write(descriptor: Descriptor, bytes: Uint8Array, done: () => void): void {
    if (bytes.length === 0) {
      done();
    } else {
      this.#sinks[descriptor].write(bytes, done);
    }
  }
}
