/** Whether a process of this machine still runs. */
import { readFileSync } from "node:fs";

/** A process, told from a later one with the same number. */
export interface ProcessName {
  readonly pid: number;
  /** When it started, in the system's own count; "" where that cannot be had. */
  readonly started: string;
}

/** What the system says of a process: its state, by a letter, and when it started; "" where it cannot be asked. */
interface ProcessStatus {
  readonly state: string;
  readonly started: string;
}

/** A process that has ended, and that nobody has asked for its exit code yet. */
const ZOMBIE = "Z";

/** Local: names a process that runs now. */
export function processNamed(pid: number): ProcessName {
  return { pid, started: statusOf(pid).started };
}

/** Local: whether it still runs. */
export function isRunning({ pid, started }: ProcessName): boolean {
  if (!isThere(pid)) return false;
  const status = statusOf(pid);
  // It has just ended, or what the system says of it is not for this user (`hidepid`).
  if (status.started === "") return isThere(pid);
  return status.started === started && status.state !== ZOMBIE;
}

function isThere(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return !(error instanceof Error && "code" in error && error.code === "ESRCH");
  }
}

/** The 3rd and the 22nd field of /proc/<pid>/stat. The second may hold blanks and brackets, so counting starts after its end. */
function statusOf(pid: number): ProcessStatus {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return { state: fields[0], started: fields[19] ?? "" };
  } catch {
    return { state: "", started: "" };
  }
}
