/** What an acquisition gives: proof of it, and the means to end it. */
import { PshmemError } from "../errors.ts";

/** `exclusive`: alone. `shared`: together with other shared holders. */
export type LockMode = "exclusive" | "shared";

/** One acquisition, as the lock keeps it and its guard shows it. */
export interface Hold {
  readonly mode: LockMode;
  token: number;
  broken: boolean;
  held: boolean;
}

/**
 * One acquisition of a lock, or of a semaphore's permit. All members are local and none blocks. Meant for `using`, which releases at
 * the end of the block.
 */
export class LockGuard implements Disposable, AsyncDisposable {
  readonly #hold: Hold;
  readonly #release: () => void;

  /** @internal Guards come from `acquire` and its kin. */
  constructor(hold: Hold, release: () => void) {
    this.#hold = hold;
    this.#release = release;
  }

  /**
   * A number that rises with every acquisition of the lock, on whatever rank: a fencing token. A store that remembers the
   * highest it has seen can refuse a writer that has lost its lock unawares.
   */
  get token(): number {
    return this.#hold.token;
  }

  /**
   * True when the rank that held the lock alone before this one died or ended inside, and this acquisition is the first since: what the lock
   * guards may be half changed. Look it over, and mend it; the next acquisition will not be told again. Never true for a permit of a
   * semaphore.
   */
  get broken(): boolean {
    return this.#hold.broken;
  }

  get mode(): LockMode {
    return this.#hold.mode;
  }

  /** False once released, by whichever means. */
  get held(): boolean {
    return this.#hold.held;
  }

  /** Releases. @throws LOCK_NOT_HELD when that was done before; FREED when the communicator is gone. */
  release(): void {
    if (!this.#hold.held) {
      const text =
        "LockGuard.release: this guard holds nothing any more. Release once, or leave it to `using`.";
      throw new PshmemError("LOCK_NOT_HELD", text, { call: "LockGuard.release" });
    }
    this.#release();
  }

  /** Releases unless that was done before. */
  [Symbol.dispose](): void {
    if (this.#hold.held) this.#release();
  }

  /** Releases unless that was done before. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#hold.held) this.#release();
  }
}
