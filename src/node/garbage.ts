/**
 * Collecting garbage on purpose. The engine does not count shared memory as memory of any thread, so it never collects because
 * of it: closed arrays of any size would stay until something else makes it collect.
 */
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

let collect: (() => void) | undefined;

/** Local to this thread, blocking for some milliseconds: shared memory that nothing here refers to is given up. */
export function collectGarbage(): void {
  collect ??= collector();
  // The first time the buffers are found, the second waits until they are freed.
  collect();
  collect();
}

/** The engine shows its collector to contexts that are made after the flag is set. */
function collector(): () => void {
  setFlagsFromString("--expose-gc");
  return runInNewContext("gc") as () => void;
}
