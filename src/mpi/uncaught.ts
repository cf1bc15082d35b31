/** Errors that nobody catches, in a process of an MPI job: the program may handle them, else they end the job. */
import { writeSync } from "node:fs";
import { errorText } from "../shown.ts";
import type { MpiWorld } from "./job.ts";

/** Node's own exit code where the handler of an uncaught error throws. */
const HANDLER_THREW = 7;

/** Local: tells errors that the program leaves to Node, before the exit handlers run; Node would print them only after. The result says whether there was one. */
export function watchUncaught(world: MpiWorld): () => boolean {
  let told = false;
  const tell = (text: string): void => {
    told = true;
    writeSync(2, `pshmem: rank ${world.rank} failed:\n${text}\n`);
  };
  process.on("uncaughtExceptionMonitor", (error, origin) => {
    // What such a callback throws ends the process with no more code of it run: the launcher sees that.
    if (process.hasUncaughtExceptionCaptureCallback()) return;
    if (process.listenerCount("uncaughtException") === 0) tell(errorText(error));
    else
      handleInPlace(error, origin, (thrown) => {
        tell(`${errorText(error)}\nand its handler failed:\n${errorText(thrown)}`);
        world.abort(HANDLER_THREW);
      });
  });
  return () => told;
}

/**
 * Lets the program's handlers have an error as Node would, which looks for a callback after this event and before it calls them. Where one
 * of them throws, Node ends the process at once, without any exit handler.
 */
function handleInPlace(
  error: Error,
  origin: NodeJS.UncaughtExceptionOrigin,
  fail: (thrown: unknown) => never,
): void {
  // The type of `process` knows no second argument of this event, which its listeners get from Node.
  const emitter: NodeJS.EventEmitter = process;
  const handle = (): void => {
    process.setUncaughtExceptionCaptureCallback(null);
    try {
      emitter.emit("uncaughtException", error, origin);
    } catch (thrown) {
      fail(thrown);
    }
  };
  try {
    process.setUncaughtExceptionCaptureCallback(handle);
  } catch {
    // Node refuses it to programs with domains, which want it for themselves: there Node calls the handlers.
  }
}
