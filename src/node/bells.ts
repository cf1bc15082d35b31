/**
 * How a rank is woken. Every rank has one bell, a shared word; whoever changes something that a rank may be blocked on rings
 * it. A rank therefore has one place to sleep, whatever it waits for, and messages are taken in while it waits. Who needs the cores of those that
 * wait sends them to rest: they do not look for long, but sleep.
 */

/** Bell word: nobody sleeps behind it. Written by ringers (after ASLEEP) and at the start. */
const AWAKE = 0;
/** Bell word: its owner is asleep or about to be. Written by the owner only. */
const ASLEEP = 1;

/**
 * The word after a bell: 0, or by whom its owner was sent to rest: that place, plus 1. Written by that place, and by a thread that helps it. Whoever
 * reads an old value sleeps early or late, and no more: what wakes is the bell.
 */
const RESTS_FOR = 1;

/** 32-bit words from one bell to the next: a cache line each, so that ringing one rank does not slow another. */
const STRIDE = 16;

/** Sleeping and waking on a shared word: `Atomics` for threads, the futex system call for processes. */
export interface Sleeper {
  /** Blocks while `words[index] === expected`, at most `ms`; may return early for no reason. */
  sleep(words: Int32Array, index: number, expected: number, ms: number): void;
  /** The same as a promise; keeps the event loop alive meanwhile. */
  sleepAsync(words: Int32Array, index: number, expected: number, ms: number): Promise<void>;
  /** Wakes all that sleep on `words[index]`. */
  wake(words: Int32Array, index: number): void;
  /** Lets whoever is ready have the core, and returns when it is free again; null where the platform has no such call. */
  readonly giveWay: (() => void) | null;
}

/** Bytes that the bells of `count` ranks take. */
export function bellBytes(count: number): number {
  return count * STRIDE * Int32Array.BYTES_PER_ELEMENT;
}

/**
 * The bells of the ranks that share memory.
 *
 * No wake-up is lost: the sleeper writes ASLEEP, then looks at its condition once more, then sleeps only while the bell still says
 * ASLEEP; the waker changes the condition, then reads the bell. Atomics are sequentially consistent, so either the sleeper's last
 * look sees the change, or the waker sees ASLEEP, clears it and wakes.
 */
export class Bells {
  readonly #words: Int32Array;
  readonly #sleeper: Sleeper;

  constructor(words: Int32Array, sleeper: Sleeper) {
    this.#words = words;
    this.#sleeper = sleeper;
  }

  /** Local: see {@link Sleeper.giveWay}. */
  get giveWay(): (() => void) | null {
    return this.#sleeper.giveWay;
  }

  /** Local: wakes `place` if it sleeps. One load when it does not. */
  ring(place: number): void {
    const index = place * STRIDE;
    if (Atomics.load(this.#words, index) === ASLEEP) {
      Atomics.store(this.#words, index, AWAKE);
      this.#sleeper.wake(this.#words, index);
    }
  }

  /** Local: `place` had better sleep while it waits, since `by` needs its core, until `endRest` or `wakeResting`. */
  sendToRest(place: number, by: number): void {
    Atomics.store(this.#words, place * STRIDE + RESTS_FOR, by + 1);
  }

  /** Local: see {@link sendToRest}. Wakes nobody. */
  endRest(place: number): void {
    Atomics.store(this.#words, place * STRIDE + RESTS_FOR, 0);
  }

  /** Local: whether somebody needs the core of `place`. */
  isResting(place: number): boolean {
    return Atomics.load(this.#words, place * STRIDE + RESTS_FOR) !== 0;
  }

  /** Local: ends the rest of all that `by` has sent there, and wakes them: what they wait for is about to come. */
  wakeResting(by: number): void {
    for (let place = 0; place * STRIDE < this.#words.length; place++) {
      if (Atomics.load(this.#words, place * STRIDE + RESTS_FOR) !== by + 1) continue;
      this.endRest(place);
      this.ring(place);
    }
  }

  /** Local, by the owner, before its last look at what it waits for. */
  arm(place: number): void {
    Atomics.store(this.#words, place * STRIDE, ASLEEP);
  }

  /** Local, blocking, by the owner after `arm`: until rung, at most `ms`. */
  sleep(place: number, ms: number): void {
    this.#sleeper.sleep(this.#words, place * STRIDE, ASLEEP, ms);
  }

  /** Local, by the owner after `arm`: resolves when rung, at the latest after `ms`. */
  sleepAsync(place: number, ms: number): Promise<void> {
    return this.#sleeper.sleepAsync(this.#words, place * STRIDE, ASLEEP, ms);
  }
}
