/** How long a task may take: the signal that its function is given, and whether it was late. */
import { PshmemError } from "../errors.ts";

/** The time limit of one call of a task function. All members are local. */
export class TimeLimit {
  readonly #task: number;
  readonly #ms: number;
  readonly #start = performance.now();
  readonly #timer: NodeJS.Timeout | undefined;
  #controller: AbortController | undefined;

  /** Begins to count; `ms` may be Infinity. */
  constructor(task: number, ms: number) {
    this.#task = task;
    this.#ms = ms;
    if (ms < Infinity) this.#timer = setTimeout(() => this.#abortion().abort(this.#late()), ms);
  }

  /** Aborted with a TIMEOUT error when the time is over; the same at every call. Made at the first: most functions do not ask. */
  get signal(): AbortSignal {
    return this.#abortion().signal;
  }

  /** Ends the counting. Returns the error if the time is over. */
  end(): PshmemError | undefined {
    clearTimeout(this.#timer);
    // A function that never let the event loop run kept the timer from firing.
    const over = this.#controller?.signal.aborted || performance.now() - this.#start >= this.#ms;
    return over ? this.#late() : undefined;
  }

  #abortion(): AbortController {
    this.#controller ??= new AbortController();
    return this.#controller;
  }

  #late(): PshmemError {
    const text = `task ${this.#task} took longer than ${this.#ms} ms`;
    return new PshmemError("TIMEOUT", text, { task: this.#task, expected: this.#ms });
  }
}
