/**
 * One order for the output of all ranks: what a rank prints after it heard of another's print comes out after it.
 *
 * A port brings the writes of one rank in order, but nothing orders the ports. So each write takes a ticket from one shared counter
 * before it is posted: if one write happened before another, its ticket is lower. Writes go out by ticket, without gaps.
 *
 * A ticket that is missing while later ones are here is under way, or lost with a rank that was stopped between taking and posting
 * it. To tell, each rank counts the writes it begins, before it takes the ticket. Whoever has the missing one counted it
 * before the later ticket was taken, thus before that was received. So once all ports are empty, and the count of every running rank
 * is what was received from it, no running rank has the missing ticket: it is lost. Otherwise a write is under way, and its
 * arrival, or the end of its rank, makes us look again. No rank waits between its count and its post, so none is held up for long.
 */
import { receiveMessageOnPort } from "node:worker_threads";
import type { MessagePort } from "node:worker_threads";
import type { RankOutput } from "./output.ts";
import { countBegun, settle, takeTicket } from "./stdio.ts";
import type { Failure, Posted, Tickets } from "./stdio.ts";

/** Where a rank's writes come from, and where they go. */
export interface Source {
  /** Brings what stdio.ts calls {@link Posted}. */
  readonly port: MessagePort;
  readonly count: Int32Array;
  readonly output: RankOutput;
}

/** Local to the main thread. Takes what the ranks post, and passes their writes on in the order of their tickets. */
export class OutputOrder {
  readonly #tickets: Tickets;
  /** Of each rank that has not ended, how many writes were received; wraps at 32 bits, as its own count does. */
  readonly #received = new Map<Source, number>();
  readonly #failures = new Map<Source, Failure>();
  /** What is to be done when the turn of a ticket comes. */
  readonly #waiting = new Map<bigint, () => void>();
  #next = 0n;

  /** @param tickets the counter that all ranks have, unused so far */
  constructor(tickets: Tickets) {
    this.#tickets = tickets;
  }

  /** Local: takes from a rank from now on. */
  add(source: Source): void {
    this.#received.set(source, 0);
    source.port.on("message", (posted: Posted) => {
      this.#take(source, posted);
      this.#pass();
    });
  }

  /** Local: the error that nothing in the rank caught, if it posted one. */
  failureOf(source: Source): Failure | undefined {
    this.#drain(source);
    this.#pass();
    return this.#failures.get(source);
  }

  /** Local: the rank has ended, and posts nothing more. The rest of its output goes out in its turn; with the last rank, all does. */
  end(source: Source): void {
    this.#drain(source);
    source.port.close();
    this.#received.delete(source);
    this.#waiting.set(takeTicket(this.#tickets), () => source.output.end());
    this.#pass();
  }

  #take(source: Source, posted: Posted): void {
    if ("failure" in posted) {
      this.#failures.set(source, posted.failure);
      return;
    }
    const { ticket, descriptor, bytes } = posted;
    this.#received.set(source, (this.#received.get(source)! + 1) | 0);
    this.#waiting.set(ticket, () =>
      source.output.take(descriptor, bytes, () => settle(source.count, bytes.byteLength)),
    );
  }

  /** Takes what was posted and the event loop has not brought yet. */
  #drain(source: Source): void {
    for (let got = receiveMessageOnPort(source.port); got; got = receiveMessageOnPort(source.port)) {
      const posted: Posted = got.message;
      this.#take(source, posted);
    }
  }

  /** Passes on all whose turn has come. */
  #pass(): void {
    do {
      for (let act = this.#waiting.get(this.#next); act; act = this.#waiting.get(this.#next)) {
        this.#waiting.delete(this.#next);
        this.#next += 1n;
        act();
      }
    } while (this.#waiting.size > 0 && this.#closeGap());
  }

  /** Finds the missing ticket, or passes over it if it is lost; false: it is under way. */
  #closeGap(): boolean {
    for (const source of this.#received.keys()) {
      this.#drain(source);
    }
    if (this.#waiting.has(this.#next)) {
      return true;
    }
    for (const [source, received] of this.#received) {
      if (countBegun(source.count) !== received) {
        return false;
      }
    }
    this.#next = [...this.#waiting.keys()].reduce((least, ticket) => (ticket < least ? ticket : least));
    return true;
  }
}
