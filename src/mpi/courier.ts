/** Messages between nodes, by MPI's own (MPI-4.1 chapter 3), on a communicator that nobody else uses. */
import { LATER, type Box, type Courier, type Outgoing, type Taker } from "../node/post.ts";
import type { Handle } from "./abi/types.ts";
import { HandleCell, type MpiLibrary } from "./library.ts";
import { posix } from "../native/posix.ts";
import { pointerTo } from "../native/reach.ts";

/** A message's head, alone or with a short body after it. */
const TAG_HEAD = 1;
/** The body of a long message, in pieces. */
const TAG_BODY = 2;

/** Words of a head: maker, serial, kind, tag, and the length of the body as two words. */
const HEAD_WORDS = 6;
const HEAD_BYTES = HEAD_WORDS * Int32Array.BYTES_PER_ELEMENT;

/** Bodies up to this go with their head, copied once; longer ones go from and into place. */
const SHORT_BYTES = 16 * 1024;
/** Heads and short messages leave from copies of these lengths that are used again: to make memory for each takes longer than to send it. */
const COPY_BYTES = [2048, HEAD_BYTES + SHORT_BYTES] as const;
/** Up to so many bytes of what has come are copied one by one. */
const FEW_BYTES = 128;
/** Copies of each length that are kept: as many as may be leaving when they are looked after, however busy the rank is. */
const MOST_SPARES = 16;
/** Looks in vain until other processes are given the core, which takes longer than several looks even where none wants it, and copies are looked after. */
const LOOKS_TO_YIELD = 16;
/**
 * Looks at pieces of long messages, one after the other: MPI moves some of them at each, and what a rank does between two of its own takes several times as
 * long as one. With 8 instead of 1, a MiB takes 5 to 12 % less, with 32 no less than with 8.
 */
const LOOKS_AT_LONG = 8;
/** An MPI count is an int. */
const PIECE_BYTES = 2 ** 30;

/** The longest that a sleeping rank lets MPI wait, in ms: it naps and looks in between. */
const SLICE_MS = 4;
/** The same where the rank has waited for two seconds or more. */
const LONG_SLICE_MS = 32;

/** A request under way, with what must stay in memory until it is complete. */
interface Pending {
  readonly cell: HandleCell;
  readonly bytes: Uint8Array;
  /** Pointers to the two. */
  readonly request: bigint;
  readonly start: bigint;
}

/** A head, alone or with a short body, on its way out. */
interface Copy extends Pending {
  /** The head. */
  readonly words: Int32Array;
}

/** A long message on its way out, and its pieces that MPI still reads. */
interface Leaving {
  readonly message: Outgoing;
  readonly pieces: readonly Pending[];
}

/** A message on its way in: delivered when all its pieces are there, and those before it. */
interface Arriving {
  readonly box: Box;
  readonly tag: number;
  readonly length: number;
  /** The bytes of a short message, which came with the head. */
  readonly short: Uint8Array | null;
  /** Null until it is known where the bytes go. */
  body: Uint8Array | null;
  pieces: readonly Pending[];
}

/** A library and the communicator to be used, of all ranks of the world. */
export interface Line {
  readonly library: MpiLibrary;
  readonly wire: Handle;
}

/** {@link Courier} to ranks of other nodes. */
export class MpiCourier implements Courier {
  readonly slice = SLICE_MS;
  readonly longSlice: number;
  readonly #line: Line;
  readonly #flag = new Int32Array(new ArrayBuffer(4));
  readonly #status: Int32Array;
  readonly #toFlag = pointerTo(this.#flag);
  readonly #toStatus: bigint;
  /** Where a head comes in, with the body of a short message. */
  readonly #inWords = new Int32Array(new ArrayBuffer(HEAD_BYTES + SHORT_BYTES));
  readonly #in = new Uint8Array(this.#inWords.buffer);
  readonly #toIn = pointerTo(this.#in);
  /** Copies that MPI still reads. */
  readonly #leaving: Copy[] = [];
  /** Copies to be used again, by length. */
  readonly #spares: readonly Copy[][] = COPY_BYTES.map(() => []);
  /** Looks in vain, one after the other. */
  #vain = 0;
  /** Long messages of this rank, and the pieces that MPI has not yet taken. */
  #long: Leaving[] = [];
  /** Per source, in order of arrival. */
  readonly #arriving = new Map<number, Arriving[]>();

  /** `isTarget`: one-sided operations of others may be under way, of which nothing tells a rank that naps. */
  constructor(line: Line, isTarget = false) {
    this.#line = line;
    this.longSlice = isTarget ? SLICE_MS : LONG_SLICE_MS;
    this.#status = new Int32Array(new ArrayBuffer(line.library.abi.statusWords * 4));
    this.#toStatus = pointerTo(this.#status);
  }

  push(message: Outgoing): void {
    const isShort = message.bytes.length <= SHORT_BYTES;
    const bytes = HEAD_BYTES + (isShort ? message.bytes.length : 0);
    const copy = this.#copyFor(bytes);
    writeHead(copy.words, message);
    if (isShort) copy.bytes.set(message.bytes, HEAD_BYTES);
    this.#post(message.dest, TAG_HEAD, copy, bytes);
    this.#leaving.push(copy);
    message.left = true;
    if (isShort) message.done = true;
    else this.#long.push({ message, pieces: this.#sendBody(message) });
  }

  /** One message at a time: whoever waits for it looks before the next one. */
  pull(taker: Taker): boolean {
    const source = this.#probe();
    if (source >= 0) this.#take(source, taker);
    // What has left is looked after when there is time, or when it becomes much; copies, for which nobody waits, not at every look.
    this.#reapLong();
    const isIdle = source < 0 && this.#vain % LOOKS_TO_YIELD === 0;
    if (isIdle || this.#leaving.length >= MOST_SPARES) this.#reapCopies();
    let any = source >= 0;
    if (this.#arriving.size > 0) {
      for (const [from, queue] of this.#arriving) any = this.#advance(from, queue, taker) || any;
    }
    // Whoever could send is perhaps waiting for this core: MPI's own polling would keep it for a scheduler tick.
    if (any) this.#vain = 0;
    else if (++this.#vain % LOOKS_TO_YIELD === 0) posix().sched_yield();
    return any;
  }

  /** Local, not blocking: gives up the copies that MPI has taken, and ends the long messages that it has. */
  reap(): void {
    this.#reapCopies();
    this.#reapLong();
  }

  /** Local, blocking: until MPI has taken every copy, before the end of the job. A long message that nobody takes must not hold that up. */
  settle(): void {
    while (this.#leaving.length > 0) this.reap();
  }

  #copyFor(bytes: number): Copy {
    const size = bytes <= COPY_BYTES[0] ? 0 : 1;
    const spare = this.#spares[size].pop();
    if (spare) return spare;
    const buffer = new ArrayBuffer(COPY_BYTES[size]);
    return { ...this.#pending(new Uint8Array(buffer)), words: new Int32Array(buffer, 0, HEAD_WORDS) };
  }

  /** The last one takes the place of one that is through: their order means nothing. */
  #reapCopies(): void {
    const leaving = this.#leaving;
    for (let at = leaving.length - 1; at >= 0; at--) {
      const copy = leaving[at];
      if (!this.#isComplete(copy)) continue;
      const last = leaving.pop()!;
      if (at < leaving.length) leaving[at] = last;
      const size = copy.bytes.length === COPY_BYTES[0] ? 0 : 1;
      if (this.#spares[size].length < MOST_SPARES) this.#spares[size].push(copy);
    }
  }

  #reapLong(): void {
    if (this.#long.length > 0) this.#long = this.#long.flatMap((one) => this.#stillLeaving(one));
  }

  #sendBody({ bytes, dest }: Outgoing): readonly Pending[] {
    return piecesOf(bytes).map((piece) => {
      const pending = this.#pending(piece);
      this.#post(dest, TAG_BODY, pending, piece.length);
      return pending;
    });
  }

  #pending(bytes: Uint8Array): Pending {
    const cell = new HandleCell(this.#line.library.abi);
    return { cell, bytes, request: pointerTo(cell.pointer), start: pointerTo(bytes) };
  }

  #stillLeaving({ message, pieces }: Leaving): Leaving[] {
    const left = pieces.filter((pending) => !this.#isSoonComplete(pending));
    message.done = left.length === 0;
    return message.done ? [] : [{ message, pieces: left }];
  }

  #post(dest: number, tag: number, { request, start }: Pending, length: number): void {
    const { calls, abi } = this.#line.library;
    calls.MPI_Isend(start, length, abi.BYTE, dest, tag, this.#line.wire, request);
  }

  #isSoonComplete(piece: Pending): boolean {
    // Where many are under way they share them.
    const looks = LOOKS_AT_LONG / (this.#long.length + this.#arriving.size);
    for (let look = 1; look < looks; look++) if (this.#isComplete(piece)) return true;
    return this.#isComplete(piece);
  }

  #isComplete({ request }: Pending): boolean {
    this.#line.library.calls.MPI_Test(request, this.#toFlag, this.#toStatus);
    return this.#flag[0] !== 0;
  }

  /** The source of a head that has come, or −1. */
  #probe(): number {
    const { calls, abi } = this.#line.library;
    calls.MPI_Iprobe(abi.ANY_SOURCE, TAG_HEAD, this.#line.wire, this.#toFlag, this.#toStatus);
    return this.#flag[0] === 0 ? -1 : this.#status[abi.statusSource];
  }

  /** Takes the head that the last probe found; a short message is delivered at once, if none before it is on its way. */
  #take(source: number, taker: Taker): void {
    const { calls, abi } = this.#line.library;
    calls.MPI_Recv(this.#toIn, this.#in.length, abi.BYTE, source, TAG_HEAD, this.#line.wire, this.#toStatus);
    const words = this.#inWords;
    const box = { maker: words[0], serial: words[1], kind: words[2] as Box["kind"] };
    const [tag, length] = [words[3], (words[4] >>> 0) + words[5] * 2 ** 32];
    const isShort = length <= SHORT_BYTES;
    const queue = this.#arriving.get(source);
    const room = isShort && !queue ? taker.room(box, source, length) : LATER;
    if (room !== LATER) {
      this.#copyShort(room, length);
      taker.deliver({ box, source, tag, bytes: room });
      return;
    }
    const short = isShort ? this.#in.slice(HEAD_BYTES, HEAD_BYTES + length) : null;
    const arriving = { box, tag, length, short, body: null, pieces: [] };
    if (queue) queue.push(arriving);
    else this.#arriving.set(source, [arriving]);
  }

  /** Few bytes one by one: a view of them takes longer. */
  #copyShort(room: Uint8Array, length: number): void {
    if (length > FEW_BYTES) room.set(this.#in.subarray(HEAD_BYTES, HEAD_BYTES + length));
    else for (let at = 0; at < length; at++) room[at] = this.#in[HEAD_BYTES + at];
  }

  #receive(source: number, bytes: Uint8Array): Pending {
    const { calls, abi } = this.#line.library;
    const pending = this.#pending(bytes);
    const { start, request } = pending;
    calls.MPI_Irecv(start, bytes.length, abi.BYTE, source, TAG_BODY, this.#line.wire, request);
    return pending;
  }

  /** True if something moves: not while the first waits for its place. */
  #advance(source: number, queue: Arriving[], taker: Taker): boolean {
    // In order: MPI matches bodies to those who wait for them by their order alone.
    for (const one of queue) if (!one.body && !this.#begin(source, one, taker)) break;
    const any = queue[0].body !== null;
    for (let first = queue[0]; first?.body; first = queue[0]) {
      first.pieces = first.pieces.filter((pending) => !this.#isSoonComplete(pending));
      if (first.pieces.length > 0) return true;
      queue.shift();
      taker.deliver({ box: first.box, source, tag: first.tag, bytes: first.body });
    }
    if (queue.length === 0) this.#arriving.delete(source);
    return any;
  }

  /** False if it is not known yet where the bytes go. */
  #begin(source: number, arriving: Arriving, taker: Taker): boolean {
    const room = taker.room(arriving.box, source, arriving.length);
    if (room === LATER) return false;
    arriving.body = room;
    if (arriving.short) room.set(arriving.short);
    else arriving.pieces = piecesOf(room).map((piece) => this.#receive(source, piece));
    return true;
  }
}

function writeHead(words: Int32Array, { box, tag, bytes }: Outgoing): void {
  words[0] = box.maker;
  words[1] = box.serial;
  words[2] = box.kind;
  words[3] = tag;
  words[4] = bytes.length;
  words[5] = bytes.length / 2 ** 32;
}

function piecesOf(bytes: Uint8Array): Uint8Array[] {
  const count = Math.ceil(bytes.length / PIECE_BYTES);
  return Array.from({ length: count }, (_, i) => bytes.subarray(i * PIECE_BYTES, (i + 1) * PIECE_BYTES));
}
