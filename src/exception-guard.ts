/** Ending a whole job when one rank fails, for programs that no launcher of ours watches. */
import { inspect } from "node:util";
import type { Communicator } from "./comm/contract.ts";
import { communicatorOf } from "./world.ts";

/** How an uncaught error ends the job. */
export interface ExceptionGuardOptions {
  /** Milliseconds in which the other ranks may still tell of the same error before the job is ended. */
  readonly timeout?: number;
}

const DEFAULT_TIMEOUT_MS = 5_000;
const EXIT_CODE = 1;

/**
 * Runs `fn`; an error it does not catch is printed with its rank, and then the whole job ends with exit code 1, since the other
 * ranks would wait for this one for ever. Local; blocks this rank until `fn` returns, or, if it returns a promise, gives a promise.
 *
 * On a rank alone (also `null`) the error is thrown on, so that a debugger sees it.
 */
export function exceptionGuard<T>(
  comm: Communicator | null,
  fn: () => T,
  options: ExceptionGuardOptions = {},
): T {
  const { timeout = DEFAULT_TIMEOUT_MS } = options;
  const fail = (error: unknown): never => end(communicatorOf(comm), error, timeout);
  let result: T;
  try {
    result = fn();
  } catch (error) {
    return fail(error);
  }
  return isPromise(result) ? (result.catch(fail) as T) : result;
}

function isPromise(value: unknown): value is Promise<unknown> {
  return value instanceof Promise;
}

function end(comm: Communicator, error: unknown, timeout: number): never {
  const lines = inspect(error).split("\n");
  process.stderr.write(`${lines.map((line) => `rank ${comm.rank}: ${line}`).join("\n")}\n`);
  if (comm.size === 1) throw error;
  // Blocks on purpose: nothing of this rank's program may go on.
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, timeout);
  return comm.abort(EXIT_CODE);
}
