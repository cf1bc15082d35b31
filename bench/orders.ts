/**
 * What the runner and its ranks say to each other: lines of JSON through named pipes. Between its turns a rank sleeps in reading its own pipe,
 * outside MPI and outside this package, so that the jobs of both sides can be alive and only the one whose turn it is uses a core.
 */
import { closeSync, openSync, readSync, writeSync } from "node:fs";

/** What a rank is to do. */
export type Order =
  | {
      readonly do: "make";
      readonly case: string;
      readonly side: number;
      readonly size: number;
      /** The side of `python/driver.py`, for a job in Python. */
      readonly make?: string;
    }
  | { readonly do: "turn"; readonly side: number; readonly ops: number }
  | { readonly do: "close"; readonly side: number }
  | { readonly do: "quit" };

/** What a rank answers to every order but `quit`, and once when it has started. */
export interface Answer {
  readonly rank: number;
  readonly value: number;
  readonly error?: string;
}

/** The side that is ours; references follow from 1 on, in the order of the case. */
export const OURS = 0;

/** The pipe of a rank's orders. */
export function orderPipe(folder: string, rank: number): string {
  return `${folder}/orders.${rank}`;
}

/** The pipe of all ranks' answers. */
export function answerPipe(folder: string): string {
  return `${folder}/answers`;
}

/** A rank's end of the pipes. */
export class Orders {
  readonly #rank: number;
  readonly #orders: number;
  readonly #answers: number;
  readonly #line = Buffer.alloc(4096);

  /** Local, blocking: opens the pipes and says that this rank is here. */
  constructor(folder: string, rank: number) {
    this.#rank = rank;
    this.#orders = openSync(orderPipe(folder, rank), "r");
    this.#answers = openSync(answerPipe(folder), "w");
    this.answer(0);
  }

  /** Local, blocking: the next order. The runner waits for all answers before it writes the next, so a read gives one line. */
  next(): Order {
    const bytes = readSync(this.#orders, this.#line);
    // No bytes: the runner has gone.
    return bytes === 0 ? { do: "quit" } : JSON.parse(this.#line.toString("utf8", 0, bytes));
  }

  /** Local. One write of a short line arrives whole (POSIX, PIPE_BUF). */
  answer(value: number, error?: string): void {
    const answer: Answer = { rank: this.#rank, value, error: error?.slice(0, 2000) };
    writeSync(this.#answers, `${JSON.stringify(answer)}\n`);
  }

  /** Local. */
  close(): void {
    closeSync(this.#orders);
    closeSync(this.#answers);
  }
}
