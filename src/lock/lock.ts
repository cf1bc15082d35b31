/** MPILock: ranks take turns. */
import { faultOfFunction, firstFault, optionsOf, readOptions, throwFault } from "../comm/arguments.ts";
import type { Communicator } from "../comm/contract.ts";
import { PshmemError } from "../errors.ts";
import { communicatorOf, engineOf } from "../world.ts";
import { allocatePlace, badArgument, debugFault, rootAndDebug, type WaitOptions } from "./arguments.ts";
import { Doorway } from "./doorway.ts";
import { EXCLUSIVE, OUTSIDE, SHARED, type Inside } from "./entry.ts";
import { LockGuard, type Hold, type LockMode } from "./guard.ts";
import { perform, performAsync, type Procedure } from "./procedure.ts";
import type { LockState } from "./state.ts";

/** How a lock is made. */
export interface MPILockOptions {
  /** The rank whose memory keeps the queue; the same on all ranks. Default 0. */
  readonly root?: number;
  /** Print a line to standard output for every event on this rank. Default false. */
  readonly debug?: boolean;
}

/** How a lock is acquired. */
export interface AcquireOptions extends WaitOptions {
  /** `exclusive` (the default): alone. `shared`: together with others who ask for that. */
  readonly mode?: LockMode;
}

let doorOf: (lock: MPILock) => Doorway;

/**
 * A lock over the ranks of a communicator, first come, first served.
 *
 * A rank holds it once or not at all: it cannot be locked twice. A free lock costs one atomic operation on the root to take,
 * beside its bookkeeping, and one to release. Waiting ranks sleep, each on a word of its own. Shared and exclusive requests stand
 * in the same line, so neither starves the other.
 *
 * A rank that dies or ends while it holds the lock, shares it or stands in line does not stop the others: the next in line gets it, under
 * a higher token and, after an exclusive holder, marked {@link LockGuard.broken}.
 *
 * A wait that is given up leaves its place empty, to be skipped when its turn comes. A rank has a limited number of places (at
 * least 15, fewer with more than 256 ranks); with all of them empty in the line it takes its newest again, ahead of those behind it.
 */
export class MPILock implements Disposable {
  /** The communicator; the serial one for null. */
  readonly comm: Communicator;
  /** The rank whose memory keeps the queue. */
  readonly root: number;
  readonly #door: Doorway;

  static {
    doorOf = (lock) => lock.#door;
  }

  /**
   * Collective, blocking: makes a lock that nobody holds.
   *
   * @throws BAD_RANK when `root` is not a rank; BAD_ARGUMENT; MISMATCH; UNSUPPORTED above 32 767 ranks; FREED
   */
  constructor(comm: Communicator | null, options?: MPILockOptions | null) {
    const engine = engineOf(comm);
    engine.check("new MPILock");
    const { given, fault: unread } = readOptions("new MPILock", options, rootAndDebug);
    const { root, debug } = given;
    const fault = firstFault(unread, debugFault("new MPILock", debug, engine.rank));
    const id = engine.nextObject();
    this.comm = communicatorOf(comm);
    this.root = root;
    const place = allocatePlace(engine, { op: "new MPILock", object: id, root, fault });
    this.#door = new Doorway(engine, place, Infinity, {
      name: "MPILock",
      id,
      prize: "the lock",
      debug,
    });
  }

  /** Local. True while this rank holds the lock, in whichever mode. */
  get held(): boolean {
    return this.#door.entry.inside !== OUTSIDE && !this.#door.lifetime.busy && !this.#door.lifetime.closed;
  }

  /** Local. The token of this rank's hold (see {@link LockGuard.token}); null without one. */
  get token(): number | null {
    return this.held ? this.#door.entry.token : null;
  }

  /** Local. Whether this rank's hold is the first since a holder went without leaving: see {@link LockGuard.broken}. */
  get broken(): boolean {
    return this.held && this.#door.entry.broken;
  }

  /** Local, blocking: waits for its turn, however long that takes. @throws LOCK_HELD FREED */
  lock(): void {
    this.#mayEnter("MPILock.lock");
    this.#door.enterBlocking("MPILock.lock", EXCLUSIVE);
  }

  /** Local, not blocking: lets the next in line go ahead. @throws LOCK_NOT_HELD FREED */
  unlock(): void {
    this.#door.lifetime.check("MPILock.unlock");
    if (!this.held) {
      const { rank } = this.#door;
      const text = `MPILock.unlock: rank ${rank} does not hold the lock. Lock it first, and unlock once for each time.`;
      throw new PshmemError("LOCK_NOT_HELD", text, { call: "MPILock.unlock", rank });
    }
    this.#leave();
  }

  /**
   * Local, not blocking: a guard if the lock is free and nobody is in line, else null. It never queues, and so can lose
   * to a rank that is just passing through the line.
   *
   * @throws LOCK_HELD BAD_ARGUMENT FREED
   */
  tryAcquire(options?: Pick<AcquireOptions, "mode"> | null): LockGuard | null {
    const mode = this.#modeOf("MPILock.tryAcquire", options);
    this.#mayEnter("MPILock.tryAcquire");
    return this.#door.tryEnter(mode) ? this.#guard() : null;
  }

  /**
   * Local, blocking: waits for its turn and returns a guard, which releases the lock at the end of a `using` block.
   *
   * @throws TIMEOUT (with holder, token, heldFor and queue) ABORTED LOCK_HELD BAD_ARGUMENT FREED
   */
  acquire(options?: AcquireOptions | null): LockGuard {
    const rest = this.#enter("MPILock.acquire", options, true);
    if (rest) perform(this.#door.pace, rest);
    return this.#guard();
  }

  /** Local: as {@link acquire}, without blocking. The wait also ends, with FREED, when this rank closes the lock. */
  async acquireAsync(options?: AcquireOptions | null): Promise<LockGuard> {
    const rest = this.#enter("MPILock.acquireAsync", options, false);
    if (rest) await performAsync(this.#door.pace, rest);
    return this.#guard();
  }

  /**
   * Local, blocking: calls `fn` with the lock held and returns what it returns. The lock is released when `fn` returns or throws; if
   * `fn` returns a promise that is too early: use {@link withLockAsync}.
   *
   * @throws BAD_ARGUMENT for no function; as {@link acquire}, and what `fn` throws
   */
  withLock<T>(fn: (held: LockGuard) => T, options?: AcquireOptions | null): T {
    throwFault(faultOfFunction("fn", fn), "MPILock.withLock");
    const held = this.acquire(options);
    try {
      return fn(held);
    } finally {
      held[Symbol.dispose]();
    }
  }

  /**
   * Local: calls `fn` with the lock held; releases it when the promise of `fn` settles, or `fn` throws.
   *
   * @throws BAD_ARGUMENT for no function; as {@link acquire}, and what `fn` throws
   */
  async withLockAsync<T>(
    fn: (held: LockGuard) => T | Promise<T>,
    options?: AcquireOptions | null,
  ): Promise<T> {
    throwFault(faultOfFunction("fn", fn), "MPILock.withLockAsync");
    const held = await this.acquireAsync(options);
    try {
      return await fn(held);
    } finally {
      held[Symbol.dispose]();
    }
  }

  /** Local, not blocking: who holds the lock and who waits, at this moment. @throws FREED */
  state(): LockState {
    this.#door.lifetime.check("MPILock.state");
    return this.#door.look();
  }

  /**
   * Local, idempotent. Releases the lock if this rank holds it; ends a wait of this rank with FREED. The memory is given back
   * when every rank has closed; until then the others go on using the lock.
   */
  close(): void {
    if (this.held) this.#leave();
    this.#door.lifetime.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #enter(
    call: string,
    options: AcquireOptions | null | undefined,
    blocking: boolean,
  ): Procedure<void> | null {
    const mode = this.#modeOf(call, options);
    this.#mayEnter(call);
    return this.#door.enter(call, mode, options, blocking);
  }

  #mayEnter(call: string): void {
    const { lifetime, entry, rank } = this.#door;
    lifetime.check(call);
    if (entry.inside === OUTSIDE && !lifetime.busy) return;
    const how = lifetime.busy ? "waits for" : "holds";
    const text = `${call}: rank ${rank} ${how} this lock already. A rank can hold it once: release it first.`;
    throw new PshmemError("LOCK_HELD", text, { call, rank });
  }

  #modeOf(call: string, options: AcquireOptions | null | undefined): Inside {
    const { mode = "exclusive" } = optionsOf(call, options);
    if (mode === "exclusive") return EXCLUSIVE;
    if (mode === "shared") return SHARED;
    throw badArgument(call, this.#door.rank, 'mode must be "exclusive" or "shared"', mode);
  }

  #guard(): LockGuard {
    const { inside, token, broken } = this.#door.entry;
    const mode = inside === SHARED ? "shared" : "exclusive";
    const hold: Hold = { mode, token, broken, held: true };
    this.#door.hold = hold;
    return new LockGuard(hold, () => this.unlock());
  }

  #leave(): void {
    const door = this.#door;
    if (door.hold) door.hold.held = false;
    door.hold = null;
    door.leave(door.entry.inside);
  }
}

/** The inner parts of a lock, for the condition that belongs to it. Local. */
export function doorwayOf(lock: MPILock): Doorway {
  return doorOf(lock);
}
