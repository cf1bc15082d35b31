/** The library's own messages within one communicator: what meetings and collectives send, out of the users' sight. */
import { Script, Until, type Waits } from "../node/script.ts";
import type { Landing } from "../node/landing.ts";
import { BULK, SYSTEM, type Box, type Outgoing } from "../node/post.ts";
import type { Endpoint } from "./endpoint.ts";

/**
 * What a message is for. Messages of a pair of ranks arrive in the order sent and all ranks make the same calls, so one tag for
 * each use is enough.
 */
export const LETTER = { EXCHANGE: 0, RELAY: 1, MOVE: 2 } as const;

/** Sends and receives by the communicator's own ranks. */
export class Letters {
  readonly #endpoint: Endpoint;
  readonly #members: readonly number[];
  readonly #box: Box;
  readonly #bulk: Box;

  constructor(endpoint: Endpoint, members: readonly number[], context: { maker: number; serial: number }) {
    this.#endpoint = endpoint;
    this.#members = members;
    this.#box = { ...context, kind: SYSTEM };
    this.#bulk = { ...context, kind: BULK };
  }

  /** Local, not blocking: `bytes` must stay as they are until `done`. */
  start(dest: number, tag: number, bytes: Uint8Array): Outgoing {
    return this.#endpoint.post.send(this.#box, this.#members[dest], tag, bytes);
  }

  /** Local, not blocking: a piece of what is too long for one message, for a receiver that says where it goes. */
  startPiece(dest: number, bytes: Uint8Array): Outgoing {
    return this.#endpoint.post.send(this.#bulk, this.#members[dest], 0, bytes);
  }

  /** Local: says where the next piece of `source` goes. */
  expectPiece(source: number, bytes: Uint8Array): Landing {
    return this.#endpoint.post.expect(this.#bulk, this.#members[source], bytes);
  }

  /** Local, blocking: returns when `bytes` may be reused. */
  send(dest: number, tag: number, bytes: Uint8Array): void {
    const message = this.start(dest, tag, bytes);
    if (!message.done) this.#endpoint.pace.run(new Until(() => message.done));
  }

  /** Local, blocking: the next message of `source`. */
  receive(source: number, tag: number): Uint8Array {
    const script = new Script(this.receiving(source, tag));
    this.#endpoint.pace.run(script);
    return script.result;
  }

  /** The same as a step of a script. */
  *sending(dests: readonly number[], tag: number, bytes: Uint8Array): Waits {
    const messages = dests.map((dest) => this.start(dest, tag, bytes));
    while (!messages.every((message) => message.done)) yield;
  }

  /** The same as a step of a script. */
  *receiving(source: number, tag: number): Waits<Uint8Array> {
    const wanted = { box: this.#box, source: this.#members[source], tag };
    for (;;) {
      const message = this.#endpoint.post.take(wanted);
      if (message) return message.bytes;
      yield;
    }
  }

  /** Local: forgets what has come, at the end of the communicator. */
  close(): void {
    this.#endpoint.post.forget(this.#box);
    this.#endpoint.post.forget(this.#bulk);
  }
}
