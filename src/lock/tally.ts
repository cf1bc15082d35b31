/** A number that ranks add to, one after the other, as a step machine. */
import { DONE, GOING, type Concern, type Machine, type Outcome } from "../node/machine.ts";
import { HIGH, LOW, NEXT_HIGH, PLANNED } from "./layout.ts";
import { TicketQueue, type Place } from "./queue.ts";
import { carryOutPlan, Recovery } from "./recovery.ts";
import { Stance } from "./stance.ts";

const IDLE = 0;
const QUEUE = 1;
const CHANGE = 2;
const PASS = 3;
const CARRY_OUT = 4;
const ATTEND = 5;

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
  /** What this rank waits for in here, for whoever drives the machine. */
  concern?: Concern;
  readonly queue: TicketQueue;
  readonly recovery: Recovery;
  readonly stance: Stance;

  readonly #place: Place;
  // Plain fields: the search over all schedules saves and restores them.
  private phase = IDLE;
  private replaces = 0;
  private operand = 0;
  /** High and low half of a number, on their way from or to the root. */
  readonly #halves = new Int32Array(2);

  constructor(place: Place) {
    this.#place = place;
    this.stance = new Stance(place);
    this.queue = new TicketQueue(place, this.stance);
    this.recovery = new Recovery(place, this.stance);
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
        return this.#change() ? this.#go(CARRY_OUT) : this.#pass();
      case CARRY_OUT:
        carryOutPlan(this.#place);
        return this.#pass();
      case PASS:
        return this.queue.step() === DONE ? this.#settle() : GOING;
      case ATTEND:
        return this.recovery.step() === DONE ? this.#end() : GOING;
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
    return outcome === DONE ? this.#go(next) : outcome;
  }

  #pass(): Outcome {
    this.queue.pass();
    return this.#go(PASS);
  }

  /** This rank has come to rest. Where ranks have gone, somebody may have waited for that. */
  #settle(): Outcome {
    this.stance.settle();
    if (this.#place.losses.gone === 0) return this.#end();
    this.recovery.attend(this.queue.passed);
    return this.#go(ATTEND);
  }

  /**
   * All in one step: both words are touched only at the head of the queue. Where the high one changes they are planned first, and true is
   * returned: a rank that goes between the two must not leave half of a number.
   */
  #change(): boolean {
    const { words, root } = this.#place;
    words.readRun(root, HIGH, this.#halves);
    const [high, low] = this.#halves;
    this.before = high * WORD + (low >>> 0);
    const after = this.replaces ? this.operand : this.before + this.operand;
    this.overflowed = Number.isSafeInteger(after) ? 0 : 1;
    if (this.overflowed || after === this.before) return false;
    const highAfter = Math.floor(after / WORD);
    if (highAfter === high) {
      words.write(root, LOW, after | 0);
      return false;
    }
    this.#halves[0] = highAfter;
    this.#halves[1] = after | 0;
    words.writeRun(root, NEXT_HIGH, this.#halves);
    words.store(root, PLANNED, 1);
    return true;
  }

  #go(phase: number): Outcome {
    this.phase = phase;
    return GOING;
  }

  #end(): Outcome {
    this.phase = IDLE;
    return DONE;
  }
}
