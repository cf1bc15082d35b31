/** A job of ranks that take turns on order. */
import { spawn, spawnSync, type ChildProcess } from "node:child_process";
import { closeSync, constants, mkdtempSync, openSync, rmSync, writeSync } from "node:fs";
import { Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { answerPipe, orderPipe, type Answer, type Order } from "./orders.ts";
import type { Line } from "./launch.ts";

/** How long (ms) a job may take to start, to answer, and to end. */
const START_MS = 60_000;
const END_MS = 10_000;

const alive = new Set<ChildProcess>();
process.on("exit", () => alive.forEach((child) => child.kill("SIGTERM")));

/**
 * The folders of all jobs, which go when all is over: for some minutes after files were removed, ext4 passes over the place of each before it makes another, and a new
 * file then takes a millisecond.
 */
const folders: string[] = [];
// An interrupt ends a process without that event.
process.once("SIGINT", () => process.exit(130));
process.on("exit", () => folders.forEach((folder) => rmSync(folder, { recursive: true, force: true })));

/** Ranks that have been started, and answer. */
export class Job {
  readonly #child: ChildProcess;
  readonly #pipes: readonly number[];
  readonly #answers: Socket;
  readonly #ended: Promise<void>;
  #got: Answer[] = [];
  #onAnswers: (() => void) | null = null;
  #said = "";
  #over = false;

  private constructor(makeLine: (folder: string) => Line, ranks: number) {
    const folder = mkdtempSync(join(tmpdir(), "pshmem-bench-"));
    folders.push(folder);
    const paths = Array.from({ length: ranks }, (_, rank) => orderPipe(folder, rank));
    const answers = answerPipe(folder);
    spawnSync("mkfifo", [...paths, answers]);
    // Open for both, so that neither end ever waits for the other to be opened.
    this.#pipes = paths.map((path) => openSync(path, "r+"));
    this.#answers = new Socket({ fd: openSync(answers, constants.O_RDWR | constants.O_NONBLOCK) });
    createInterface({ input: this.#answers }).on("line", (line) => this.#take(JSON.parse(line)));
    const { command, env } = makeLine(folder);
    this.#child = spawn(command[0], command.slice(1), {
      env: { ...process.env, ...env },
      stdio: ["ignore", "pipe", "pipe"],
    });
    alive.add(this.#child);
    for (const stream of [this.#child.stdout!, this.#child.stderr!])
      stream.setEncoding("utf8").on("data", (text: string) => (this.#said += text));
    this.#ended = new Promise((resolve) => {
      this.#child.on("error", (error) => (this.#said += error.message)).on("close", resolve);
    }).then(() => this.#end());
  }

  /** Asynchronous: starts a job; its ranks read their orders in a folder of theirs. Rejects if not all of them come up. */
  static async start(makeLine: (folder: string) => Line, ranks: number): Promise<Job> {
    const job = new Job(makeLine, ranks);
    try {
      await job.#answersWithin(START_MS, "started");
      return job;
    } catch (error) {
      await job.stop();
      throw error;
    }
  }

  /** Asynchronous: has every rank do something; resolves with their values in rank order. Rejects when a rank fails or time is up. */
  async order(order: Order, ms: number): Promise<readonly number[]> {
    const line = `${JSON.stringify(order)}\n`;
    for (const pipe of this.#pipes) writeSync(pipe, line);
    const answers = await this.#answersWithin(ms, order.do);
    return answers.map(({ value }) => value);
  }

  /** Asynchronous: lets the ranks end, and ends them if they do not. */
  async stop(): Promise<void> {
    if (!this.#over) for (const pipe of this.#pipes) writeSync(pipe, `{"do":"quit"}\n`);
    const polite = setTimeout(() => this.#child.kill("SIGTERM"), END_MS);
    const firm = setTimeout(() => this.#child.kill("SIGKILL"), 2 * END_MS);
    await this.#ended;
    clearTimeout(polite);
    clearTimeout(firm);
    this.#pipes.forEach(closeSync);
    this.#answers.destroy();
  }

  #take(answer: Answer): void {
    this.#got.push(answer);
    this.#onAnswers?.();
  }

  #end(): void {
    this.#over = true;
    alive.delete(this.#child);
    this.#onAnswers?.();
  }

  #answersWithin(ms: number, what: string): Promise<readonly Answer[]> {
    return new Promise((resolve, reject) => {
      const late = setTimeout(() => settle(new Error(`no answer within ${ms / 1000} s (${what})`)), ms);
      const settle = (error?: Error) => {
        clearTimeout(late);
        this.#onAnswers = null;
        const answers = this.#got.toSorted((a, b) => a.rank - b.rank);
        this.#got = [];
        if (error) reject(error);
        else resolve(answers);
      };
      const look = () => {
        const failed = this.#got.find(({ error }) => error);
        if (failed) settle(new Error(`rank ${failed.rank}: ${failed.error}`));
        else if (this.#got.length === this.#pipes.length) settle();
        else if (this.#over)
          settle(new Error(`the job has ended (${what}): ${this.#said.trim().slice(-2000)}`));
      };
      this.#onAnswers = look;
      look();
    });
  }
}
