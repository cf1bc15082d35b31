/** A machine written as a generator: for protocols whose steps are too long to be hot and too linear for a table of states. */
import { BLOCKED, DONE, type Concern, type Machine, type Outcome } from "./machine.ts";

/** A generator that yields whenever it can only go on after another rank has done something. */
export type Waits<T = void> = Generator<undefined, T, undefined>;

/** Runs a generator as a {@link Machine}. */
export class Script<T> implements Machine {
  readonly concern?: Concern;
  readonly #body: Waits<T>;
  #result: T | undefined;

  constructor(body: Waits<T>, concern?: Concern) {
    this.#body = body;
    this.concern = concern;
  }

  step(): Outcome {
    const next = this.#body.next();
    if (!next.done) return BLOCKED;
    if (next.value !== undefined) this.#result = next.value;
    return DONE;
  }

  /** Ends the generator where it is: the next step says DONE, and there is no result. */
  stop(): void {
    this.#body.return(undefined as T);
  }

  /** What the generator returned; meaningful once a step has said DONE. */
  get result(): T {
    return this.#result as T;
  }
}

/** A machine that is done as soon as `ready` says so. */
export class Until implements Machine {
  readonly concern?: Concern;
  readonly #ready: () => boolean;

  constructor(ready: () => boolean, concern?: Concern) {
    this.#ready = ready;
    this.concern = concern;
  }

  step(): Outcome {
    return this.#ready() ? DONE : BLOCKED;
  }
}
