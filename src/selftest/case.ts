/** What the self-test is made of. */
import assert from "node:assert/strict";
import type { Communicator } from "../comm/contract.ts";
import { isPshmemError, type ErrorCode } from "../errors.ts";

/** One case: all ranks run it at the same time, on a communicator that is its own. */
export interface Case {
  readonly name: string;
  /** Why the case is left out; absent: it runs. The same on all ranks. */
  readonly skip?: string;
  /** Collective. Throws on the rank that finds something wrong. */
  run(comm: Communicator): void | Promise<void>;
}

/** Local. @throws AssertionError unless `call` throws an error of the package with this code */
export function mustThrow(code: ErrorCode, call: () => unknown): void {
  assert.throws(call, (error) => {
    if (isPshmemError(error, code)) return true;
    throw new Error(`${code} was expected, not ${String(error)}`, { cause: error });
  });
}
