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
/** An MPI count is an int. */
const PIECE_BYTES = 2 ** 30;

/** The longest that a sleeping rank lets MPI wait, in ms: it naps and looks in between. */
const SLICE_MS = 4;

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
  readonly #line: Line;
  readonly #flag = new Int32Array(new ArrayBuffer(4));
  readonly #status: Int32Array;
  readonly #count = new Int32Array(new ArrayBuffer(4));
  /** Copies that MPI still reads. */
  #leaving: Pending[] = [];
  /** Long messages of this rank, and the pieces that MPI has not yet taken. */
  #long: Leaving[] = [];
  /** Per source, in order of arrival. */
  readonly #arriving = new Map<number, Arriving[]>();

  constructor(line: Line) {
    this.#line = line;
    this.#status = new Int32Array(new ArrayBuffer(line.library.abi.statusWords * 4));
  }

  push(message: Outgoing): void {
    const isShort = message.bytes.length <= SHORT_BYTES;
    this.#leaving.push(this.#send(message.dest, TAG_HEAD, headOf(message, isShort)));
    message.left = true;
    if (isShort) message.done = true;
    else this.#long.push({ message, pieces: this.#sendBody(message) });
  }

  pull(taker: Taker): boolean {
    this.reap();
    let any = false;
    for (let source = this.#probe(); source >= 0; source = this.#probe()) {
      any = true;
      this.#take(source);
    }
    for (const [from, queue] of this.#arriving) any = this.#advance(from, queue, taker) || any;
    // Whoever could send is perhaps waiting for this core: MPI's own polling would keep it for a scheduler tick.
    if (!any) posix().sched_yield();
    return any;
  }

  /** Local, not blocking: gives up the copies that MPI has taken, and ends the long messages that it has. */
  reap(): void {
    if (this.#leaving.length > 0)
      this.#leaving = this.#leaving.filter((pending) => !this.#isComplete(pending));
    if (this.#long.length > 0) this.#long = this.#long.flatMap((one) => this.#stillLeaving(one));
  }

  /** Local, blocking: until MPI has taken every copy, before the end of the job. A long message that nobody takes must not hold that up. */
  settle(): void {
    while (this.#leaving.length > 0) this.reap();
  }

  #sendBody({ bytes, dest }: Outgoing): readonly Pending[] {
    return piecesOf(bytes).map((piece) => this.#send(dest, TAG_BODY, piece));
  }

  #stillLeaving({ message, pieces }: Leaving): Leaving[] {
    const left = pieces.filter((pending) => !this.#isComplete(pending));
    message.done = left.length === 0;
    return message.done ? [] : [{ message, pieces: left }];
  }

  #send(dest: number, tag: number, bytes: Uint8Array): Pending {
    const { calls, abi } = this.#line.library;
    const request = new HandleCell(abi);
    calls.MPI_Isend(bytes, bytes.length, abi.BYTE, dest, tag, this.#line.wire, request.pointer);
    return { request, bytes };
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

  /** Takes the head that the last probe found. */
  #take(source: number): void {
    const { calls, abi } = this.#line.library;
    calls.MPI_Get_count(this.#status, abi.BYTE, this.#count);
    const bytes = new Uint8Array(this.#count[0]);
    calls.MPI_Recv(bytes, bytes.length, abi.BYTE, source, TAG_HEAD, this.#line.wire, this.#status);
    const [maker, serial, kind, tag, low, high] = new Int32Array(bytes.buffer, 0, HEAD_WORDS);
    const length = (low >>> 0) + high * 2 ** 32;
    const short = bytes.length === HEAD_BYTES + length ? bytes.subarray(HEAD_BYTES) : null;
    const box = { maker, serial, kind: kind as Box["kind"] };
    const arriving = { box, tag, length, short, body: null, pieces: [] };
    const queue = this.#arriving.get(source);
    if (queue) queue.push(arriving);
    else this.#arriving.set(source, [arriving]);
  }

  #receive(source: number, bytes: Uint8Array): Pending {
    const { calls, abi } = this.#line.library;
    const request = new HandleCell(abi);
    calls.MPI_Irecv(bytes, bytes.length, abi.BYTE, source, TAG_BODY, this.#line.wire, request.pointer);
    return { request, bytes };
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
    const room = taker.room(arriving.box, source);
    if (room === LATER) return false;
    const body = arriving.short ?? room ?? new Uint8Array(arriving.length);
    arriving.body = body;
    if (!arriving.short) arriving.pieces = piecesOf(body).map((piece) => this.#receive(source, piece));
    return true;
  }
}

function headOf({ box, tag, bytes }: Outgoing, withBody: boolean): Uint8Array {
  const head = new Uint8Array(new ArrayBuffer(HEAD_BYTES + (withBody ? bytes.length : 0)));
  const words = [box.maker, box.serial, box.kind, tag, bytes.length, Math.floor(bytes.length / 2 ** 32)];
  new Int32Array(head.buffer, 0, HEAD_WORDS).set(words);
  if (withBody) head.set(bytes, HEAD_BYTES);
  return head;
}

function piecesOf(bytes: Uint8Array): Uint8Array[] {
  const count = Math.ceil(bytes.length / PIECE_BYTES);
  return Array.from({ length: count }, (_, i) => bytes.subarray(i * PIECE_BYTES, (i + 1) * PIECE_BYTES));
}
