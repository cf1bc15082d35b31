/** Running a command to its end, with a bound on its time. */
import { spawn } from "node:child_process";

/** How long a job may take when nothing else is said: far more than any needs, and an end for one that hangs. */
export const JOB_MS = 240_000;

/** How long (ms) a launcher has to end its ranks in order before it is killed. */
const GRACE_MS = 10_000;

/** How a job ended. */
export interface JobEnd {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
  /** Both streams as they came, and a note if it was ended for its time: shown when a test has failed. */
  readonly output: string;
}

/** What can be said about a job besides its command. */
export interface JobOptions {
  /** Added to the environment of the tests; `undefined` takes a variable away. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly jobMs?: number;
  readonly cwd?: string;
}

/** A job under way. */
export interface Job {
  readonly pid: number | undefined;
  readonly end: Promise<JobEnd>;
  /** Local: what it has printed so far. */
  text(): string;
  kill(signal: NodeJS.Signals): void;
}

/** Starts a command; its end comes at the latest some seconds after the time limit. */
export function startJob(
  command: string,
  args: readonly string[],
  { env = {}, jobMs = JOB_MS, cwd }: JobOptions = {},
): Job {
  const child = spawn(command, args, {
    cwd,
    env: { ...process.env, ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const text = { stdout: "", stderr: "", output: "" };
  for (const name of ["stdout", "stderr"] as const) {
    child[name].setEncoding("utf8").on("data", (chunk: string) => {
      text[name] += chunk;
      text.output += chunk;
    });
  }
  // A launcher that is killed at once would leave its ranks behind.
  const polite = setTimeout(() => {
    text.output += `\nended after ${jobMs} ms: it hung`;
    child.kill("SIGTERM");
  }, jobMs);
  const firm = setTimeout(() => child.kill("SIGKILL"), jobMs + GRACE_MS);
  const end = new Promise<JobEnd>((resolve, reject) => {
    child.on("error", reject).on("close", (code) => resolve({ code, ...text }));
  }).finally(() => [polite, firm].forEach(clearTimeout));
  return { pid: child.pid, end, text: () => text.output, kill: (signal) => void child.kill(signal) };
}

/** Asynchronous: runs a command to its end, or to the time limit. */
export function runJob(command: string, args: readonly string[], options?: JobOptions): Promise<JobEnd> {
  return startJob(command, args, options).end;
}
