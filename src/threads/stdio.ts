/**
 * A rank's standard output and error.
 *
 * Node's own worker streams pass on one write and keep the next until the rank's event loop turns; a rank that blocks in between
 * keeps its output. These streams post every write at once. What the supervisor has not passed on yet is counted, and a rank
 * that is too far ahead waits, as a process waits on a full pipe.
 */
import type { Writable } from "node:stream";
import { WriteStream } from "node:tty";
import type { MessagePort } from "node:worker_threads";

/** Where bytes go: a file descriptor of the job. */
export type Descriptor = 1 | 2;

/** What a rank posts: bytes it wrote, or the text of an error nothing in the rank caught. */
export type Posted =
  { readonly descriptor: Descriptor; readonly bytes: Uint8Array } | { readonly failure: string };

/** The terminal behind a stream of the job; null: not a terminal. */
export type Terminal = { readonly columns: number; readonly rows: number } | null;

/**
 * Word 0: bytes this rank has posted and the supervisor has not passed on. The rank adds before it posts; the supervisor
 * subtracts once the bytes are written, then notifies. Nothing else is ordered by this word: the bytes travel in the message.
 */
const UNWRITTEN = 0;
const MOST_UNWRITTEN = 1 << 20;

/** Supervisor, local: shared memory for the count of one rank. */
export function makeCount(): Int32Array<SharedArrayBuffer> {
  return new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));
}

/** Supervisor, local: `bytes` posted by the rank are written. */
export function settle(count: Int32Array, bytes: number): void {
  Atomics.sub(count, UNWRITTEN, bytes);
  Atomics.notify(count, UNWRITTEN);
}

/** Rank, local: posts bytes, after waiting while too many are unwritten. */
function post(port: MessagePort, count: Int32Array, descriptor: Descriptor, bytes: Uint8Array): void {
  let unwritten = Atomics.load(count, UNWRITTEN);
  while (unwritten > MOST_UNWRITTEN) {
    Atomics.wait(count, UNWRITTEN, unwritten);
    unwritten = Atomics.load(count, UNWRITTEN);
  }
  Atomics.add(count, UNWRITTEN, bytes.byteLength);
  port.postMessage({ descriptor, bytes } satisfies Posted);
}

/** Rank, local: posts the text of an error that nothing in the rank caught. */
export function postFailure(port: MessagePort, text: string): void {
  port.postMessage({ failure: text } satisfies Posted);
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
export function divert(
  stream: Writable,
  port: MessagePort,
  count: Int32Array,
  descriptor: Descriptor,
  terminal: Terminal,
): void {
  const write: Writable["_write"] = (chunk: string | Uint8Array, encoding, done) => {
    post(port, count, descriptor, typeof chunk === "string" ? Buffer.from(chunk, encoding) : chunk);
    done();
  };
  Object.assign(stream, { _write: write, _writev: null });
  if (terminal !== null) {
    const methods = TERMINAL_METHODS.map((name) => [name, WriteStream.prototype[name]]);
    Object.assign(stream, { isTTY: true, ...terminal }, Object.fromEntries(methods));
  }
}
