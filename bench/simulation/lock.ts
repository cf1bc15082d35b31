/** The lock, in simulated time: ranks of other nodes than the root's run `lock/entry.ts` itself. */
import { Entry, EXCLUSIVE } from "../../src/lock/entry.ts";
import { RANK_WORDS, MOST_RANKS, SLOTS, slotsFor } from "../../src/lock/layout.ts";
import { BLOCKED, DONE } from "../../src/node/machine.ts";
import { Agenda } from "./agenda.ts";
import type { Network } from "./network.ts";
import { Server, SimulatedWords } from "./words.ts";

/** How ranks that all want the lock at once came through it. */
export interface Passage {
  readonly ranks: number;
  /** Until the last has left it. */
  readonly µs: number;
  /** Accesses to words of the root. */
  readonly served: number;
}

/** Local: each of so many ranks locks and unlocks once; all begin at the same moment, and hold the lock for no time. */
export function simulateLock(network: Network, contenders: number): Passage {
  const agenda = new Agenda();
  const server = new Server(network);
  // Rank 0 keeps the queue and only answers.
  const size = Math.min(contenders + 1, MOST_RANKS);
  const slots = slotsFor(size);
  const memory = Array.from(
    { length: size },
    (_, rank) => new Int32Array(rank === 0 ? SLOTS + slots : RANK_WORDS),
  );
  const visitors: Visitor[] = [];
  for (let rank = 1; rank < size; rank++) {
    const words = new SimulatedWords(memory, server, 0, rank, (other, at) => visitors[other - 1].wake(at));
    visitors.push(
      new Visitor(
        words,
        new Entry({ words, rank, size, root: 0, slots, losses: NO_LOSSES }, Infinity),
        agenda,
      ),
    );
  }
  for (const visitor of visitors) visitor.begin();
  agenda.run();
  const µs = visitors.reduce((latest, { words }) => Math.max(latest, words.until), 0);
  return { ranks: visitors.length, µs, served: server.served };
}

const NO_LOSSES = { gone: 0, isGone: () => false };

/** A rank that comes, waits, enters and leaves. */
class Visitor {
  readonly words: SimulatedWords;
  readonly #entry: Entry;
  readonly #agenda: Agenda;
  #isLeaving = false;
  #isBlocked = false;

  constructor(words: SimulatedWords, entry: Entry, agenda: Agenda) {
    this.words = words;
    this.#entry = entry;
    this.#agenda = agenda;
  }

  begin(): void {
    this.#entry.enter(EXCLUSIVE);
    this.#agenda.at(0, () => this.#step());
  }

  /** A wake-up comes. A rank that does not sleep will see by itself what has changed. */
  wake(at: number): void {
    this.#agenda.at(at, () => this.#isBlocked && this.#step());
  }

  #step(): void {
    const { words } = this;
    words.until = this.#agenda.now;
    const outcome = this.#entry.step();
    this.#isBlocked = outcome === BLOCKED;
    if (this.#isBlocked) return;
    if (outcome === DONE && this.#isLeaving) return;
    if (outcome === DONE) {
      this.#isLeaving = true;
      this.#entry.leave(EXCLUSIVE);
    }
    this.#agenda.at(words.until, () => this.#step());
  }
}
