/** MPICondition: a rank that holds a lock waits until another says that something has changed. */
import { engineOf } from "../world.ts";
import { digestOf } from "../comm/calls.ts";
import type { Engine } from "../comm/engine.ts";
import { throwFault } from "../comm/arguments.ts";
import type { Losses } from "../comm/losses.ts";
import { PshmemError } from "../errors.ts";
import type { Concern } from "../node/machine.ts";
import { aborted, badArgument, limitsOf, patienceOf, type Limits, type WaitOptions } from "./arguments.ts";
import type { Doorway } from "./doorway.ts";
import { EXCLUSIVE } from "./entry.ts";
import { Lifetime } from "./lifetime.ts";
import { doorwayOf, MPILock } from "./lock.ts";
import { textOf } from "../shown.ts";
import { drive, patiently, perform, performAsync, type Procedure } from "./procedure.ts";
import { CONDITION_WORDS, Waiters } from "./waiters.ts";

/**
 * A condition that belongs to a lock. Wait for it in a loop, since what one waits for can have gone again by the time the lock
 * is back: `while (!ready()) condition.wait();` A wait also ends when a rank has gone that held the lock, or that had been notified and did not
 * come back: whoever is left looks again. When ranks have gone and all others wait here, each without a time-out, nobody is left who could notify them: all of
 * these waits end with RANK_LOST.
 */
export class MPICondition implements Disposable {
  /** The lock it belongs to. */
  readonly lock: MPILock;
  readonly #door: Doorway;
  readonly #waiters: Waiters;
  readonly #losses: Losses;
  readonly #lifetime: Lifetime;
  /** The call that waits. */
  #call = "";

  /** Collective over the lock's communicator, blocking. @throws BAD_ARGUMENT for what is no lock; FREED MISMATCH NO_MEMORY */
  constructor(lock: MPILock) {
    if (!(lock instanceof MPILock)) throw noLock(lock);
    const engine = engineOf(lock.comm);
    engine.check("new MPICondition");
    const door = doorwayOf(lock);
    const { root } = lock;
    const id = engine.nextObject();
    const call = {
      op: "new MPICondition",
      object: id,
      root,
      digest: digestOf("lock", door.id),
      // A rank that has closed the lock takes part to say so, for the others wait for it.
      fault: door.lifetime.closed ? door.lifetime.freed("new MPICondition") : undefined,
    } as const;
    const words = engine.allocateWords(call, CONDITION_WORDS);
    this.lock = lock;
    this.#door = door;
    this.#waiters = new Waiters(words, door.place, door.entry);
    this.#losses = engine.losses;
    this.#waiters.concern = this.#concern(engine, id);
    this.#lifetime = new Lifetime(engine, words, "MPICondition");
  }

  /**
   * Local, blocking: leaves the lock, waits to be notified, and enters the lock again, under a new token. The lock is
   * held again whenever this returns or throws TIMEOUT or ABORTED. Waiting for the lock is not subject to the timeout.
   *
   * @throws LOCK_NOT_HELD unless this rank holds the lock alone; TIMEOUT ABORTED BAD_ARGUMENT FREED; RANK_LOST, with the lock held, when
   * ranks have gone and all others of the communicator wait for this condition with neither time-out nor signal, or none is left
   */
  wait(options?: WaitOptions | null): void {
    perform(this.#door.pace, this.#wait("MPICondition.wait", options));
  }

  /** Local: as {@link wait}, without blocking. Until it settles this rank can neither lock nor unlock. */
  waitAsync(options?: WaitOptions | null): Promise<void> {
    return performAsync(this.#door.pace, this.#wait("MPICondition.waitAsync", options));
  }

  /**
   * Local, not blocking: wakes the `count` ranks that have waited longest, or all if there are fewer. They go on once they get the lock.
   *
   * @throws LOCK_NOT_HELD unless this rank holds the lock alone; BAD_ARGUMENT FREED
   */
  notify(count = 1): void {
    this.#check("MPICondition.notify");
    if (count !== Infinity && !(Number.isInteger(count) && count >= 0)) {
      throw badArgument(
        "MPICondition.notify",
        this.#door.rank,
        "count must be a whole number, 0 or more",
        count,
      );
    }
    this.#waiters.notify(count);
    drive(this.#waiters);
  }

  /** Local, not blocking: wakes all ranks that wait. @throws LOCK_NOT_HELD FREED */
  notifyAll(): void {
    this.notify(Infinity);
  }

  /** Local, idempotent. Ends a wait of this rank with FREED, the lock held. The lock itself stays open. */
  close(): void {
    this.#lifetime.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  *#wait(call: string, options: WaitOptions | null | undefined): Procedure<void> {
    this.#check(call);
    const limits = limitsOf(call, this.#door.rank, options);
    const { timeout, signal } = limits;
    this.#call = call;
    const resume = this.#door.suspend();
    this.#lifetime.begin();
    this.#waiters.wait(isEndless(call, limits));
    let ending;
    try {
      const either = this.#lifetime.signal(this.#door.lifetime.signal(), signal);
      ending = yield* patiently(this.#waiters, patienceOf(limits, either));
    } finally {
      this.#lifetime.end();
      resume();
    }
    this.#door.lifetime.check(call);
    this.#lifetime.check(call);
    if (this.#waiters.notified) return;
    if (this.#waiters.lost >= 0) throwFault(this.#losses.faultOfTold(this.#waiters.lost), call);
    throw ending === "aborted" ? aborted(call, this.#door.rank, signal) : this.#timeout(call, timeout);
  }

  #check(call: string): void {
    this.#lifetime.check(call);
    this.#door.lifetime.check(call);
    if (this.#door.entry.inside === EXCLUSIVE && !this.#door.lifetime.busy) return;
    const { rank } = this.#door;
    const text = `${call}: rank ${rank} does not hold the condition's lock alone. Lock it first, in exclusive mode.`;
    throw new PshmemError("LOCK_NOT_HELD", text, { call, rank });
  }

  /** While it waits for the lock it is in line as others are; before, for whichever rank may notify it. */
  #concern({ losses, rank, size }: Engine, id: number): Concern {
    const { concern } = this.#door;
    const others = Array.from({ length: size }, (_, other) => other).filter((other) => other !== rank);
    const notifiers = () => {
      const able = others.filter((other) => !this.#waiters.isStuck(other));
      return losses.awaited(able.length > 0 ? able : others);
    };
    const inside = () => {
      const awaited = concern.inside();
      return awaited.length > 0 ? awaited : notifiers();
    };
    return {
      describe: () => `${this.#call} of object ${id}${losses.where}`,
      awaited: () => (this.#waiters.awaiting ? inside() : concern.awaited()),
      mind: () => {
        if (this.#waiters.awaiting) this.#lookOut();
        else concern.mind();
      },
    };
  }

  /** Nobody may be in line for the lock that sets it right. */
  #lookOut(): void {
    const { concern } = this.#door;
    const { outlook } = this.#waiters;
    concern.look(outlook);
    if (!outlook.undecided) return;
    concern.mend();
    concern.look(outlook);
  }

  #timeout(call: string, timeout: number): PshmemError {
    const { rank } = this.#door;
    const text = `${call}: no rank notified rank ${rank} within ${timeout} ms. Allow more time, or notify after each change.`;
    return new PshmemError("TIMEOUT", text, { call, rank });
  }
}

/** Whether nothing but a notification ends a wait. A signal cannot fire while this rank is blocked. */
function isEndless(call: string, { timeout, signal }: Limits): boolean {
  return timeout === Infinity && (signal === undefined || call === "MPICondition.wait");
}

function noLock(actual: unknown): PshmemError {
  const text = `new MPICondition: an MPILock was expected, not ${textOf(actual)}`;
  return new PshmemError("BAD_ARGUMENT", text, { call: "new MPICondition", actual });
}
