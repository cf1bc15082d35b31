/** Messages between ranks that share memory: one pipe for each pair and direction. */
import type { Bells } from "./bells.ts";
import { Pipe, pipeBytes } from "./pipe.ts";
import { LATER, type Box, type Courier, type Incoming, type Outgoing, type Taker } from "./post.ts";

/** Words of a message's head in the pipe: maker, serial, kind, tag, and the length as two words. */
const HEAD_WORDS = 6;
const HEAD_BYTES = HEAD_WORDS * Int32Array.BYTES_PER_ELEMENT;

/** Arrival counters stand a cache line apart. */
const ARRIVAL_STRIDE = 16;

/** All pipes of a group together stay near this size, however many ranks there are. */
const PIPES_BUDGET = 64 * 1024 * 1024;
const SMALLEST_PIPE = 4 * 1024;
const LARGEST_PIPE = 256 * 1024;

/** Room of each pipe in bytes, a power of two, for `size` ranks. */
export function pipeCapacity(size: number): number {
  const share = 2 ** Math.floor(Math.log2(PIPES_BUDGET / (size * size)));
  return Math.min(LARGEST_PIPE, Math.max(SMALLEST_PIPE, share));
}

/** Bytes of shared memory that the mailboxes of `size` ranks take. */
export function mailboxBytes(size: number): number {
  return size * ARRIVAL_STRIDE * Int32Array.BYTES_PER_ELEMENT + size * size * pipeBytes(pipeCapacity(size));
}

/** A message of which part has come. */
interface Partial {
  readonly head: Uint8Array;
  headRead: number;
  bytes: Uint8Array | null;
  read: number;
}

/** This rank's side of the mailboxes. Ranks are counted by their place among those who share the memory. */
export class Mailbox implements Courier {
  readonly slice = Infinity;
  readonly longSlice = Infinity;
  readonly #me: number;
  readonly #bells: Bells;
  readonly #worldRanks: readonly number[];
  readonly #placeOf: ReadonlyMap<number, number>;
  /** One word a rank: how often something was written to it or read from it. Added to by peers, after the bytes. */
  readonly #arrivals: Int32Array;
  #seen = 0;
  /** A message was left where it is at the last pull. */
  #isLeft = false;
  readonly #inward: readonly Pipe[];
  readonly #outward: readonly Pipe[];
  readonly #partial: Partial[];

  constructor(
    memory: { buffer: ArrayBufferLike; byteOffset: number },
    worldRanks: readonly number[],
    me: number,
    bells: Bells,
  ) {
    const size = worldRanks.length;
    const arrivalWords = size * ARRIVAL_STRIDE;
    this.#me = me;
    this.#bells = bells;
    this.#worldRanks = worldRanks;
    this.#placeOf = new Map(worldRanks.map((rank, place) => [rank, place]));
    this.#arrivals = new Int32Array(memory.buffer, memory.byteOffset, arrivalWords);
    const first = memory.byteOffset + arrivalWords * Int32Array.BYTES_PER_ELEMENT;
    const capacity = pipeCapacity(size);
    const pipe = (from: number, to: number) =>
      new Pipe(memory.buffer, first + (from * size + to) * pipeBytes(capacity), capacity);
    this.#inward = worldRanks.map((_, from) => pipe(from, me));
    this.#outward = worldRanks.map((_, to) => pipe(me, to));
    this.#partial = worldRanks.map(() => ({
      head: new Uint8Array(HEAD_BYTES),
      headRead: 0,
      bytes: null,
      read: 0,
    }));
  }

  push(message: Outgoing): void {
    const place = this.#placeOf.get(message.dest)!;
    const pipe = this.#outward[place];
    const before = message.sent;
    if (message.sent < HEAD_BYTES) message.sent += pipe.write(headOf(message), message.sent);
    if (message.sent >= HEAD_BYTES) message.sent += pipe.write(message.bytes, message.sent - HEAD_BYTES);
    message.left = message.done = message.sent === HEAD_BYTES + message.bytes.length;
    if (message.sent > before) this.#tell(place);
  }

  pull(taker: Taker): boolean {
    // The counter is read before the pipes: what comes after that shows as a new count at the next pull.
    const count = Atomics.load(this.#arrivals, this.#me * ARRIVAL_STRIDE);
    let any = count !== this.#seen;
    if (!any && !this.#isLeft) return false;
    this.#seen = count;
    this.#isLeft = false;
    for (let place = 0; place < this.#inward.length; place++) {
      if (!this.#readFrom(place, taker)) continue;
      this.#tell(place);
      any = true;
    }
    // What was left again is nothing that came: whoever waits for something else may sleep.
    return any;
  }

  /** After bytes or room for `place` have appeared. */
  #tell(place: number): void {
    Atomics.add(this.#arrivals, place * ARRIVAL_STRIDE, 1);
    this.#bells.ring(place);
  }

  #readFrom(place: number, taker: Taker): boolean {
    const source = this.#worldRanks[place];
    const pipe = this.#inward[place];
    const partial = this.#partial[place];
    let any = false;
    for (;;) {
      if (!partial.bytes) {
        const got = pipe.read(partial.head, partial.headRead);
        partial.headRead += got;
        any ||= got > 0;
        if (partial.headRead < HEAD_BYTES) return any;
        const room = taker.room(boxOf(partial.head), source, lengthOf(partial.head));
        if (room === LATER) {
          this.#isLeft = true;
          return any;
        }
        partial.bytes = room;
      }
      const got = pipe.read(partial.bytes, partial.read);
      partial.read += got;
      any ||= got > 0;
      if (partial.read < partial.bytes.length) return any;
      taker.deliver(whole(partial, partial.bytes, source));
      partial.headRead = partial.read = 0;
      partial.bytes = null;
    }
  }
}

function headOf({ box, tag, bytes }: Outgoing): Uint8Array {
  const words = new Int32Array(HEAD_WORDS);
  words.set([box.maker, box.serial, box.kind, tag, bytes.length, Math.floor(bytes.length / 2 ** 32)]);
  return new Uint8Array(words.buffer);
}

function lengthOf(head: Uint8Array): number {
  const words = new Int32Array(head.buffer);
  return (words[4] >>> 0) + words[5] * 2 ** 32;
}

function boxOf(head: Uint8Array): Box {
  const [maker, serial, kind] = new Int32Array(head.buffer);
  return { maker, serial, kind: kind as Box["kind"] };
}

function whole({ head }: Partial, bytes: Uint8Array, source: number): Incoming {
  return { box: boxOf(head), source, tag: new Int32Array(head.buffer)[3], bytes };
}
