/**
 * Protocols as step machines.
 *
 * A protocol on shared words is written as a machine whose every step makes at most one access that another rank can notice.
 * The shipped code drives the machine with {@link Pace}; the tests drive the very same machine through every schedule of two to
 * four ranks.
 */

/** What a step came to. */
export type Outcome = typeof GOING | typeof DONE | typeof BLOCKED;

/** More steps follow at once. */
export const GOING = 0;
/** The machine has finished; further steps change nothing. */
export const DONE = 1;
/** Only another rank can make the next step succeed. Stepping again looks again. */
export const BLOCKED = 2;

/** What a machine waits for. Asked only when its wait has become long, or when a rank has gone. All members are local. */
export interface Concern {
  /** The call and the object it belongs to: `MPIShared.set of object 2`. */
  describe(): string;
  /** The ranks of the world that must act before the wait can end, each with what is known of it, as far as this rank can tell. */
  awaited(): readonly Awaited[];
  /** Where none is awaited: the ranks of the world of which any could end the wait, without those that are known to have gone. */
  able?(): readonly number[];
  /** Some rank of the world has gone. @throws RankLostError when the wait is in vain now */
  mind(): void;
}

/** A rank that another waits for. */
export interface Awaited {
  /** In the world. */
  readonly rank: number;
  /** What it did last, where that is known: `was in barrier before`. */
  readonly last?: string;
}

/** A protocol, one shared access a step. */
export interface Machine {
  step(): Outcome;
  readonly concern?: Concern;
}

/** How long to go on waiting. */
export interface Patience {
  /** On the clock of `performance.now()`; Infinity or absent: for ever. */
  readonly deadline?: number;
  /** Ends an asynchronous wait early; a blocking wait looks at it once, at the start. */
  readonly signal?: AbortSignal;
}

/** How a wait ended. */
export type Ending = "done" | "timeout" | "aborted";

/**
 * Drives machines to their end: steps, looks again for a moment, then sleeps on this rank's bell.
 *
 * Whoever changes a shared word that another rank may be blocked on must ring that rank's bell afterwards.
 */
export interface Pace {
  /**
   * How often the caller may look at its machine itself before `run`. A loop that knows its machine looks several times as often as one that drives any, and
   * nothing else is done meanwhile.
   */
  readonly glances: number;
  /** Local. Blocks this rank until the machine is done or patience ends. */
  run(machine: Machine, patience?: Patience): Ending;
  /** Local. The same, without blocking: the event loop stays alive meanwhile. */
  runAsync(machine: Machine, patience?: Patience): Promise<Ending>;
}
