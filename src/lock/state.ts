/** Who holds a lock and who waits, read from its shared words. */
import {
  CAME_UP,
  COUNT,
  HIGH,
  HOLDER,
  LOW,
  PENDING,
  SINCE,
  SLOTS,
  TICKETS,
  USERS,
  WAITER,
} from "./layout.ts";
import type { Place } from "./queue.ts";

/** A look at a lock. Each part was true at some moment of the look; while the lock changes hands they may be a moment apart. */
export interface LockState {
  /** The rank that holds the lock alone, if one does. */
  readonly holder: number | null;
  /** The token given out last: the holder's, if there is one. 0 before the first. */
  readonly token: number;
  /** Milliseconds since the holder got the lock, by wall clock; 0 without a holder. */
  readonly heldFor: number;
  /** The ranks that wait, first in line first. */
  readonly queue: readonly number[];
  /** Ranks inside in shared mode, or permits in use. */
  readonly readers: number;
}

/** Local, not blocking: looks at a lock's words. */
export function readState({ words, root, slots }: Place): LockState {
  const tickets = words.load(root, TICKETS);
  const pending = tickets & PENDING;
  const first = (tickets >>> 16) - pending;
  const holder = holderOf(words.load(root, HOLDER), first, pending);
  const token = words.load(root, HIGH) * 2 ** 32 + (words.load(root, LOW) >>> 0);
  const since = words.load(root, SINCE);
  const heldFor = holder === null ? 0 : Math.max(0, (Date.now() - since) | 0);
  const waiting = [words.load(root, WAITER)];
  for (let ticket = first; ticket < first + pending; ticket++) {
    waiting.push(words.load(root, SLOTS + (ticket & (slots - 1))));
  }
  const queue = waiting.filter((who) => who > 0 && who !== CAME_UP).map((who) => who - 1);
  return { holder, token, heldFor, queue, readers: words.load(root, USERS) & COUNT };
}

/** Nobody clears HOLDER at a release: it counts only while its ticket is the first one not passed on. */
function holderOf(word: number, first: number, pending: number): number | null {
  const current = pending > 0 && word !== 0 && word >>> 16 === (first & PENDING);
  return current ? (word & PENDING) - 1 : null;
}

/** Says in words who is inside and who waits. */
export function whoIsInside({ holder, token, heldFor, queue, readers }: LockState): string {
  const inside =
    holder !== null
      ? `rank ${holder} has been inside for ${heldFor} ms with token ${token}`
      : readers > 0
        ? `${readers} ${readers === 1 ? "is" : "are"} inside, sharing`
        : "it was just changing hands";
  return queue.length === 0
    ? inside
    : `${inside}; in line: ${queue.length === 1 ? "rank" : "ranks"} ${queue.join(", ")}`;
}
