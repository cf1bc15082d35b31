/** What a conformance suite is made of: cases that run inside the ranks, all ranks in the same case at the same time. */
import type { Communicator } from "../../dist/index.js";

/** One case. It runs on a communicator of its own; when it returns, all ranks meet before the next. */
export interface Case {
  readonly name: string;
  /** The fewest ranks it makes sense on; 1 when absent. */
  readonly minSize?: number;
  run(comm: Communicator): void | Promise<void>;
}

/** The code of the error that `call` throws; fails the test when it throws nothing or something else. */
export function codeOf(call: () => unknown): string {
  try {
    call();
  } catch (error) {
    if (error instanceof Error && "code" in error) return String(error.code);
    throw error;
  }
  return "nothing was thrown";
}
