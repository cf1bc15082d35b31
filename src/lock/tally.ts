/** A number that ranks add to, one after the other, as a step machine. */
import { DONE, GOING, type Machine, type Outcome } from "../node/machine.ts";
import { HIGH, LOW } from "./layout.ts";
import { TicketQueue, type Place } from "./queue.ts";

const IDLE = 0;
const QUEUE = 1;
const CHANGE = 2;
const PASS = 3;

/** What one word holds. */
const WORD = 2 ** 32;

/**
 * One rank's side of a 53-bit counter. Two words cannot be changed by one atomic operation, so they are changed at the head of a
 * queue. (A fetch-add on the low word with the carry brought after it cannot be told, by a rank that was halted in between, from
 * the same some wraps later; and large steps wrap often.)
 */
export class Tally implements Machine {
  /** The number before the last operation. */
  before = 0;
  /** 1 when the last operation would have left the safe integers, and so changed nothing. */
  overflowed = 0;
  readonly queue: TicketQueue;

  readonly #place: Place;
  // Plain fields: the search over all schedules saves and restores them.
  private phase = IDLE;
  private replaces = 0;
  private operand = 0;

  constructor(place: Place) {
    this.#place = place;
    this.queue = new TicketQueue(place);
  }

  /** Begins to add `step`, a safe integer. */
  add(step: number): void {
    this.#begin(0, step);
  }

  /** Begins to replace the number by `value`, a safe integer. */
  replace(value: number): void {
    this.#begin(1, value);
  }

  step(): Outcome {
    switch (this.phase) {
      case QUEUE:
        return this.#stepQueue(CHANGE);
      case CHANGE:
        this.#change();
        this.queue.pass();
        this.phase = PASS;
        return GOING;
      case PASS:
        return this.#stepQueue(IDLE);
      default:
        return DONE;
    }
  }

  #begin(replaces: number, operand: number): void {
    this.replaces = replaces;
    this.operand = operand;
    this.queue.take();
    this.phase = QUEUE;
  }

  #stepQueue(next: number): Outcome {
    const outcome = this.queue.step();
    if (outcome !== DONE) return outcome;
    this.phase = next;
    return next === IDLE ? DONE : GOING;
  }

  /** All in one step: both words are touched only at the head of the queue. */
  #change(): void {
    const { words, root } = this.#place;
    const high = words.read(root, HIGH);
    this.before = high * WORD + (words.read(root, LOW) >>> 0);
    const after = this.replaces ? this.operand : this.before + this.operand;
    this.overflowed = Number.isSafeInteger(after) ? 0 : 1;
    if (this.overflowed || after === this.before) return;
    words.write(root, LOW, after | 0);
    const highAfter = Math.floor(after / WORD);
    if (highAfter !== high) words.write(root, HIGH, highAfter);
  }
}
