/** One rank's way into a lock or semaphore: the entry machine with patience, errors and debugging output around it. */
import type { Engine } from "../comm/engine.ts";
import { PshmemError } from "../errors.ts";
import { BLOCKED, type Ending, type Pace } from "../node/machine.ts";
import { aborted, limitsOf, patienceOf, type Limits, type WaitOptions } from "./arguments.ts";
import { LineConcern } from "./concern.ts";
import { Entry, EXCLUSIVE, OUTSIDE, type Inside } from "./entry.ts";
import type { Hold } from "./guard.ts";
import { Lifetime } from "./lifetime.ts";
import { patiently, type Procedure } from "./procedure.ts";
import type { Place } from "./queue.ts";
import { readState, whoIsInside, type LockState } from "./state.ts";

/** What a doorway calls itself in texts, and whether it prints what happens. */
export interface DoorSign {
  /** `MPILock`, for errors. */
  readonly name: string;
  /** Number of the object, for debugging output. */
  readonly id: number;
  /** What one waits for, for debugging output: `the lock`. */
  readonly prize: string;
  readonly debug: boolean;
}

/** The shared body of MPILock and MPISemaphore. All members are local. */
export class Doorway {
  readonly entry: Entry;
  readonly lifetime: Lifetime;
  readonly pace: Pace;
  readonly concern: LineConcern;
  /** The acquisition a guard was given for: of a lock only, which has one at a time. */
  hold: Hold | null = null;
  readonly #place: Place;
  readonly #sign: DoorSign;
  /** See `Engine.glances`. Who debugs sees every wait. */
  readonly #glances: number;

  constructor(engine: Engine, place: Place, permits: number, sign: DoorSign) {
    this.entry = new Entry(place, permits);
    this.lifetime = new Lifetime(engine, place.words, sign.name);
    this.pace = engine.pace;
    this.concern = new LineConcern(engine, place, this.entry.recovery, sign.id);
    this.entry.concern = this.concern;
    this.#place = place;
    this.#sign = sign;
    this.#glances = sign.debug ? 0 : engine.glances;
  }

  /** This rank. */
  get rank(): number {
    return this.#place.rank;
  }

  /** This rank's place in the lock. */
  get place(): Place {
    return this.#place;
  }

  /** Number of the object. */
  get id(): number {
    return this.#sign.id;
  }

  /** Blocking: enters, however long it takes. Allocates nothing. */
  enterBlocking(call: string, mode: Inside): void {
    this.entry.enter(mode);
    if (this.entry.proceed() === BLOCKED && this.entry.linger(this.#glances) === BLOCKED)
      this.#waitBlocking(call, mode);
    this.#sayEntered();
  }

  /**
   * Enters at once and returns null, or begins to wait and returns the rest of it. `blocking`: the caller will block for the rest.
   *
   * @throws TIMEOUT ABORTED BAD_ARGUMENT, and so does the rest, which may throw FREED and DEADLOCK too
   */
  enter(
    call: string,
    mode: Inside,
    options: WaitOptions | null | undefined,
    blocking: boolean,
  ): Procedure<void> | null {
    const limits = limitsOf(call, this.rank, options);
    if (limits.timeout === 0) {
      if (this.tryEnter(mode)) return null;
      this.say("gave up");
      throw this.#timeout(call, 0);
    }
    this.entry.enter(mode);
    const glances = blocking ? this.#glances : 0;
    if (this.entry.proceed() === BLOCKED && this.entry.linger(glances) === BLOCKED)
      return this.#wait(call, mode, limits);
    this.#sayEntered();
    return null;
  }

  /** Enters if that needs no waiting; tells whether it did. */
  tryEnter(mode: Inside): boolean {
    this.concern.mend();
    this.entry.tryEnter(mode);
    this.entry.proceed();
    if (this.entry.inside === OUTSIDE) return false;
    this.#sayEntered();
    return true;
  }

  /** Leaves. */
  leave(mode: Inside): void {
    this.entry.leave(mode);
    this.entry.proceed();
    this.say("released");
  }

  /** Marks the exclusive hold as away until the function it returns is called, with the lock held again. */
  suspend(): () => void {
    const { hold } = this;
    if (hold) hold.held = false;
    this.lifetime.begin();
    return () => {
      if (this.lifetime.closed) this.leave(EXCLUSIVE);
      else if (hold) Object.assign(hold, this.#holdNow);
      this.lifetime.end();
    };
  }

  /** Who holds and who waits, once what ranks that have gone left behind is set right. */
  look(): LockState {
    this.concern.mend();
    return readState(this.#place);
  }

  /** Prints a line when debugging. */
  say(text: string): void {
    if (this.#sign.debug) console.log(`${this.#sign.name}[${this.#sign.id}] rank ${this.rank}: ${text}`);
  }

  get #holdNow(): Pick<Hold, "held" | "token" | "broken"> {
    return { held: true, token: this.entry.token, broken: this.entry.broken };
  }

  #waitBlocking(call: string, mode: Inside): void {
    this.say("waiting");
    this.concern.call = call;
    try {
      this.pace.run(this.entry);
    } catch (error) {
      // As in `patiently`: the ticket of a wait that has failed must not stand in line, nor what it brought be kept.
      this.entry.giveUp();
      this.pace.run(this.entry);
      if (this.entry.inside !== OUTSIDE) this.leave(mode);
      throw error;
    }
  }

  *#wait(call: string, mode: Inside, limits: Limits): Procedure<void> {
    this.say("waiting");
    this.concern.call = call;
    this.lifetime.begin();
    try {
      const ending = yield* patiently(this.entry, patienceOf(limits, this.lifetime.signal(limits.signal)));
      this.#conclude(call, ending, limits);
    } catch (error) {
      if (this.entry.inside !== OUTSIDE) this.leave(mode);
      throw error;
    } finally {
      this.lifetime.end();
    }
  }

  /** What came at the very moment of giving up is kept after a time-out, but not after a signal or `close()`. */
  #conclude(call: string, ending: Ending, { timeout, signal }: Limits): void {
    const entered = this.entry.inside !== OUTSIDE;
    if (entered) this.#sayEntered();
    else this.say("gave up");
    if (this.lifetime.closed) throw this.lifetime.freed(call);
    if (ending === "aborted") throw aborted(call, this.rank, signal);
    if (!entered) throw this.#timeout(call, timeout);
  }

  #sayEntered(): void {
    if (this.#sign.debug) this.say(`got ${this.#sign.prize}, token ${this.entry.token}`);
  }

  #timeout(call: string, timeout: number): PshmemError {
    const state = readState(this.#place);
    const text =
      `${call}: rank ${this.rank} gave up after ${timeout} ms: ${whoIsInside(state)}. ` +
      "Allow more time, or look at what keeps those inside.";
    return new PshmemError("TIMEOUT", text, {
      call,
      rank: this.rank,
      holder: state.holder ?? undefined,
      token: state.token,
      heldFor: state.heldFor,
      queue: state.queue,
    });
  }
}
