/** One job of ranks that play programs, watched from outside: it ends well, with a finding, or not at all. */
import { spawn, type ChildProcess } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Order } from "./rank.ts";
import { Report } from "./report.ts";
import { lineOf, type Topology } from "./topology.ts";

/** How a job failed. */
export interface Failure {
  readonly program: number;
  readonly kind: "finding" | "hang" | "crash";
  readonly text: string;
  readonly trace: string;
}

/** What ranks may take (ms) until their first program begins. */
const START_MS = 60_000;

/** How often (ms) the watcher looks, and how long it waits for a launcher that was told to end. */
const LOOK_MS = 250;
const GRACE_MS = 5_000;

/** Letters of a job's own output in a report. */
const MOST_OUTPUT = 4_000;

/** Asynchronous: plays programs; null if all went well. */
export async function playJob(
  topology: Topology,
  order: Omit<Order, "folder">,
  programMs: number,
): Promise<Failure | null> {
  const folder = mkdtempSync(join(tmpdir(), "pshmem-fuzz-job-"));
  try {
    const { command, env } = lineOf(topology, JSON.stringify({ ...order, folder }));
    const child = spawn(command[0], command.slice(1), {
      // What ranks that are ended leave behind is in the folder, and goes with it.
      env: { ...process.env, ...env, TMPDIR: folder },
      stdio: ["ignore", "pipe", "pipe"],
    });
    return await watch(child, new Report(folder), order.from, programMs);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function watch(
  child: ChildProcess,
  report: Report,
  first: number,
  programMs: number,
): Promise<Failure | null> {
  let output = "";
  for (const stream of [child.stdout!, child.stderr!]) {
    stream.setEncoding("utf8").on("data", (text: string) => (output = (output + text).slice(-MOST_OUTPUT)));
  }
  const watcher = new Watcher(child, report, programMs);
  const code = await new Promise<number | null>((resolve, reject) => {
    child.on("error", reject).on("close", resolve);
  }).finally(() => watcher.end());
  const found = report.found().at(0);
  const at = { program: found?.program ?? report.at() ?? first, trace: report.traced() };
  if (found) return { ...at, kind: "finding", text: `rank ${found.rank}: ${found.text}` };
  if (watcher.hung) return { ...at, kind: "hang", text: `no rank came to its end within ${programMs} ms` };
  return code === 0 ? null : { ...at, kind: "crash", text: `ended with code ${code}:\n${output}` };
}

/** Ends a job whose ranks stay in one program for too long. */
class Watcher {
  hung = false;
  readonly #timer: NodeJS.Timeout;
  #at: number | null = null;
  #since = performance.now();
  #firm: NodeJS.Timeout | undefined;

  constructor(child: ChildProcess, report: Report, programMs: number) {
    this.#timer = setInterval(() => {
      const at = report.at();
      if (at !== this.#at) [this.#at, this.#since] = [at, performance.now()];
      const limit = at === null ? START_MS + programMs : programMs;
      if (this.hung || performance.now() - this.#since < limit) return;
      this.hung = true;
      child.kill("SIGTERM");
      this.#firm = setTimeout(() => child.kill("SIGKILL"), GRACE_MS);
    }, LOOK_MS);
  }

  end(): void {
    clearInterval(this.#timer);
    clearTimeout(this.#firm);
  }
}
