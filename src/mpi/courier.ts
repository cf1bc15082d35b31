/** Messages between nodes, by MPI's own (MPI-4.1 chapter 3), on a communicator that nobody else uses. */
import { LATER, type Box, type Courier, type Outgoing, type Taker } from "../node/post.ts";
import type { Handle } from "./abi/types.ts";
import { HandleCell, type MpiLibrary } from "./library.ts";
import { posix } from "../native/posix.ts";

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
/** Copies of each length that are kept. */
const MOST_SPARES = [16, 4] as const;
/** So many copies that MPI may still read are looked after, however busy the rank is. */
const MOST_LEAVING = 16;
/** Looks in vain until other processes are given the core. */
const LOOKS_TO_YIELD = 4;
/** An MPI count is an int. */
const PIECE_BYTES = 2 ** 30;

/** The longest that a sleeping rank lets MPI wait, in ms: it naps and looks in between. */
const SLICE_MS = 4;
/** The same where the rank has waited for two seconds or more. */
const LONG_SLICE_MS = 32;

/** A request under way, with what must stay in memory until it is complete. */
interface Pending {
  readonly request: HandleCell;
  readonly bytes: Uint8Array;
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
  /** Where a head comes in, with the body of a short message. */
  readonly #inWords = new Int32Array(new ArrayBuffer(HEAD_BYTES + SHORT_BYTES));
  readonly #in = new Uint8Array(this.#inWords.buffer);
  /** Copies that MPI still reads. */
  readonly #leaving: Pending[] = [];
  /** Copies to be used again, by length. */
  readonly #spares: readonly Pending[][] = COPY_BYTES.map(() => []);
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
  }

  push(message: Outgoing): void {
    const isShort = message.bytes.length <= SHORT_BYTES;
    const bytes = HEAD_BYTES + (isShort ? message.bytes.length : 0);
    const copy = this.#copyFor(bytes);
    writeHead(copy.bytes, message, isShort);
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
    // What has left is looked after when there is time, or when it becomes much.
    if (source < 0 || this.#leaving.length > MOST_LEAVING) this.reap();
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
    if (this.#leaving.length > 0) this.#reapCopies();
    if (this.#long.length > 0) this.#long = this.#long.flatMap((one) => this.#stillLeaving(one));
  }

  /** Local, blocking: until MPI has taken every copy, before the end of the job. A long message that nobody takes must not hold that up. */
  settle(): void {
    while (this.#leaving.length > 0) this.reap();
  }

  #copyFor(bytes: number): Pending {
    const size = bytes <= COPY_BYTES[0] ? 0 : 1;
    return this.#spares[size].pop() ?? this.#pending(new Uint8Array(new ArrayBuffer(COPY_BYTES[size])));
  }

  #reapCopies(): void {
    let left = 0;
    for (const copy of this.#leaving) {
      const size = copy.bytes.length === COPY_BYTES[0] ? 0 : 1;
      if (!this.#isComplete(copy)) this.#leaving[left++] = copy;
      else if (this.#spares[size].length < MOST_SPARES[size]) this.#spares[size].push(copy);
    }
    this.#leaving.length = left;
  }

  #sendBody({ bytes, dest }: Outgoing): readonly Pending[] {
    return piecesOf(bytes).map((piece) => {
      const pending = this.#pending(piece);
      this.#post(dest, TAG_BODY, pending, piece.length);
      return pending;
    });
  }

  #pending(bytes: Uint8Array): Pending {
    return { request: new HandleCell(this.#line.library.abi), bytes };
  }

  #stillLeaving({ message, pieces }: Leaving): Leaving[] {
    const left = pieces.filter((pending) => !this.#isComplete(pending));
    message.done = left.length === 0;
    return message.done ? [] : [{ message, pieces: left }];
  }

  #post(dest: number, tag: number, { request, bytes }: Pending, length: number): void {
    const { calls, abi } = this.#line.library;
    calls.MPI_Isend(bytes, length, abi.BYTE, dest, tag, this.#line.wire, request.pointer);
  }

  #isComplete({ request }: Pending): boolean {
    this.#line.library.calls.MPI_Test(request.pointer, this.#flag, this.#status);
    return this.#flag[0] !== 0;
  }

  /** The source of a head that has come, or −1. */
  #probe(): number {
    const { calls, abi } = this.#line.library;
    calls.MPI_Iprobe(abi.ANY_SOURCE, TAG_HEAD, this.#line.wire, this.#flag, this.#status);
    return this.#flag[0] === 0 ? -1 : this.#status[abi.statusSource];
  }

  /** Takes the head that the last probe found; a short message is delivered at once, if none before it is on its way. */
  #take(source: number, taker: Taker): void {
    const { calls, abi } = this.#line.library;
    calls.MPI_Recv(this.#in, this.#in.length, abi.BYTE, source, TAG_HEAD, this.#line.wire, this.#status);
    const words = this.#inWords;
    const box = { maker: words[0], serial: words[1], kind: words[2] as Box["kind"] };
    const [tag, length] = [words[3], (words[4] >>> 0) + words[5] * 2 ** 32];
    const short = length <= SHORT_BYTES ? this.#in.subarray(HEAD_BYTES, HEAD_BYTES + length) : null;
    const queue = this.#arriving.get(source);
    const room = short && !queue ? taker.room(box, source, length) : LATER;
    if (short && room !== LATER) {
      room.set(short);
      taker.deliver({ box, source, tag, bytes: room });
      return;
    }
    const arriving = { box, tag, length, short: short && short.slice(), body: null, pieces: [] };
    if (queue) queue.push(arriving);
    else this.#arriving.set(source, [arriving]);
  }

  #receive(source: number, bytes: Uint8Array): Pending {
    const { calls, abi } = this.#line.library;
    const pending = this.#pending(bytes);
    const { pointer } = pending.request;
    calls.MPI_Irecv(bytes, bytes.length, abi.BYTE, source, TAG_BODY, this.#line.wire, pointer);
    return pending;
  }

  /** True if something moves: not while the first waits for its place. */
  #advance(source: number, queue: Arriving[], taker: Taker): boolean {
    // In order: MPI matches bodies to those who wait for them by their order alone.
    for (const one of queue) if (!one.body && !this.#begin(source, one, taker)) break;
    const any = queue[0].body !== null;
    for (let first = queue[0]; first?.body; first = queue[0]) {
      first.pieces = first.pieces.filter((pending) => !this.#isComplete(pending));
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

/** `copy` begins a buffer of its own. */
function writeHead(copy: Uint8Array, { box, tag, bytes }: Outgoing, withBody: boolean): void {
  const words = new Int32Array(copy.buffer, 0, HEAD_WORDS);
  words[0] = box.maker;
  words[1] = box.serial;
  words[2] = box.kind;
  words[3] = tag;
  words[4] = bytes.length;
  words[5] = bytes.length / 2 ** 32;
  if (withBody) copy.set(bytes, HEAD_BYTES);
}

function piecesOf(bytes: Uint8Array): Uint8Array[] {
  const count = Math.ceil(bytes.length / PIECE_BYTES);
  return Array.from({ length: count }, (_, i) => bytes.subarray(i * PIECE_BYTES, (i + 1) * PIECE_BYTES));
}
