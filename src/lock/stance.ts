/** What a rank says of itself, so that others can tell whether the head of the queue is lost when a rank has gone. */
import type { Words } from "../comm/engine.ts";
import { SHARES, STANCE } from "./layout.ts";
import type { Place } from "./queue.ts";

/** Neither at the head nor in line; it may be inside in shared mode. */
export const OUT = 0;
/** In the midst of the protocol, or inside alone, as HOLDER then says. */
export const MOVING = 1;
/** In line, registered in the slot of its ticket, or about to be granted. */
export const WAITING = 2;
/** At the head, waiting for USERS to fall. */
export const FOR_ROOM = 3;

// In the word: the kind (2 bits), the ticket of one who waits (16 bits), and a count of moves (13 bits), so that who reads twice the
// same knows that nothing has happened between.
const KIND = 3;
const TICKET_SHIFT = 2;
const TICKET = 0xffff;
const ONE_MOVE = 1 << 18;
const MOVES = 0x7ffc_0000;

/** Local: the kind of a stance. */
export function kindOf(stance: number): number {
  return stance & KIND;
}

/** Local: the ticket of a rank that is WAITING. */
export function ticketOf(stance: number): number {
  return (stance >>> TICKET_SHIFT) & TICKET;
}

/**
 * One rank's STANCE and SHARES for one lock.
 *
 * Memory order: `move` stands before an atomic operation of this rank, which nobody sees without it. A rest is a sequentially
 * consistent store after all that it stands for; `settlePlainly` is for one who leaves an exclusive hold with nobody in line: should
 * its rest be seen before its leave, HOLDER still names it. A rank that dies leaves all stores behind that it came past, since the
 * kernel stops it between two instructions, and what its core still holds of them goes to memory before anybody learns of the end.
 */
export class Stance {
  /** How often this rank has come to rest anew: a wait for which it is the same has not begun since. */
  rests = 0;
  readonly #words: Words;
  readonly #rank: number;
  // Plain fields: the search over all schedules saves and restores them.
  private serial = 0;
  private resting = OUT;
  private shares = 0;

  constructor({ words, rank }: Place) {
    this.#words = words;
    this.#rank = rank;
  }

  /** Before a move that leads elsewhere: out, unless something else is said. */
  move(): void {
    this.resting = OUT;
    this.stir();
  }

  /** Before a move that leads back to where this rank is at rest. */
  stir(): void {
    this.serial = (this.serial + ONE_MOVE) & MOVES;
    this.#words.write(this.#rank, STANCE, this.serial | MOVING);
  }

  /** After a move: in line with a ticket, or at the head waiting for room. */
  rest(kind: typeof WAITING | typeof FOR_ROOM, ticket: number): void {
    this.resting = (ticket << TICKET_SHIFT) | kind;
    this.rests++;
    this.settle();
  }

  /** After a move that has led out of the line. */
  goOut(): void {
    this.resting = OUT;
  }

  /** After a move: at rest where it was to lead. */
  settle(): void {
    this.#words.store(this.#rank, STANCE, this.serial | this.resting);
  }

  /** The same without order, for one who has gone out. */
  settlePlainly(): void {
    this.#words.write(this.#rank, STANCE, this.serial);
  }

  /** In the midst of a move: this rank has been counted in USERS, or is no more (−1). The mark it may have taken goes. */
  share(by: 1 | -1): void {
    this.shares += by;
    this.#words.write(this.#rank, SHARES, this.shares);
  }

  /** In the midst of a move, inside in shared mode: `mark` is to be set again if this rank goes without leaving. */
  shareMarked(mark: number): void {
    this.#words.write(this.#rank, SHARES, this.shares | mark);
  }
}
