/** The exit code of a job: what of the codes that programs give reaches whoever waits for it. */

/**
 * Local: the exit code (0 to 255) that stands for `code`. What the system keeps of a code is its low byte, and a failure must not become a
 * success by that: only the integer 0 gives 0. What has no low byte but zero, and what is no integer, gives 1.
 */
export function exitCodeOf(code: unknown): number {
  if (code === 0) return 0;
  return Number.isInteger(code) ? Number(code) & 0xff || 1 : 1;
}

/** Local: the same for a code that Node has let in (`process.exitCode`, what `exit` listeners get): an integer, which may be a text. */
export function exitCodeOfProcess(code: number | string): number {
  return exitCodeOf(Number(code));
}
