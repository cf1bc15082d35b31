/** However a job ends, it ends whole: its exit code says how, and nothing of it is left. */
import { basename } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { startIsolated, whyNotIsolated, type IsolatedJob } from "./isolated.ts";
import { ON_LINUX, cannotRun, describeEachMpi, describeMpi, launchLine, type Mpi } from "./launch.ts";

const program = new URL("./programs/ends.mjs", import.meta.url).pathname;

interface End {
  readonly end: string;
  /** What the deed is done with, if not with what the program has for it. */
  readonly value?: unknown;
  readonly doer: string;
  readonly code: number;
  readonly says: string;
}

const ENDS: readonly End[] = [
  { end: "nothing", doer: "all", code: 0, says: "all have come" },
  { end: "leave", doer: "all", code: 0, says: "all have come" },
  { end: "linger", doer: "all", code: 0, says: "rank 1 of 2 is gone" },
  { end: "throw", doer: "1", code: 1, says: "rank 1 failed:\nTypeError: boom" },
  { end: "throw", doer: "all", code: 1, says: "TypeError: boom" },
  { end: "reject", doer: "1", code: 1, says: "rank 1 failed:\nRangeError: late" },
  { end: "unreadable", doer: "1", code: 1, says: "rank 1 failed:\nRangeError: unread" },
  { end: "exit", doer: "0", code: 3, says: "rank 0 exited with code 3" },
  { end: "exitCode", doer: "1", code: 5, says: "rank 1 exited with code 5" },
  { end: "abort", doer: "1", code: 7, says: "all have come" },
];

/** What the exit codes of programs come to. */
const CODES: readonly End[] = [
  { end: "exit", value: 256, doer: "1", code: 1, says: "rank 1 exited with code 256" },
  { end: "exit", value: "7", doer: "1", code: 7, says: "rank 1 exited with code 7" },
  { end: "exitCode", value: "512", doer: "1", code: 1, says: "rank 1 exited with code 512" },
  { end: "atExit", value: 256, doer: "1", code: 1, says: "rank 1 exited with code 256" },
  { end: "leave", value: "0", doer: "1", code: 0, says: "those that stay have time to finish" },
  { end: "abort", value: 0, doer: "1", code: 0, says: "all have come" },
  ...[256, null, 1.5, "x"].map((value) => ({
    end: "abort",
    value,
    doer: "1",
    code: 1,
    says: "all have come",
  })),
];

/** What becomes of uncaught errors where the program handles them. */
const HANDLED: readonly End[] = [
  { end: "handle", doer: "1", code: 0, says: "handled: late, uncaughtException\nrank 1 goes on" },
  { end: "handle", doer: "all", code: 0, says: "rank 0 goes on" },
  { end: "handleTheLater", doer: "1", code: 0, says: "handled: late\nrank 1 goes on" },
  { end: "capture", doer: "1", code: 0, says: "captured: late\nrank 1 goes on" },
  { end: "handleOnce", doer: "1", code: 1, says: "rank 1 goes on\npshmem: rank 1 failed:\nRangeError: late" },
  { end: "handleAndExit", doer: "1", code: 3, says: "rank 1 exited with code 3" },
  { end: "handleAndFail", doer: "1", code: 4, says: "rank 1 exited with code 4" },
  { end: "handleAndThrow", doer: "1", code: 7, says: "and its handler failed:\nTypeError: boom" },
  { end: "handlersTaken", doer: "1", code: 1, says: "rank 1 failed:\nRangeError: late" },
  { end: "captureAndThrow", doer: "1", code: 7, says: "TypeError: boom" },
];

/** Process numbers of a running job. */
interface Processes {
  readonly ranks: readonly number[];
  readonly launcher: readonly number[];
}

const SIGNALS: readonly {
  title: string;
  signal: NodeJS.Signals;
  to: (job: Processes) => readonly number[];
}[] = [
  { title: "kill -9 of one rank", signal: "SIGKILL", to: ({ ranks }) => ranks.slice(0, 1) },
  { title: "kill -9 of all ranks", signal: "SIGKILL", to: ({ ranks }) => ranks },
  { title: "SIGTERM to the launcher", signal: "SIGTERM", to: ({ launcher }) => launcher },
];

function processesOf(job: IsolatedJob): Processes {
  const all = [...job.processes()].map(([pid, [command]]) => ({ pid, name: basename(command) }));
  const named = (pattern: RegExp) => all.filter(({ name }) => pattern.test(name)).map(({ pid }) => pid);
  return { ranks: named(/^node/), launcher: named(/^(mpi|orte|prte)/) };
}

function start(mpi: Mpi, args: readonly string[], env: Record<string, string> = {}): IsolatedJob {
  return startIsolated([...launchLine(mpi, 2), process.execPath, program, ...args], { jobMs: 60_000, env });
}

function itEnds(mpi: Mpi, ends: readonly End[], env: Record<string, string> = {}): void {
  it.each(ends)("$end $value on rank $doer ends the job with code $code", async ({ end, value, ...row }) => {
    const { doer, code, says } = row;
    const job = start(mpi, [end, doer, ...(value === undefined ? [] : [JSON.stringify(value)])], env);
    const ended = await job.end;
    expect(ended.code, ended.output).toBe(code);
    expect(ended.output).toContain(says);
    if (code === 0) expect(ended.output).not.toContain("failed");
    if (!says.includes("TypeError")) expect(ended.output).not.toContain("TypeError");
    expect(ended.output).not.toContain("left behind");
    expect(await remains(job)).toEqual([]);
  });
}

/** Asynchronous: waits until a job has no process left; the command lines of those that will not go. */
async function remains(job: IsolatedJob): Promise<readonly (readonly string[])[]> {
  // Launchers' daemons end after the launcher.
  for (let look = 0; look < 100 && job.processes().size > 0; look++) await sleep(100);
  return [...job.processes().values()];
}

/** Asynchronous: waits until both ranks are in the middle of their work. */
async function untilBothWait(job: IsolatedJob): Promise<void> {
  const state = { ended: false };
  void job.end.then(() => (state.ended = true));
  while (!state.ended && (job.text().match(/pid \d+/g) ?? []).length < 2) await sleep(20);
}

const reason = whyNotIsolated();

if (reason) cannotRun("ends of jobs", reason, ON_LINUX);
else {
  it("what a job leaves behind is told", async () => {
    const { output } = await startIsolated(["touch", "/dev/shm/something"]).end;
    expect(output).toContain("left behind: /dev/shm/something");
  });

  describeMpi("MPICH", (mpi) => {
    describe("on two nodes", () => itEnds(mpi, ENDS, { MPIR_CVAR_NUM_CLIQUES: "2" }));
  });

  describeEachMpi((mpi) => {
    itEnds(mpi, ENDS);
    itEnds(mpi, CODES);
    itEnds(mpi, HANDLED);

    it.each(SIGNALS)("$title ends the job", async ({ signal, to }) => {
      const job = start(mpi, ["wait", "all"]);
      await untilBothWait(job);
      const victims = to(processesOf(job));
      expect(victims, job.text()).not.toEqual([]);
      for (const pid of victims) process.kill(pid, signal);
      const ended = await job.end;
      // What MPICH's launcher exits with after a SIGTERM of its own is 0 as often as 15, whatever it has started, `sleep` included.
      if (signal !== "SIGTERM" || mpi.name !== "MPICH") expect(ended.code, ended.output).not.toBe(0);
      expect(ended.output).not.toContain("left behind");
      expect(ended.output).not.toContain("it hung");
      expect(await remains(job)).toEqual([]);
    });
  });
}
