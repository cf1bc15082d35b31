/** Errors that nobody catches, in a rank: the program may handle them, else they end the rank. */
import { errorText } from "./shown.ts";

/** Node's own exit codes where nothing handles an uncaught error, and where its handler throws. */
const UNHANDLED = 1;
const HANDLER_THREW = 7;

/** What becomes of an error that the program does not handle. */
export interface LastWords {
  /** Tells it; `text` says it in full, with what its handler threw, if there was one. Runs before the exit handlers. */
  tell(text: string, error: unknown): void;
  /** Then ends the rank, where Node would not, as it has called us to handle the error: with that exit code, because of `cause`. */
  end(code: number, cause: unknown): never;
}

/** Local: lets errors that the program leaves to Node be told. To the program it is as if Node were alone with it. */
export function watchUncaught(words: LastWords): void {
  process.on("uncaughtExceptionMonitor", (error, origin) => {
    // What such a callback throws ends the rank with no more code of it run: whoever has started it sees that.
    if (process.hasUncaughtExceptionCaptureCallback()) return;
    if (process.listenerCount("uncaughtException") === 0) words.tell(errorText(error), error);
    else handleInPlace(origin, words);
  });
}

/**
 * Lets the program's handlers have an error as Node would, which looks for a callback after this event and before it calls them. Where one
 * of them throws, Node ends the rank at once, without any exit handler.
 */
function handleInPlace(origin: NodeJS.UncaughtExceptionOrigin, words: LastWords): void {
  // The type of `process` knows no second argument of this event, which its listeners get from Node.
  const emitter: NodeJS.EventEmitter = process;
  const handle = (error: Error): void => {
    process.setUncaughtExceptionCaptureCallback(null);
    try {
      if (emitter.emit("uncaughtException", error, origin)) return;
    } catch (thrown) {
      words.tell(`${errorText(error)}\nand its handler failed:\n${errorText(thrown)}`, error);
      words.end(HANDLER_THREW, thrown);
    }
    // The handlers that were there have been taken away since, by another listener of this event.
    words.tell(errorText(error), error);
    words.end(UNHANDLED, error);
  };
  try {
    process.setUncaughtExceptionCaptureCallback(handle);
  } catch {
    // Node refuses it to programs with domains, which want it for themselves: there Node calls the handlers.
  }
}
