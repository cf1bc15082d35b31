/** MPISemaphore: at most so many at a time. */
import { firstFault, readOptions } from "../comm/arguments.ts";
import { digestOf } from "../comm/calls.ts";
import type { Communicator } from "../comm/contract.ts";
import { PshmemError } from "../errors.ts";
import { communicatorOf, engineOf } from "../world.ts";
import { allocatePlace, badArgument, debugFault, rootAndDebug, type WaitOptions } from "./arguments.ts";
import { Doorway } from "./doorway.ts";
import { Entry, SHARED } from "./entry.ts";
import { LockGuard, type Hold } from "./guard.ts";
import { perform, performAsync, type Procedure } from "./procedure.ts";

/** How a semaphore is made. */
export interface MPISemaphoreOptions {
  /** The rank whose memory keeps the count; the same on all ranks. Default 0. */
  readonly root?: number;
  /** Print a line to standard output for every event on this rank. Default false. */
  readonly debug?: boolean;
}

/** The most permits a semaphore can have. */
const MOST_PERMITS = 0x7fff_ffff;

/**
 * A number of permits shared by the ranks of a communicator, given out first come, first served. A rank can hold several, but can wait
 * for one only at a time. The permits of a rank that dies or ends are given back.
 */
export class MPISemaphore implements Disposable {
  /** The communicator; the serial one for null. */
  readonly comm: Communicator;
  /** The rank whose memory keeps the count. */
  readonly root: number;
  /** How many can be held at a time. */
  readonly permits: number;
  readonly #door: Doorway;
  /** Permits are given back through a machine of their own, since this rank may be waiting for another one meanwhile. */
  readonly #exit: Entry;
  readonly #holds = new Set<Hold>();

  /**
   * Collective, blocking: makes a semaphore of which all permits are free.
   *
   * @throws BAD_ARGUMENT when `permits` is not a whole number from 1 to 2³¹ − 1; BAD_RANK when `root` is not a rank; MISMATCH when
   * ranks give different numbers; UNSUPPORTED FREED
   */
  constructor(comm: Communicator | null, permits: number, options?: MPISemaphoreOptions | null) {
    const engine = engineOf(comm);
    engine.check("new MPISemaphore");
    const { given, fault: unread } = readOptions("new MPISemaphore", options, rootAndDebug);
    const { root, debug } = given;
    const fault = firstFault(
      unread,
      permitsFault(permits, engine.rank),
      debugFault("new MPISemaphore", debug, engine.rank),
    );
    const id = engine.nextObject();
    this.comm = communicatorOf(comm);
    this.root = root;
    this.permits = permits;
    const place = allocatePlace(engine, {
      op: "new MPISemaphore",
      object: id,
      root,
      digest: fault ? 0 : digestOf("permits", permits),
      fault,
    });
    this.#door = new Doorway(engine, place, permits, {
      name: "MPISemaphore",
      id,
      prize: "a permit",
      debug,
    });
    this.#exit = new Entry(place, permits, this.#door.entry.stance);
  }

  /** Local, not blocking: permits free at this moment. @throws FREED */
  get available(): number {
    this.#door.lifetime.check("MPISemaphore.available");
    return this.permits - this.#door.look().readers;
  }

  /** Local, not blocking: a guard if a permit is free and nobody is in line, else null. @throws LOCK_HELD FREED */
  tryAcquire(): LockGuard | null {
    this.#mayEnter("MPISemaphore.tryAcquire");
    return this.#door.tryEnter(SHARED) ? this.#guard() : null;
  }

  /**
   * Local, blocking: waits for a permit and returns its guard.
   *
   * @throws TIMEOUT ABORTED BAD_ARGUMENT FREED; LOCK_HELD while another wait of this rank is under way
   */
  acquire(options?: WaitOptions | null): LockGuard {
    const rest = this.#enter("MPISemaphore.acquire", options, true);
    if (rest) perform(this.#door.pace, rest);
    return this.#guard();
  }

  /** Local: as {@link acquire}, without blocking. */
  async acquireAsync(options?: WaitOptions | null): Promise<LockGuard> {
    const rest = this.#enter("MPISemaphore.acquireAsync", options, false);
    if (rest) await performAsync(this.#door.pace, rest);
    return this.#guard();
  }

  /** Local, idempotent. Gives back the permits this rank holds; ends a wait of this rank with FREED. */
  close(): void {
    if (this.#door.lifetime.closed) return;
    for (const hold of this.#holds) this.#leave(hold);
    this.#door.lifetime.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #enter(call: string, options: WaitOptions | null | undefined, blocking: boolean): Procedure<void> | null {
    this.#mayEnter(call);
    return this.#door.enter(call, SHARED, options, blocking);
  }

  #mayEnter(call: string): void {
    const { lifetime, rank } = this.#door;
    lifetime.check(call);
    if (!lifetime.busy) return;
    const text = `${call}: rank ${rank} waits for a permit already. A rank can wait for one at a time: await the first.`;
    throw new PshmemError("LOCK_HELD", text, { call, rank });
  }

  #guard(): LockGuard {
    const hold: Hold = { mode: "shared", token: this.#door.entry.token, broken: false, held: true };
    this.#holds.add(hold);
    return new LockGuard(hold, () => {
      this.#door.lifetime.check("LockGuard.release");
      this.#leave(hold);
    });
  }

  #leave(hold: Hold): void {
    hold.held = false;
    this.#holds.delete(hold);
    this.#exit.leave(SHARED);
    this.#exit.proceed();
    this.#door.say("released");
  }
}

function permitsFault(permits: number, rank: number): PshmemError | undefined {
  if (Number.isInteger(permits) && permits >= 1 && permits <= MOST_PERMITS) return undefined;
  return badArgument(
    "new MPISemaphore",
    rank,
    `permits must be a whole number from 1 to ${MOST_PERMITS}`,
    permits,
  );
}
