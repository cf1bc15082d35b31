/** How this rank waits: it steps a machine, spins for a moment, then sleeps on its bell. */
import type { Bells } from "./bells.ts";
import {
  BLOCKED,
  DONE,
  GOING,
  type Ending,
  type Machine,
  type Outcome,
  type Pace,
  type Patience,
} from "./machine.ts";

/** Work that goes on while a rank waits: taking messages in, handing messages out. */
export interface Progress {
  /** Cheap when there is nothing to do. */
  poll(): void;
  /** The longest sleep, in ms, after which `poll` must run again even if nobody rings. */
  readonly slice: number;
}

/** Looks at the condition before sleeping when every rank has a core: some 20 µs, about what a sleep and a wake cost. */
const SPINS_WITH_CORES = 500;
/** The same when ranks share cores: whoever could help needs this core, so hardly any. */
const SPINS_WITHOUT_CORES = 4;

/** How often to look before sleeping, for `ranks` on a node of `cores`. */
export function spinsFor(ranks: number, cores: number): number {
  return ranks <= cores ? SPINS_WITH_CORES : SPINS_WITHOUT_CORES;
}

/** The {@link Pace} of one rank. */
export class BellPace implements Pace {
  readonly #bells: Bells;
  readonly #place: number;
  readonly #progress: Progress;
  readonly #spins: number;

  constructor(bells: Bells, place: number, progress: Progress, spins: number) {
    this.#bells = bells;
    this.#place = place;
    this.#progress = progress;
    this.#spins = spins;
  }

  run(machine: Machine, patience?: Patience): Ending {
    const deadline = patience?.deadline ?? Infinity;
    for (;;) {
      if (this.#spin(machine) === DONE) return "done";
      if (patience?.signal?.aborted) return "aborted";
      const ms = deadline === Infinity ? Infinity : deadline - performance.now();
      if (ms <= 0) return "timeout";
      const outcome = this.#lastLook(machine);
      if (outcome === DONE) return "done";
      if (outcome === BLOCKED) this.#bells.sleep(this.#place, Math.min(ms, this.#progress.slice));
      this.#progress.poll();
    }
  }

  async runAsync(machine: Machine, patience?: Patience): Promise<Ending> {
    const deadline = patience?.deadline ?? Infinity;
    for (;;) {
      if (stepOn(machine) === DONE) return "done";
      if (patience?.signal?.aborted) return "aborted";
      const ms = deadline === Infinity ? Infinity : deadline - performance.now();
      if (ms <= 0) return "timeout";
      const outcome = this.#lastLook(machine);
      if (outcome === DONE) return "done";
      if (outcome === BLOCKED) {
        await untilAborted(
          this.#bells.sleepAsync(this.#place, Math.min(ms, this.#progress.slice)),
          patience?.signal,
        );
      }
      this.#progress.poll();
    }
  }

  #spin(machine: Machine): Outcome {
    for (let left = this.#spins; ; left--) {
      const outcome = stepOn(machine);
      if (outcome === DONE || left <= 0) return outcome;
      this.#progress.poll();
    }
  }

  /** Arms the bell and looks again: what changes after this look will ring. */
  #lastLook(machine: Machine): Outcome {
    this.#bells.arm(this.#place);
    this.#progress.poll();
    return stepOn(machine);
  }
}

function stepOn(machine: Machine): Outcome {
  for (;;) {
    const outcome = machine.step();
    if (outcome !== GOING) return outcome;
  }
}

/** Resolves with `sleep`, or at once when the signal fires: the sleeper itself cannot be called back, and need not be. */
async function untilAborted(sleep: Promise<void>, signal: AbortSignal | undefined): Promise<void> {
  if (!signal) return sleep;
  let stop!: () => void;
  const aborted = new Promise<void>((resolve) => (stop = resolve));
  signal.addEventListener("abort", stop, { once: true });
  try {
    await Promise.race([sleep, aborted]);
  } finally {
    signal.removeEventListener("abort", stop);
  }
}
