/** The library's own messages within one communicator: what meetings and collectives send, out of the users' sight. */
import { Script, Until, type Waits } from "../node/script.ts";
import type { Landing } from "../node/landing.ts";
import type { Concern } from "../node/machine.ts";
import { BULK, SYSTEM, type Box, type Outgoing } from "../node/post.ts";
import type { Endpoint } from "./endpoint.ts";
import type { Losses } from "./losses.ts";

/**
 * What a message is for. Messages of a pair of ranks arrive in the order sent and all ranks make the same calls, so one tag for
 * each use is enough.
 */
export const LETTER = { EXCHANGE: 0, RELAY: 1, MOVE: 2, QUIT: 3 } as const;

/** Sends and receives by the communicator's own ranks. */
export class Letters {
  /** The rank that a script of this rank waits for; null while it waits for none. */
  awaited: number | null = null;
  /** The call that the letters belong to, for texts. */
  call = "";
  readonly #endpoint: Endpoint;
  readonly #members: readonly number[];
  readonly #losses: Losses;
  readonly #box: Box;
  readonly #bulk: Box;

  constructor(
    endpoint: Endpoint,
    members: readonly number[],
    context: { maker: number; serial: number },
    losses: Losses,
  ) {
    this.#endpoint = endpoint;
    this.#members = members;
    this.#losses = losses;
    this.#box = { ...context, kind: SYSTEM };
    this.#bulk = { ...context, kind: BULK };
  }

  /** {@link awaited}, as a list. */
  get needed(): readonly number[] {
    return this.awaited === null ? [] : [this.awaited];
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

  /** Local: pieces of this communicator that have no place are thrown away from now on. */
  abandonPieces(): void {
    this.#endpoint.post.abandon(this.#bulk);
  }

  /** Local: takes the oldest message with this tag, of `source` or of whichever rank; null if none has come. */
  take(tag: number, source?: number): Uint8Array | null {
    const from = source === undefined ? undefined : this.#members[source];
    return this.#endpoint.post.take({ box: this.#box, source: from, tag })?.bytes ?? null;
  }

  /** Local, blocking: returns when `bytes` may be reused. */
  send(dest: number, tag: number, bytes: Uint8Array): void {
    const message = this.start(dest, tag, bytes);
    this.finish([message], [dest]);
  }

  /** Local, blocking: the next message of `source`. */
  receive(source: number, tag: number): Uint8Array {
    const script = new Script(
      this.receiving(source, tag),
      this.concern(() => [source]),
    );
    this.#endpoint.pace.run(script);
    return script.result;
  }

  /** Local, blocking: until all of these have left this rank's hands. Who has had its own may end meanwhile. */
  finish(messages: readonly Outgoing[], dests: readonly number[]): void {
    const ready = () => messages.every((message) => message.done);
    const needed = () => dests.filter((_, i) => !messages[i].done);
    if (!ready()) this.#endpoint.pace.run(new Until(ready, this.concern(needed)));
  }

  /** As a step of a script: until a message to `dest` has left this rank's hands. */
  *leaving(message: Outgoing, dest: number): Waits {
    this.awaited = dest;
    while (!message.done) yield;
    this.awaited = null;
  }

  /** As a step of a script: the next message of `source`. */
  *receiving(source: number, tag: number): Waits<Uint8Array> {
    this.awaited = source;
    for (;;) {
      const bytes = this.take(tag, source);
      if (bytes) {
        this.awaited = null;
        return bytes;
      }
      yield;
    }
  }

  /** Local: what `receiving` gave has been read. */
  release(bytes: Uint8Array): void {
    this.#endpoint.post.release(bytes);
  }

  /** Local: forgets what has come, at the end of the communicator. */
  close(): void {
    this.#endpoint.post.forget(this.#box);
    this.#endpoint.post.forget(this.#bulk);
  }

  /** A wait for ranks, within a call that all have entered. By default for whomever a script of this rank waits for. */
  concern(needed: () => readonly number[] = () => this.needed): Concern {
    return this.#losses.concern(
      () => this.call,
      needed,
      () => this.#losses.faultWithin(needed()),
    );
  }
}
