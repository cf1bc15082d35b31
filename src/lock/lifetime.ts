/** From construction to `close()`: use after the end is refused, and the end waits for a wait that is under way. */
import type { Engine, Words } from "../comm/engine.ts";
import { PshmemError } from "../errors.ts";

/** The life of one object on shared words. All members are local. */
export class Lifetime {
  readonly #engine: Engine;
  readonly #words: Words;
  readonly #name: string;
  readonly #ending = new AbortController();
  #closed = false;
  #busy = false;

  constructor(engine: Engine, words: Words, name: string) {
    this.#engine = engine;
    this.#words = words;
    this.#name = name;
  }

  /** True after `close()`. */
  get closed(): boolean {
    return this.#closed;
  }

  /** True while a wait of this rank is under way. */
  get busy(): boolean {
    return this.#busy;
  }

  /** @throws FREED when the object is closed or its communicator freed. */
  check(call: string): void {
    this.#engine.check(call);
    if (this.#closed) throw this.freed(call);
  }

  /** The error for use after `close()`. */
  freed(call: string): PshmemError {
    const text = `${call}: this ${this.#name} was closed on rank ${this.#engine.rank}. Make a new one, or close it later.`;
    return new PshmemError("FREED", text, { call, rank: this.#engine.rank });
  }

  /** A signal that fires when the object is closed, or when one of `others` does. */
  signal(...others: readonly (AbortSignal | undefined)[]): AbortSignal {
    const given = others.filter((other) => other !== undefined);
    return given.length === 0 ? this.#ending.signal : AbortSignal.any([this.#ending.signal, ...given]);
  }

  /** Marks the start of a wait: from here to `end()` the words stay. */
  begin(): void {
    this.#busy = true;
  }

  /** Marks the end of a wait. */
  end(): void {
    this.#busy = false;
    if (this.#closed) this.#words.close();
  }

  /** Idempotent. A wait under way ends early, and the words go when it has ended. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#ending.abort();
    if (!this.#busy) this.#words.close();
  }
}
