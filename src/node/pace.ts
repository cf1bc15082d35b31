/** How this rank waits: it steps a machine, looks again for a moment, then sleeps on its bell. */
import type { Bells } from "./bells.ts";
import { noteStack } from "./source-line.ts";
import type { Vigil, Watcher } from "./watch.ts";
import { DONE, GOING, type Ending, type Machine, type Outcome, type Pace, type Patience } from "./machine.ts";

/** Work that goes on while a rank waits: taking messages in, handing messages out. */
export interface Progress {
  /** Cheap when there is nothing to do. True if something came or went. */
  poll(): boolean;
  /** The longest sleep, in ms, after which `poll` must run again even if nobody rings; longer ones of who has waited long. */
  readonly slice: number;
  /** See {@link slice}: not shorter than that. */
  readonly longSlice: number;
}

/** What a rank does before it sleeps. */
export interface Eagerness {
  /** How often it looks in a loop that does nothing else; see `Pace.glances`. Default 0. */
  readonly glances?: number;
  /** How often it looks at the condition, one look after the other. */
  readonly looks: number;
  /** How often after that it lets others have the core before it looks again. */
  readonly turns: number;
}

/**
 * A turn given to another process costs 3 to 6 µs, one that nobody takes a third of one; a sleep and a wake 50 to 90 µs.
 */
const TURNS = 50;
/**
 * Every rank has a core: 400 glances, which take 7 to 14 µs and in which a lock that is handed on at once has come, then some 20 µs of looking; then somebody
 * else may want the core after all. With as many turns as a sleep and a wake cost, a `set` of 2 MiB, in the midst of whose copy others would fall asleep, takes a fifth
 * less than with 50, one of 4 MiB a tenth. Who needs the cores of those that wait sends them to rest: see `Bells`.
 */
const WITH_CORES: Eagerness = { glances: 400, looks: 500, turns: 200 };
/** Ranks share cores: whoever could help needs this core. */
const WITHOUT_CORES: Eagerness = { looks: 4, turns: TURNS };
/** For a rank by itself: nobody will change what it waits for. */
export const ALONE: Eagerness = { looks: 0, turns: 0 };
/**
 * Polls before a nap, where arrivals do not ring: a message of MPI may need several until it is there. With one, a barrier between two nodes took
 * ten naps, each twice as long as the one before.
 */
const POLLS_BEFORE_NAP = 8;

/** The first sleep where arrivals do not ring: about the shortest that the kernel keeps to. */
const FIRST_NAP_MS = 0.05;

/**
 * How much longer each nap is than the one before once naps have the length of a slice: a nap is then a 64th of the wait so far. A wake costs some
 * 0.1 ms of a core whose caches others have used meanwhile, so every 4 ms it is 2 to 3 % of a core.
 */
const PATIENCE_GROWTH = 1 + 1 / 64;

/** What to do before sleeping, for `ranks` on a node of `cores`. */
export function eagernessFor(ranks: number, cores: number): Eagerness {
  return ranks <= cores ? WITH_CORES : WITHOUT_CORES;
}

/** The {@link Pace} of one rank. */
export class BellPace implements Pace {
  readonly glances: number;
  readonly #bells: Bells;
  readonly #place: number;
  readonly #progress: Progress;
  readonly #eagerness: Eagerness;
  readonly #watch: Watcher;
  /** How many ranks had gone when the bell was armed last. */
  #gone = 0;
  /** Promised waits that sleep on the bell. */
  #sleeping = 0;

  constructor(bells: Bells, place: number, progress: Progress, eagerness: Eagerness, watch: Watcher) {
    this.#bells = bells;
    this.#place = place;
    this.#progress = progress;
    this.#eagerness = eagerness;
    this.glances = eagerness.glances ?? 0;
    this.#watch = watch;
  }

  run(machine: Machine, patience?: Patience): Ending {
    if (this.#look(machine, this.#eagerness) === DONE) return "done";
    const vigil = this.#watch.begin(machine.concern);
    try {
      return this.#wait(machine, patience, vigil);
    } finally {
      vigil.end();
      // The bell may have rung for a promised wait, and was armed anew since.
      if (this.#sleeping > 0) this.#bells.ring(this.#place);
    }
  }

  async runAsync(machine: Machine, patience?: Patience): Promise<Ending> {
    if (stepOn(machine) === DONE) return "done";
    // The stack of the looks, which the event loop makes, would not show the call.
    const vigil = this.#watch.begin(machine.concern, noteStack());
    try {
      return await this.#waitAsync(machine, patience, vigil);
    } finally {
      vigil.end();
    }
  }

  #wait(machine: Machine, patience: Patience | undefined, vigil: Vigil): Ending {
    const deadline = patience?.deadline ?? Infinity;
    for (let nap = FIRST_NAP_MS; ;) {
      if (patience?.signal?.aborted) return "aborted";
      const ms = deadline === Infinity ? Infinity : deadline - performance.now();
      if (ms <= 0) return "timeout";
      const moved = this.#armedPoll();
      if (this.#lastLook(machine) === DONE) return "done";
      const rested = this.#bells.isResting(this.#place);
      if (!moved) this.#bells.sleep(this.#place, Math.min(ms, this.#napMs(nap), vigil.patience));
      if (!moved) vigil.look();
      // Where something moves, or a rest is over, more will come soon: look eagerly again. Whoever waits for something slow need not.
      nap = moved ? FIRST_NAP_MS : this.#longer(nap);
      if (this.#look(machine, moved || rested ? this.#eagerness : ALONE) === DONE) return "done";
    }
  }

  async #waitAsync(machine: Machine, patience: Patience | undefined, vigil: Vigil): Promise<Ending> {
    const deadline = patience?.deadline ?? Infinity;
    for (let nap = FIRST_NAP_MS; ; nap = this.#longer(nap)) {
      if (patience?.signal?.aborted) return "aborted";
      const ms = deadline === Infinity ? Infinity : deadline - performance.now();
      if (ms <= 0) return "timeout";
      if (this.#armedPoll()) nap = FIRST_NAP_MS;
      if (this.#lastLook(machine) === DONE) return "done";
      await this.#sleepAsync(Math.min(ms, this.#napMs(nap), vigil.patience), patience?.signal);
      vigil.look();
      if (stepOn(machine) === DONE) return "done";
    }
  }

  /** The last look before a sleep: with what is there now no rank that had gone when the bell was armed can be the one to wait for. */
  #lastLook(machine: Machine): Outcome {
    const outcome = stepOn(machine);
    if (outcome !== DONE && this.#gone > 0 && machine.concern) this.#watch.mind(machine.concern);
    return outcome;
  }

  /** The next nap: twice as long, up to the slice; then little by little, up to the long one. */
  #longer(nap: number): number {
    const { slice, longSlice } = this.#progress;
    return nap < slice ? Math.min(2 * nap, slice) : Math.min(PATIENCE_GROWTH * nap, longSlice);
  }

  /** Where every arrival rings, a sleep needs no end. */
  #napMs(nap: number): number {
    return this.#progress.slice === Infinity ? Infinity : nap;
  }

  #look(machine: Machine, { looks, turns }: Eagerness): Outcome {
    const { giveWay } = this.#bells;
    for (let left = giveWay ? looks + turns : looks; ; left--) {
      const outcome = stepOn(machine);
      if (outcome === DONE || left <= 0 || this.#bells.isResting(this.#place)) return outcome;
      if (giveWay && left <= turns) giveWay();
      this.#progress.poll();
    }
  }

  /** An abort rings this rank's own bell: a sleep left behind would keep the event loop, and so the program, alive. */
  async #sleepAsync(ms: number, signal: AbortSignal | undefined): Promise<void> {
    const wake = () => this.#bells.ring(this.#place);
    signal?.addEventListener("abort", wake, { once: true });
    this.#sleeping++;
    try {
      await this.#bells.sleepAsync(this.#place, ms);
    } finally {
      this.#sleeping--;
      signal?.removeEventListener("abort", wake);
    }
  }

  /** Arms the bell and takes in what has come; one more look at the machine is due then. What changes after it will ring. */
  #armedPoll(): boolean {
    this.#bells.arm(this.#place);
    this.#gone = this.#watch.look();
    const polls = this.#progress.slice === Infinity ? 1 : POLLS_BEFORE_NAP;
    for (let left = polls; left > 0; left--) if (this.#progress.poll()) return true;
    return false;
  }
}

function stepOn(machine: Machine): Outcome {
  for (;;) {
    const outcome = machine.step();
    if (outcome !== GOING) return outcome;
  }
}
