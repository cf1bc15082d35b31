/** The word by which a rank that waits in a condition is woken, and tells meanwhile that it can wake nobody. */

/** On each rank: one of the kinds below, in the lowest two bits, with a number above. */
export const SIGNAL = 3;

/** The rank does not wait, or its wait may end by itself. Set by its owner, and once that has gone by any. */
export const FREE = 0;
/** It has been notified. Set by the notifier, who holds the lock. */
export const NOTIFIED = 1;
/** It does nothing until it is notified. Set by its owner, in place of FREE; above, a number that no other wait of this rank has had lately. */
export const STUCK = 2;
/** All that live were STUCK, and the rank above has gone. Compared and swapped in for that by a rank that has found it. */
export const VAIN = 3;

const KIND = 3;
const SHIFT = 2;
const MOST = 0x0fff_ffff;

/** Local: the kind of a signal. */
export function kindOfSignal(word: number): number {
  return word & KIND;
}

/** Local: the number above the kind. */
export function numberOfSignal(word: number): number {
  return word >>> SHIFT;
}

/** Local: the word of a kind and a number, of which 28 bits are kept. */
export function signal(kind: typeof STUCK | typeof VAIN, number: number): number {
  return ((number & MOST) << SHIFT) | kind;
}
