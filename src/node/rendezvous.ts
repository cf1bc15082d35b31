/**
 * A meeting of the ranks of one node: all enter, some take turns while the others wait, all leave.
 *
 * It is a counting barrier whose release is a word that only grows (Mellor-Crummey and Scott 1991, §3.1, with the sense
 * widened to a count): meeting k uses the epochs 4k … 4k+3, and 4(k+1) releases it. The last rank to enter moves the epoch to
 * the first turn; each rank whose turn ends moves it on.
 *
 * Memory order: a rank writes its slot, then adds to ARRIVED; the last one's add comes after all of them, so it sees every slot.
 * What is written in a turn precedes the store of the epoch, and everybody loads the epoch before reading it.
 */
import type { Board } from "./board.ts";
import { BLOCKED, DONE, GOING, type Concern, type Machine, type Outcome } from "./machine.ts";

/** Epochs per meeting: at most three turns and the release. */
const EPOCHS = 4;

/** What happens between entering and leaving. */
export interface Agenda {
  /** Run by the last rank to enter, before any turn: false ends the meeting without turns. */
  check(): boolean;
  /** Who acts in which turn, as node ranks; the same on all ranks, or `check` says false. At most three. */
  readonly turns: readonly number[];
  /** Begins this rank's turn: null when it is over at once, else the machine that carries it out. */
  act(turn: number): Machine | null;
  /** Ends this rank's turn: false ends the meeting, whatever turns are left. */
  acted(turn: number): boolean;
  readonly concern?: Concern;
}

const OUTSIDE = 0;
const WAITING = 1;
const ACTING = 2;

/** One rank's part in the meetings of a board; used again for each meeting. */
export class Rendezvous implements Machine {
  readonly #board: Board;
  readonly #me: number;
  readonly #ring: (place: number) => void;
  #agenda!: Agenda;
  #at: typeof OUTSIDE | typeof WAITING | typeof ACTING = OUTSIDE;
  /** Epoch in which the present meeting began; the same on all ranks. */
  #base: number;
  #turn = 0;
  #acting: Machine | null = null;

  constructor(board: Board, me: number, ring: (place: number) => void) {
    this.#board = board;
    this.#me = me;
    this.#ring = ring;
    this.#base = board.epoch;
  }

  /** Which of the two slots of each rank the next (before `begin`) or present meeting uses. */
  get parity(): number {
    return (this.#base >>> 2) & 1;
  }

  /** Number of the next (before `begin`) or present meeting; wraps. */
  get number(): number {
    return this.#base >>> 2;
  }

  /** In a meeting: the place whose turn it is; −1 while ranks are missing. */
  get acting(): number {
    const turn = (this.#board.epoch - this.#base) | 0;
    if (this.#at === ACTING) return this.#me;
    return turn === 0 ? -1 : (this.#agenda.turns[turn - 1] ?? -1);
  }

  get concern(): Concern | undefined {
    return this.#agenda.concern;
  }

  /** Prepares the next meeting; the rank's slot has been written. */
  begin(agenda: Agenda): this {
    this.#agenda = agenda;
    this.#at = OUTSIDE;
    return this;
  }

  step(): Outcome {
    if (this.#at === OUTSIDE) return this.#enter();
    if (this.#at === ACTING) return this.#act();
    return this.#look();
  }

  #enter(): Outcome {
    this.#at = WAITING;
    if (!this.#board.enter()) return GOING;
    return this.#agenda.check() ? this.#moveTo(0) : this.#release();
  }

  #look(): Outcome {
    const turn = (this.#board.epoch - this.#base) | 0;
    if (turn === EPOCHS) return this.#leave();
    if (turn === 0 || this.#agenda.turns[turn - 1] !== this.#me) return BLOCKED;
    return this.#take(turn - 1);
  }

  #take(turn: number): Outcome {
    this.#turn = turn;
    this.#at = ACTING;
    this.#acting = this.#agenda.act(turn);
    return GOING;
  }

  #act(): Outcome {
    const outcome = this.#acting ? this.#acting.step() : DONE;
    if (outcome !== DONE) return outcome;
    this.#at = WAITING;
    return this.#agenda.acted(this.#turn) ? this.#moveTo(this.#turn + 1) : this.#release();
  }

  #moveTo(turn: number): Outcome {
    if (turn >= this.#agenda.turns.length) return this.#release();
    const next = this.#agenda.turns[turn];
    // Nobody but the next in turn cares about this epoch; a rank that takes its own next turn need not publish it.
    if (next === this.#me) return this.#take(turn);
    this.#board.epoch = (this.#base + turn + 1) | 0;
    this.#ring(next);
    return GOING;
  }

  #release(): Outcome {
    this.#board.epoch = (this.#base + EPOCHS) | 0;
    for (let place = 0; place < this.#board.size; place++) {
      if (place !== this.#me) this.#ring(place);
    }
    return this.#leave();
  }

  #leave(): Outcome {
    this.#base = (this.#base + EPOCHS) | 0;
    return DONE;
  }
}
