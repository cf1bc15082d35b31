/** The end of a job of one rank: that of its process. */
import { exitCodeOfProcess } from "../exit-code.ts";

/**
 * Local: a program that fails ends with a code that says so, also where the system keeps only zero of the one it gave. What `exit` listeners
 * from after this call set is left as it is.
 */
export function endWithProcess(): void {
  process.on("exit", () => {
    // Where it is not set Node has one of its own, for an await that never settles.
    const { exitCode } = process;
    if (exitCode !== undefined && exitCode !== null) process.exitCode = exitCodeOfProcess(exitCode);
  });
}
