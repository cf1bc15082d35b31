/** Ending a whole job when one rank fails, for programs that no launcher of ours watches. */
import { inspect } from "node:util";
import type { Communicator } from "./comm/contract.ts";
import { faultOfFunction, optionsOf, throwFault } from "./comm/arguments.ts";
import { PshmemError } from "./errors.ts";
import { textOf } from "./shown.ts";
import { communicatorOf } from "./world.ts";

/** How an uncaught error ends the job. */
export interface ExceptionGuardOptions {
  /** Milliseconds, a finite number, in which the other ranks may still tell of the same error before the job is ended; 5000 if left out. */
  readonly timeout?: number;
}

const DEFAULT_TIMEOUT_MS = 5_000;
const EXIT_CODE = 1;
const CALL = "exceptionGuard";

/**
 * Runs `fn`; an error it does not catch is printed with its rank, and then the whole job ends with exit code 1, since the other
 * ranks would wait for this one for ever. Local; blocks this rank until `fn` returns, or, if it returns a promise, gives a promise.
 *
 * On a rank alone (also `null`) the error is thrown on, so that a debugger sees it.
 *
 * @throws BAD_ARGUMENT
 */
export function exceptionGuard<T>(
  comm: Communicator | null,
  fn: () => T,
  options?: ExceptionGuardOptions | null,
): T {
  const ranks = communicatorOf(comm);
  const timeout = timeoutOf(options);
  throwFault(faultOfFunction("fn", fn), CALL);
  const fail = (error: unknown): never => end(ranks, error, timeout);
  let result: T;
  try {
    result = fn();
  } catch (error) {
    return fail(error);
  }
  return isPromise(result) ? (result.catch(fail) as T) : result;
}

/** @throws BAD_ARGUMENT */
function timeoutOf(options: ExceptionGuardOptions | null | undefined): number {
  const { timeout = DEFAULT_TIMEOUT_MS } = optionsOf(CALL, options);
  if (Number.isFinite(timeout) && timeout >= 0) return timeout;
  const text = `${CALL}: timeout is ${textOf(timeout)}; it must be a finite number of milliseconds, 0 or more`;
  throw new PshmemError("BAD_ARGUMENT", text, { call: CALL, actual: timeout });
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
