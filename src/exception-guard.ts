/** Ending a whole job when one rank fails, for programs that no launcher of ours watches. */
import type { Communicator } from "./comm/contract.ts";
import { faultOfFunction, optionsOf, throwFault } from "./comm/arguments.ts";
import { PshmemError } from "./errors.ts";
import { errorText, textOf } from "./shown.ts";
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
 * ranks would wait for this one for ever. Local; blocks this rank until `fn` returns, or, if it returns a promise, gives a promise. What
 * `await` waits for is a promise here too: whatever has a `then`, also of another realm.
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
  try {
    const result = fn();
    const then = thenOf(result);
    return then ? (new Promise(then).catch(fail) as T) : result;
  } catch (error) {
    return fail(error);
  }
}

/** @throws BAD_ARGUMENT */
function timeoutOf(options: ExceptionGuardOptions | null | undefined): number {
  const { timeout = DEFAULT_TIMEOUT_MS } = optionsOf(CALL, options);
  if (Number.isFinite(timeout) && timeout >= 0) return timeout;
  const text = `${CALL}: timeout is ${textOf(timeout)}; it must be a finite number of milliseconds, 0 or more`;
  throw new PshmemError("BAD_ARGUMENT", text, { call: CALL, actual: timeout });
}

type Executor = ConstructorParameters<typeof Promise<unknown>>[0];

/** What follows a promise or the like to its end; undefined for any other value. It reads `then` once, which may be a getter. */
function thenOf(value: unknown): Executor | undefined {
  if ((typeof value !== "object" && typeof value !== "function") || value === null) return undefined;
  const then: unknown = Reflect.get(value, "then");
  return typeof then === "function" ? (...settle) => void Reflect.apply(then, value, settle) : undefined;
}

function end(comm: Communicator, error: unknown, timeout: number): never {
  const lines = errorText(error).split("\n");
  process.stderr.write(`${lines.map((line) => `rank ${comm.rank}: ${line}`).join("\n")}\n`);
  if (comm.size === 1) throw error;
  // Blocks on purpose: nothing of this rank's program may go on.
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, timeout);
  return comm.abort(EXIT_CODE);
}
