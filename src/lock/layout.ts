/**
 * The shared words of a lock, by name. All stand on the root, but GRANT, STANCE and SHARES, of which every rank has its own. These have a cache
 * line of their own on the root too: it looks at GRANT while it waits, and others write the lock's words meanwhile.
 */

/** On each rank: 1 once its ticket has come up. Set by the rank that passed on before it, cleared by its owner. */
export const GRANT = 0;
/** On each rank: what it is about, see `stance.ts`. Written by that rank alone, before it moves and when it has come to rest. */
export const STANCE = 1;
/** On each rank: how often it counts in USERS, and {@link BROKEN} if it has taken that mark. Written by it while it moves. */
export const SHARES = 2;

/** The words that each rank has. */
export const RANK_WORDS = SHARES + 1;

/**
 * Tickets drawn so far (high 16 bits, wrapping) and tickets not yet passed on (low 16 bits). Drawn by one atomic add, passed on by
 * another, so a free lock costs one each way. Tickets not yet passed on are always consecutive.
 */
export const TICKETS = 16;
/** Rank + 1 at the head of the queue that waits for USERS to fall. Written by that rank alone, before its last look at USERS. */
export const WAITER = 17;
/**
 * Ranks inside in shared mode, or permits in use, and {@link BROKEN}. Raised only at the head of the queue, lowered at any time by
 * those inside, and by the heir for those that have gone. Who comes in reads it together with the two words after it.
 */
export const USERS = 18;
/** High half of the last number given out. Touched only at the head of the queue. */
export const HIGH = 19;
/** Low half of the last number given out. Touched only at the head of the queue; the holder writes it together with the two words after it. */
export const LOW = 20;
/** Low 32 bits of `Date.now()` when the exclusive holder came in. Written by the holder, together with HOLDER: who looks may see one of the two first. */
export const SINCE = 21;
/** Ticket (high 16 bits) and rank + 1 (low 16 bits) of the exclusive holder: stale, and known to be, once its ticket is passed on. */
export const HOLDER = 22;
/** Rank + 1 that sets right what ranks that have gone left behind: compared and swapped in, cleared by itself. */
export const HEIR = 23;
/** Not 0: someone has to look after those that have gone. Set before HEIR is tried for; cleared by the heir before it looks. */
export const NEED = 24;
/** Of a counter: 1 while LOW and HIGH are to become NEXT_LOW and NEXT_HIGH. Written at the head of the queue, after these two. */
export const PLANNED = 25;
export const NEXT_HIGH = 26;
export const NEXT_LOW = 27;
/** The first of the ring of slots; ticket t has the slot t modulo the size of the ring. */
export const SLOTS = 32;

/** In TICKETS: one ticket more drawn, and one more to pass on. */
export const ONE_TICKET = 0x1_0001;
/** In TICKETS: the bits that count tickets not yet passed on. */
export const PENDING = 0xffff;

/** In USERS: the bits that count. */
export const COUNT = 0x7fff_ffff;
/** In USERS, the sign: a holder went without leaving, and nobody has been told. In SHARES: this rank has been told. To add it is to flip it. */
export const BROKEN = -0x8000_0000;

/** In a slot: the ticket has come up, and its owner has not come by. Rank + 1 is a waiting owner, −(rank + 1) one who gave up. */
export const CAME_UP = 0x7fff_ffff;

/** The most ranks a lock can serve: its ring, of 2¹⁵ slots at most, has more slots than there are ranks. */
export const MOST_RANKS = 0x7fff;

/** Slots for `size` ranks: a power of two, 16 for each rank while that is little memory, never less than `size` + 1. */
export function slotsFor(size: number): number {
  const wanted = Math.max(Math.min(16 * size, 4096), size + 1);
  return 2 ** Math.ceil(Math.log2(wanted));
}
