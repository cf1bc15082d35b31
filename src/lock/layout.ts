/** The shared words of a lock, by name. All stand on the root, but GRANT, of which every rank has its own. */

/**
 * Tickets drawn so far (high 16 bits, wrapping) and tickets not yet passed on (low 16 bits). Drawn by one atomic add, passed on by
 * another, so a free lock costs one each way. Tickets not yet passed on are always consecutive.
 */
export const TICKETS = 0;
/** Ranks inside in shared mode, or permits in use. Raised only at the head of the queue, lowered at any time by those inside. */
export const USERS = 1;
/** Rank + 1 at the head of the queue that waits for USERS to fall. Written by that rank alone, before its last look at USERS. */
export const WAITER = 2;
/** Low half of the last number given out. Touched only at the head of the queue. */
export const LOW = 3;
/** High half of the last number given out. Touched only at the head of the queue. */
export const HIGH = 4;
/** Low 32 bits of `Date.now()` when the exclusive holder came in. Written by the holder, before HOLDER. */
export const SINCE = 5;
/** Ticket (high 16 bits) and rank + 1 (low 16 bits) of the exclusive holder: stale, and known to be, once its ticket is passed on. */
export const HOLDER = 6;
/** On each rank: 1 once its ticket has come up. Set by the rank that passed on before it, cleared by its owner. */
export const GRANT = 7;
/** The first of the ring of slots; ticket t has the slot t modulo the size of the ring. */
export const SLOTS = 8;

/** In TICKETS: one ticket more drawn, and one more to pass on. */
export const ONE_TICKET = 0x1_0001;
/** In TICKETS: the bits that count tickets not yet passed on. */
export const PENDING = 0xffff;

/** In a slot: the ticket came up before its owner registered. Rank + 1 is a waiting owner, −(rank + 1) one who gave up. */
export const CAME_UP = 0x7fff_ffff;

/** The most ranks a lock can serve: its ring, of 2¹⁵ slots at most, has more slots than there are ranks. */
export const MOST_RANKS = 0x7fff;

/** Slots for `size` ranks: a power of two, 16 for each rank while that is little memory, never less than `size` + 1. */
export function slotsFor(size: number): number {
  const wanted = Math.max(Math.min(16 * size, 4096), size + 1);
  return 2 ** Math.ceil(Math.log2(wanted));
}
