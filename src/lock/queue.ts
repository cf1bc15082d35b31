/**
 * A first-come-first-served queue of ranks in which any wait can be given up, as a step machine.
 *
 * A ticket lock (Mellor-Crummey & Scott, ACM TOCS 9(1), 1991, §2.2) whose tickets have a slot each, so that a waiter sleeps on a
 * word of its own and can leave a mark when it gives up, as in the abortable queue locks of Scott (PODC 2002).
 */
import type { Words } from "../comm/engine.ts";
import type { Losses } from "../comm/losses.ts";
import { BLOCKED, DONE, GOING, type Machine, type Outcome } from "../node/machine.ts";
import { CAME_UP, GRANT, ONE_TICKET, PENDING, SLOTS, TICKETS } from "./layout.ts";
import { storeFor } from "./afar.ts";
import { WAITING, type Stance } from "./stance.ts";

/** Where a queue lives and who looks at it. */
export interface Place {
  readonly words: Words;
  readonly rank: number;
  readonly size: number;
  readonly root: number;
  /** Slots in the ring: a power of two above `size`. */
  readonly slots: number;
  readonly losses: Pick<Losses, "gone" | "isGone">;
}

const IDLE = 0;
const DRAW = 1;
const RECALL = 2;
const REVIVE = 3;
const REGISTER = 4;
const AWAIT = 5;
const COMING = 6;
const GLANCE = 7;
const GRAB = 8;
const PASS = 9;
const MARK = 10;
const SKIP = 11;
const HAND_OVER = 12;
const REMARK = 13;
const ARRIVE = 14;

/** Stands for the owner of a ticket that is to be skipped. */
const NOBODY = -1;

/** How a `pass` ended. */
export const ALONE = 0;
/** The head went to a rank that waited. */
export const HANDED = 1;
/** The next ticket came up before its owner registered, and that may have gone. */
export const UNSURE = 2;

/**
 * One rank's side of the queue. `take`, `tryTake` and `pass` begin an operation; step until DONE, then look at `atHead`.
 *
 * Why nothing is lost: whoever passes on ticket t swaps CAME_UP into the slot of t + 1, and the owner of t + 1 swaps itself into the
 * same slot. One of the two comes second, and sees the other. Giving up is a third swap on that slot (owner → gave up), which
 * fails exactly when the ticket has come up; then the grant is on its way and is waited for. The slot is freed by the owner of the ticket
 * once it has come, or by who skips it: before this ticket is passed on, in either case.
 *
 * Why slots do not clash: a rank has at most `quota` tickets in the ring, the given-up ones included, and of the tickets that
 * ranks believe gone at most one, the one being skipped at this moment, still counts. So at most size × quota + 1 ≤ slots
 * tickets, which are consecutive, are about at any time.
 *
 * A rank that has used up its quota of given-up tickets takes up its newest one again where it would draw a new one. It comes before
 * ranks that arrived since: the one exception to first come, first served, and bounded, since each place is used once.
 */
export class TicketQueue implements Machine {
  /** 1 when the last operation left this rank at the head of the queue. */
  atHead = 0;
  /** 1 when this rank waits for its ticket to come up. */
  waiting = 0;
  /** The ticket drawn last, modulo 2¹⁶. */
  ticket = 0;
  /** How the last `pass` ended. */
  passed = ALONE;

  readonly #place: Place;
  readonly #me: number;
  readonly #quota: number;
  readonly #stance: Stance;
  // Plain fields: the search over all schedules saves and restores them.
  private phase = IDLE;
  private leaving = 0;
  private seen = 0;
  private owner = 0;
  private left: number[] = [];

  constructor(place: Place, stance: Stance) {
    this.#place = place;
    this.#stance = stance;
    this.#me = place.rank + 1;
    this.#quota = Math.floor((place.slots - 1) / place.size);
  }

  /** Begins to wait for the head of the queue. */
  take(): void {
    this.leaving = 0;
    this.phase = this.left.length < this.#quota ? DRAW : RECALL;
  }

  /** Begins to go to the head of the queue if it is empty. */
  tryTake(): void {
    this.phase = GLANCE;
  }

  /** Begins to pass the head of the queue on. */
  pass(): void {
    this.phase = PASS;
  }

  /**
   * Begins to pass on to a ticket whose turn it is, and from it on if its owner has gone; `waiter` is the rank + 1 that waits with it, as
   * far as is known from elsewhere than its slot, or 0.
   */
  resume(ticket: number, waiter: number): void {
    this.ticket = ticket;
    this.owner = waiter || NOBODY;
    this.phase = REMARK;
  }

  /** Ends a `take` early: step on until DONE. The ticket may have come up meanwhile, then `atHead` is 1 all the same. */
  giveUp(): void {
    this.leaving = 1;
  }

  /** The two steps of a free queue stand first, in a function that is small enough to become part of its callers. */
  step(): Outcome {
    if (this.phase === DRAW) return this.leaving ? this.#end(0) : this.#draw();
    return this.phase === PASS ? this.#pass() : this.#stepInLine();
  }

  /** Then those of ranks that take turns; what is rare comes last. */
  #stepInLine(): Outcome {
    switch (this.phase) {
      case REGISTER:
        return this.#register();
      case AWAIT:
        return this.leaving ? this.#withdraw() : this.#await();
      case MARK:
        return this.#mark();
      case HAND_OVER:
        return this.#handOver();
      default:
        return this.#stepOthers();
    }
  }

  #stepOthers(): Outcome {
    switch (this.phase) {
      case RECALL:
        return this.leaving ? this.#end(0) : this.#recall();
      case REVIVE:
        return this.leaving ? this.#end(0) : this.#revive();
      case COMING:
        return this.#await();
      case GLANCE:
        return this.#glance();
      case GRAB:
        return this.#grab();
      case SKIP:
        this.#place.words.store(this.#place.root, this.#slot(this.ticket), 0);
        return this.#go(PASS);
      case REMARK:
        return this.#remark();
      case ARRIVE:
        return this.#arrive();
      default:
        return DONE;
    }
  }

  #draw(): Outcome {
    const { words, root } = this.#place;
    this.#stance.move();
    const drawn = words.add(root, TICKETS, ONE_TICKET);
    this.ticket = drawn >>> 16;
    if ((drawn & PENDING) === 0) return this.#emptyQueue();
    this.waiting = 1;
    return this.#go(REGISTER);
  }

  /** Nobody was in the queue, so no ticket of this rank is either. */
  #emptyQueue(): Outcome {
    if (this.left.length > 0) this.left = [];
    return this.#end(1);
  }

  /** Tickets come up in order: if the oldest one given up is still there, all are. */
  #recall(): Outcome {
    const { words, root } = this.#place;
    if (words.load(root, this.#slot(this.left[0])) === -this.#me) return this.#go(REVIVE);
    this.left = this.left.slice(1);
    return this.#go(DRAW);
  }

  #revive(): Outcome {
    const newest = this.left.at(-1)!;
    this.#stance.move();
    if (this.#swap(newest, -this.#me, this.#me) !== -this.#me) {
      this.left = [];
      return this.#go(DRAW);
    }
    this.left = this.left.slice(0, -1);
    this.ticket = newest;
    this.waiting = 1;
    return this.#awaitTurn();
  }

  #register(): Outcome {
    return this.#swap(this.ticket, 0, this.#me) === CAME_UP ? this.#arrive() : this.#awaitTurn();
  }

  /**
   * The ticket has come up: its slot, which nobody else touches until this rank passes on, is freed. In no order, so that this core fetches the line
   * while it is at other words: it marks the next slot there when it passes on. Should that fail, on another node, it is done again.
   */
  #arrive(): Outcome {
    const { words, root } = this.#place;
    this.phase = ARRIVE;
    words.write(root, this.#slot(this.ticket), 0);
    return this.#end(1);
  }

  #awaitTurn(): Outcome {
    this.#stance.rest(WAITING, this.ticket);
    return this.#go(AWAIT);
  }

  /** All in one step: nobody else touches a grant once it is there, and who looks at it sees that this rank waits, or moves. */
  #await(): Outcome {
    const { words, rank } = this.#place;
    if (words.load(rank, GRANT) === 0) return BLOCKED;
    this.#stance.move();
    words.store(rank, GRANT, 0);
    return this.#arrive();
  }

  #withdraw(): Outcome {
    this.#stance.stir();
    if (this.#swap(this.ticket, this.#me, -this.#me) !== this.#me) {
      this.#stance.settle();
      return this.#go(COMING);
    }
    this.#stance.goOut();
    const slot = this.#slot(this.ticket);
    // An older ticket in the same slot is long gone.
    this.left = [...this.left.filter((ticket) => this.#slot(ticket) !== slot), this.ticket];
    return this.#end(0);
  }

  #glance(): Outcome {
    this.seen = this.#place.words.load(this.#place.root, TICKETS);
    return (this.seen & PENDING) === 0 ? this.#go(GRAB) : this.#end(0);
  }

  #grab(): Outcome {
    const { words, root } = this.#place;
    const drawn = (this.seen + ONE_TICKET) | 0;
    this.#stance.move();
    if (words.compareExchange(root, TICKETS, this.seen, drawn) !== this.seen) return this.#end(0);
    this.ticket = this.seen >>> 16;
    return this.#emptyQueue();
  }

  #pass(): Outcome {
    const { words, root } = this.#place;
    const before = words.add(root, TICKETS, -1);
    this.passed = ALONE;
    if ((before & PENDING) === 1) return this.#end(0);
    this.ticket = (this.ticket + 1) & PENDING;
    return this.#go(MARK);
  }

  #mark(): Outcome {
    const { words, root } = this.#place;
    this.seen = words.exchange(root, this.#slot(this.ticket), CAME_UP);
    if (this.seen !== 0) return this.#free();
    this.passed = UNSURE;
    return this.#end(0);
  }

  /** As {@link #mark}, where the owner is known if it waits: a slot that tells nothing is that of a rank that has gone. */
  #remark(): Outcome {
    const { words, root } = this.#place;
    const seen = words.exchange(root, this.#slot(this.ticket), CAME_UP);
    this.seen = seen === 0 || seen === CAME_UP ? this.owner : seen;
    return this.#free();
  }

  /** Whoever has gone is skipped like one who gave up. */
  #free(): Outcome {
    const { losses } = this.#place;
    const skip = this.seen < 0 || (losses.gone > 0 && losses.isGone(this.seen - 1));
    return this.#go(skip ? SKIP : HAND_OVER);
  }

  /** Whoever goes at this very moment, and its words with it, is skipped too. */
  #handOver(): Outcome {
    const { words } = this.#place;
    if (!storeFor(this.#place, words, this.seen - 1, GRANT, 1)) return this.#go(SKIP);
    words.ring(this.seen - 1);
    this.passed = HANDED;
    return this.#end(0);
  }

  #slot(ticket: number): number {
    return SLOTS + (ticket & (this.#place.slots - 1));
  }

  #swap(ticket: number, expected: number, value: number): number {
    return this.#place.words.compareExchange(this.#place.root, this.#slot(ticket), expected, value);
  }

  #go(phase: number): Outcome {
    this.phase = phase;
    return GOING;
  }

  #end(atHead: number): Outcome {
    this.phase = IDLE;
    this.atHead = atHead;
    this.waiting = 0;
    return DONE;
  }
}
