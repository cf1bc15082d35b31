/** Watching the ranks of a job: their failures, their end. */
import { inspect } from "node:util";
import type { Worker } from "node:worker_threads";
import { exitCodeOf } from "../exit-code.ts";
import type { OutputOrder, Source } from "./order.ts";

/** Why a job ends before all its ranks have ended by themselves, and with which exit code; a null text: nothing to tell. */
export interface Ending {
  readonly code: number;
  readonly text: string | null;
}

/** A rank as the supervisor sees it. */
export interface WatchedRank extends Source {
  readonly rank: number;
  readonly worker: Worker;
}

/** Node's exit code for a top-level await that never settled. */
const UNSETTLED_AWAIT = 13;
/**
 * How long (ms) the other ranks go on after one failed: those that wait for it learn it at once, and can put in order what they have under way.
 * What fails one often fails all, and they are then counted. It also keeps off an assertion of Node 20, which kills the
 * process when a thread is stopped just while its import fails.
 */
const FAILING_TIME = 1_000;
/** How long (ms) ranks may take to stop (a native call cannot be interrupted) before the user is told which ones do not stop. */
const STOPPING_TIME = 1_000;

/** Local to the main thread. Ends every rank when one fails; the first failure decides the exit code. */
export class Supervisor {
  /** Resolves with the job's exit code when every rank has ended, its output is passed on and a failure is reported. */
  readonly ended: Promise<number>;
  readonly #running = new Map<number, WatchedRank>();
  readonly #output: OutputOrder;
  readonly #onGone: (rank: number, died: boolean) => void;
  #resolve: (code: number) => void = () => {};
  #ending: Ending | null = null;
  #failedLater = 0;
  #timer: NodeJS.Timeout | undefined;

  /**
   * @param output what the ranks write goes through it
   * @param onGone called when a rank has ended, by itself (`died` is false) or not
   */
  constructor(output: OutputOrder, onGone: (rank: number, died: boolean) => void) {
    this.#output = output;
    this.#onGone = onGone;
    this.ended = new Promise((resolve) => {
      this.#resolve = resolve;
    });
  }

  /** Takes charge of a rank. All ranks are to be given in one turn of the event loop. */
  watch(ranked: WatchedRank): void {
    const { rank, worker } = ranked;
    this.#running.set(rank, ranked);
    this.#output.add(ranked);
    worker.on("message", (message: unknown) => this.#heed(rank, message));
    worker.on("error", (error: unknown) => this.#fail(ranked, error));
    worker.on("exit", (code) => this.#leave(ranked, code));
  }

  /** Ends the job: every rank is stopped where it is. Only the first call counts, and only while ranks run. */
  end(ending: Ending): void {
    if (this.#ending !== null || this.#running.size === 0) {
      return;
    }
    this.#ending = ending;
    this.#stop();
  }

  #stop(): void {
    for (const { worker } of this.#running.values()) {
      // A termination cannot fail; its end is seen by the exit event.
      void worker.terminate();
    }
    this.#timer = setTimeout(() => tell(`waiting for ${this.#names()} to stop`), STOPPING_TIME);
  }

  #heed(rank: number, message: unknown): void {
    const code = abortCode(message);
    if (code !== null) {
      this.end({ code, text: `rank ${rank} aborted the job with code ${code}` });
    }
  }

  #fail(ranked: WatchedRank, error: unknown): void {
    const failure = this.#output.failureOf(ranked);
    if (this.#ending !== null) {
      // Whoever waited for the rank that failed first has lost it: that is no failure of its own.
      this.#failedLater += failure?.isConsequence ? 0 : 1;
      return;
    }
    // Without a posted text the rank could run no code of ours: out of memory, never started, or ended by its own way with errors.
    this.#endSoon({ code: 1, text: `rank ${ranked.rank} failed:\n${failure?.text ?? inspect(error)}` });
  }

  #endSoon(ending: Ending): void {
    this.#ending = ending;
    this.#timer = setTimeout(() => this.#stop(), FAILING_TIME);
  }

  #leave(ranked: WatchedRank, code: number): void {
    this.#output.end(ranked);
    this.#onGone(ranked.rank, code !== 0);
    // An ended job brings rank after rank here with code 1; the first ending counts.
    if (code !== 0 && this.#ending === null) {
      this.#endSoon({ code: exitCodeOf(code), text: exitText(ranked.rank, code) });
    }
    this.#running.delete(ranked.rank);
    if (this.#running.size === 0) {
      this.#finish();
    }
  }

  #finish(): void {
    clearTimeout(this.#timer);
    if (this.#ending !== null && this.#ending.text !== null) {
      tell(this.#ending.text);
    }
    if (this.#failedLater > 0) {
      tell(`${this.#failedLater} more ${this.#failedLater === 1 ? "rank" : "ranks"} failed too`);
    }
    this.#resolve(this.#ending?.code ?? 0);
  }

  #names(): string {
    const ranks = [...this.#running.keys()];
    return `${ranks.length === 1 ? "rank" : "ranks"} ${ranks.join(", ")}`;
  }
}

function tell(text: string): void {
  process.stderr.write(`pshmem: ${text}\n`);
}

function abortCode(message: unknown): number | null {
  const { type, code } = (message ?? {}) as { type?: unknown; code?: unknown };
  return type === "pshmem:abort" ? exitCodeOf(code) : null;
}

function exitText(rank: number, code: number): string {
  const hint = code === UNSETTLED_AWAIT ? ", as Node does when a top-level await never settles" : "";
  return `rank ${rank} exited with code ${code}${hint}`;
}
