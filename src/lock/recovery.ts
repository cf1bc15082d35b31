/** What is done about ranks that have gone in the midst of a lock, as a step machine. */
import { DONE, GOING, type Machine, type Outcome } from "../node/machine.ts";
import { BROKEN, HEIR, HIGH, NEED, NEXT_HIGH, PLANNED, SHARES, USERS, WAITER } from "./layout.ts";
import { TicketQueue, UNSURE, type Place } from "./queue.ts";
import type { Stance } from "./stance.ts";
import { Survey } from "./survey.ts";

const IDLE = 0;
const LISTEN = 1;
const CALL = 2;
const CLAIM = 3;
const BEGIN = 4;
const GLANCE = 5;
const COLLECT = 6;
const FIND = 7;
const COMPARE = 8;
const INSIST = 9;
const FORGIVE = 10;
const WAKE = 11;
const MARK = 12;
const REMIND = 13;
const PREPARE = 14;
const PASS_ON = 15;
const RELEASE = 16;
const HEARKEN = 17;

/** In NEED: an heir could not tell; whoever comes to rest is to look. */
const WANTED = 1;
/** In NEED: some rank wants a look that begins after this. */
const CALLED = 2;

/**
 * One rank's part in setting right what ranks have left behind that died or ended without leaving. `call`, or `attend` after an operation
 * of its own, begins; step until DONE.
 *
 * There is one heir, whose own end makes room for another. It makes a {@link Survey}, does the first thing that this shows to be wrong, and
 * looks anew. A lost head stays lost until the heir passes it on, since only the head passes on. Every action can be begun again where it was
 * broken off.
 *
 * No look is missed: whoever finds others in motion sets NEED and looks once more; whoever comes to rest looks at NEED afterwards (see
 * `attend`), or is about to wait and looks for itself. Whoever finds another heir has set NEED before, and the heir looks at it when it is
 * none any more. Leaving a lock that nobody waits for is spared this: one that comes at that very moment, and to which the leaver seems to move still, looks again
 * when its sleep ends, after a second at the latest.
 */
export class Recovery implements Machine {
  readonly #place: Place;
  readonly #stance: Stance;
  /** Passes on for those that have gone. */
  readonly queue: TicketQueue;
  readonly survey: Survey;
  // Plain fields: the search over all schedules saves and restores them.
  private phase = IDLE;
  private undecided = 0;
  /** What `losses.gone` and `stance.rests` were when the last look began. */
  private goneThen = 0;
  private restsThen = -1;
  private expected = 0;
  private insists = 0;

  constructor(place: Place, stance: Stance) {
    this.#place = place;
    this.#stance = stance;
    this.queue = new TicketQueue(place, stance);
    this.survey = new Survey(place);
  }

  /** Local: whether a rank that waits has reason to look: the last look told nothing, or since then ranks went or another wait began. */
  get due(): boolean {
    const { losses } = this.#place;
    return this.undecided === 1 || this.goneThen !== losses.gone || this.restsThen !== this.#stance.rests;
  }

  /** Begins to look after the lost. */
  call(): void {
    this.goneThen = this.#place.losses.gone;
    this.restsThen = this.#stance.rests;
    this.undecided = 0;
    this.expected = 0;
    this.phase = CALL;
  }

  /** The same after a move of this rank, if somebody asks for it, or the move itself gives reason to. */
  attend(passed: number): void {
    this.call();
    if (passed !== UNSURE) this.phase = LISTEN;
  }

  step(): Outcome {
    const { words, root, rank } = this.#place;
    switch (this.phase) {
      case LISTEN:
        return words.load(root, NEED) === 0 ? this.#end() : this.#go(CALL);
      case CALL:
        words.store(root, NEED, CALLED);
        return this.#go(CLAIM);
      case CLAIM:
        return this.#claim(words.compareExchange(root, HEIR, this.expected, rank + 1));
      case BEGIN:
        words.store(root, NEED, 0);
        this.insists = 0;
        return this.#go(GLANCE);
      case INSIST:
        words.compareExchange(root, NEED, 0, WANTED);
        this.insists = 1;
        return this.#go(GLANCE);
      case RELEASE:
        words.store(root, HEIR, 0);
        return this.#go(HEARKEN);
      case HEARKEN:
        return words.load(root, NEED) === CALLED ? this.#again() : this.#end();
      default:
        return this.#stepSearch();
    }
  }

  #stepSearch(): Outcome {
    switch (this.phase) {
      case GLANCE:
        return this.#go(this.survey.isHeld() ? RELEASE : COLLECT);
      case COLLECT:
        return this.survey.collect() ? this.#go(FIND) : this.#doubt();
      case FIND:
        this.survey.find();
        return this.#go(COMPARE);
      case COMPARE:
        return this.survey.isStill() ? this.#decide() : this.#doubt();
      default:
        return this.#stepDeeds();
    }
  }

  #stepDeeds(): Outcome {
    const { words, root } = this.#place;
    switch (this.phase) {
      case FORGIVE:
        words.add(root, USERS, -this.survey.excess);
        return this.#go(WAKE);
      case WAKE:
        return this.#wake();
      case MARK:
        words.add(root, USERS, BROKEN);
        return this.#go(this.survey.reminded ? REMIND : GLANCE);
      case REMIND:
        words.store(this.survey.reminded - 1, SHARES, 0);
        return this.#go(GLANCE);
      case PREPARE:
        return this.#prepare();
      case PASS_ON:
        return this.queue.step() === DONE ? this.#go(GLANCE) : GOING;
      default:
        return DONE;
    }
  }

  /** Somebody has called while this rank was the heir. */
  #again(): Outcome {
    this.undecided = 0;
    this.expected = 0;
    return this.#go(CLAIM);
  }

  /** An heir that has gone itself is none; one that was this rank was broken off by an error. */
  #claim(before: number): Outcome {
    const { losses, rank } = this.#place;
    if (before === this.expected || before === rank + 1) return this.#go(BEGIN);
    if (before === 0 || losses.isGone(before - 1)) {
      this.expected = before;
      return GOING;
    }
    this.undecided = 1;
    return this.#end();
  }

  /** What is found holds: does the first thing there is to do. */
  #decide(): Outcome {
    const { excess, marks, reminded, headless } = this.survey;
    if (excess > 0) return this.#go(FORGIVE);
    if (marks) return this.#go(MARK);
    if (reminded) return this.#go(REMIND);
    return this.#go(headless ? PREPARE : RELEASE);
  }

  #wake(): Outcome {
    const { words, root } = this.#place;
    const waiter = words.load(root, WAITER);
    if (waiter !== 0) words.ring(waiter - 1);
    return this.#go(GLANCE);
  }

  /** Nobody is at the head, so these words are the heir's. */
  #prepare(): Outcome {
    const { words, root } = this.#place;
    if (words.load(root, WAITER) !== 0) words.store(root, WAITER, 0);
    if (words.load(root, PLANNED) === 1) carryOutPlan(this.#place);
    this.queue.resume(this.survey.first, this.survey.waiter);
    return this.#go(PASS_ON);
  }

  #doubt(): Outcome {
    if (!this.insists) return this.#go(INSIST);
    this.undecided = 1;
    return this.#go(RELEASE);
  }

  #go(phase: number): Outcome {
    this.phase = phase;
    return GOING;
  }

  #end(): Outcome {
    this.survey.forget();
    this.phase = IDLE;
    return DONE;
  }
}

/** Local: makes a counter's number what was planned. At the head of its queue only. Can be done again where it was broken off. */
export function carryOutPlan({ words, root }: Place): void {
  const halves = new Int32Array(2);
  words.readRun(root, NEXT_HIGH, halves);
  words.writeRun(root, HIGH, halves);
  words.store(root, PLANNED, 0);
}
