/** The first thing a rank's thread runs: gives it its streams and its world, then imports the user's program. */
import { pathToFileURL } from "node:url";
import { workerData } from "node:worker_threads";
import type { ErrorCode } from "../errors.ts";
import { joinJob } from "./job.ts";
import type { RankStart } from "./launch.ts";
import { fieldText } from "../shown.ts";
import { watchUncaught } from "../uncaught.ts";
import { nativeTypeScript } from "./program.ts";
import { divert, postFailure } from "./stdio.ts";

const start: RankStart = workerData;

/** A remedy that Node's own text does not know. */
function hint(error: unknown): string {
  if (!(error instanceof SyntaxError)) {
    return "";
  }
  if ("code" in error && error.code === "ERR_UNSUPPORTED_TYPESCRIPT_SYNTAX") {
    return "\nWith tsx installed, `pshmem run --tsx` runs such a program.";
  }
  if (!fieldText(error, "stack").startsWith("SyntaxError")) {
    return "";
  }
  // Where a module cannot be parsed, Node tells in front of the text, but not in a thread.
  const using = nativeTypeScript().using ? "" : " `using` needs Node 24, or TypeScript and tsx.";
  return `\n\`node --check ${start.program.path}\` tells where; if it finds nothing, check the modules that it imports.${using}`;
}

// First of all, so that even a failure below is told in full: the error object itself does not survive the trip.
watchUncaught({
  tell(text, error) {
    const isConsequence =
      error instanceof Error && "code" in error && error.code === ("RANK_LOST" satisfies ErrorCode);
    postFailure(start.pipe.port, { text: text + hint(error), isConsequence });
  },
  // Node takes it for the error of a handler, and ends the thread.
  end(_code, cause) {
    throw cause;
  },
});
divert(process.stdout, start.pipe, 1, start.terminals[1]);
divert(process.stderr, start.pipe, 2, start.terminals[2]);
process.argv[1] = start.program.path;

joinJob(start.data);
for (const registrar of start.program.tsx) {
  const tsx: { register(): unknown } = await import(registrar);
  tsx.register();
}
await import(pathToFileURL(start.program.path).href);
