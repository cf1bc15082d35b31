/**
 * A rank's standard output and error.
 *
 * Node's own worker streams pass on one write and keep the next until the rank's event loop turns; a rank that blocks in between
 * keeps its output. These streams post every write at once. What the supervisor has not passed on yet is counted, and a rank
 * that is too far ahead waits, as a process waits on a full pipe.
 */
import { createRequire } from "node:module";
import type { Writable } from "node:stream";
import type * as Tty from "node:tty";
import type { MessagePort } from "node:worker_threads";

/** Where bytes go: a file descriptor of the job. */
export type Descriptor = 1 | 2;

/** What a rank posts: bytes it wrote and their place in the job's output, or an error. */
export type Posted =
  | { readonly ticket: bigint; readonly descriptor: Descriptor; readonly bytes: Uint8Array }
  | { readonly failure: Failure };

/** An error that nothing in a rank caught. */
export interface Failure {
  readonly text: string;
  /** It followed from the end of another rank. */
  readonly isConsequence: boolean;
}

/** Word 0: the next ticket. All ranks and the supervisor take from it; what the order of tickets is good for, order.ts tells. */
export type Tickets = BigInt64Array<SharedArrayBuffer>;
const NEXT_TICKET = 0;

/** The way of a rank's output to the supervisor. */
export interface OutputPipe {
  /** Takes what is {@link Posted}. */
  readonly port: MessagePort;
  readonly count: Int32Array<SharedArrayBuffer>;
  readonly tickets: Tickets;
}

/** The terminal behind a stream of the job; null: not a terminal. */
export type Terminal = { readonly columns: number; readonly rows: number } | null;

/**
 * Word 0: bytes this rank has posted and the supervisor has not passed on. The rank adds before it posts; the supervisor
 * subtracts once the bytes are written, then notifies. Nothing else is ordered by this word: the bytes travel in the message.
 */
const UNWRITTEN = 0;
const MOST_UNWRITTEN = 1 << 20;
/** Word 1: writes this rank has begun. Only the rank adds, before it takes a ticket; the supervisor reads. Wraps. */
const BEGUN = 1;
const COUNT_WORDS = 2;

/** Supervisor, local: shared memory for the counts of one rank. */
export function makeCount(): Int32Array<SharedArrayBuffer> {
  return new Int32Array(new SharedArrayBuffer(COUNT_WORDS * Int32Array.BYTES_PER_ELEMENT));
}

/** Supervisor, local: the shared counter of a job. */
export function makeTickets(): Tickets {
  return new BigInt64Array(new SharedArrayBuffer(BigInt64Array.BYTES_PER_ELEMENT));
}

/** Local: the next place in the job's output, from 0. */
export function takeTicket(tickets: Tickets): bigint {
  return Atomics.add(tickets, NEXT_TICKET, 1n);
}

/** Supervisor, local: `bytes` posted by the rank are written. */
export function settle(count: Int32Array, bytes: number): void {
  Atomics.sub(count, UNWRITTEN, bytes);
  Atomics.notify(count, UNWRITTEN);
}

/** Supervisor, local: how many writes the rank has begun, posted or not; wraps at 32 bits. */
export function countBegun(count: Int32Array): number {
  return Atomics.load(count, BEGUN);
}

/** Rank, local: posts bytes, after waiting while too many are unwritten. Once the write is begun nothing waits until it is posted. */
function post({ port, count, tickets }: OutputPipe, descriptor: Descriptor, bytes: Uint8Array): void {
  let unwritten = Atomics.load(count, UNWRITTEN);
  while (unwritten > MOST_UNWRITTEN) {
    Atomics.wait(count, UNWRITTEN, unwritten);
    unwritten = Atomics.load(count, UNWRITTEN);
  }
  // These bytes alone: a small chunk is part of a pool, and the whole pool would be sent.
  const own = new Uint8Array(bytes);
  Atomics.add(count, UNWRITTEN, own.byteLength);
  Atomics.add(count, BEGUN, 1);
  port.postMessage({ ticket: takeTicket(tickets), descriptor, bytes: own } satisfies Posted);
}

/** Rank, local: posts an error that nothing in the rank caught. */
export function postFailure(port: MessagePort, failure: Failure): void {
  port.postMessage({ failure } satisfies Posted);
}

const TERMINAL_METHODS = [
  "getColorDepth",
  "hasColors",
  "getWindowSize",
  "cursorTo",
  "moveCursor",
  "clearLine",
  "clearScreenDown",
] as const;

/**
 * Rank, local: makes a worker stream of Node post its writes at once, and answer as a terminal where the job's own stream is one.
 * The stream stays the same object: Node goes on calling methods of its own on it.
 */
export function divert(stream: Writable, pipe: OutputPipe, descriptor: Descriptor, terminal: Terminal): void {
  const write: Writable["_write"] = (chunk: string | Uint8Array, encoding, done) => {
    post(pipe, descriptor, typeof chunk === "string" ? Buffer.from(chunk, encoding) : chunk);
    done();
  };
  Object.assign(stream, { _write: write, _writev: null });
  if (terminal !== null) {
    // Loaded only here, for it brings the network with it.
    const { WriteStream } = createRequire(import.meta.url)("node:tty") as typeof Tty;
    const methods = TERMINAL_METHODS.map((name) => [name, WriteStream.prototype[name]]);
    Object.assign(stream, { isTTY: true, ...terminal }, Object.fromEntries(methods));
  }
}
