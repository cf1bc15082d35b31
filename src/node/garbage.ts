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

/** The engine shows its collector to contexts that are made while the flag is set, which another thread may just have taken back. */
function collector(): () => void {
  if (globalThis.gc) return globalThis.gc;
  for (;;) {
    setFlagsFromString("--expose-gc");
    const found = runInNewContext("globalThis.gc") as (() => void) | undefined;
    setFlagsFromString("--no-expose-gc");
    if (found) return found;
  }
}
