/** What a deed of a program is given: a communicator, random numbers, and the means to say what must happen. */
import { inspect, isDeepStrictEqual } from "node:util";
import { isPshmemError, type Communicator, type ErrorCode } from "../dist/index.js";
import { randomOf, type Random } from "./random.ts";
import type { State } from "./state.ts";

/** What a call must come to, or has come to. */
export type Outcome =
  { readonly value: unknown } | { readonly code: ErrorCode } | { readonly untyped: unknown };

/** Something is not as the reference says. */
export class Finding extends Error {}

/** Lines of a value in a report. */
const SHOWN = { depth: 4, breakLength: 100, maxArrayLength: 20, maxStringLength: 200 } as const;

/** One rank's view of one step. What is random is the same on all ranks of the communicator. */
export class Site {
  readonly comm: Communicator;
  readonly random: Random;
  readonly state: State;
  /** The seed of what `random` gives. */
  readonly #seed: readonly number[];
  readonly #told: (text: string) => void;

  constructor(comm: Communicator, state: State, seed: readonly number[], told: (text: string) => void) {
    this.comm = comm;
    this.state = state;
    this.random = randomOf(...seed);
    this.#seed = seed;
    this.#told = told;
  }

  get rank(): number {
    return this.comm.rank;
  }

  get size(): number {
    return this.comm.size;
  }

  /** Local: adds to the program's text. To be called before what may hang. */
  tell(text: string): void {
    this.#told(text);
  }

  /** Local: something for each rank, known to all. */
  each<T>(make: (random: Random, rank: number) => T): T[] {
    return Array.from({ length: this.size }, (_, rank) => make(randomOf(...this.#seed, rank), rank));
  }

  /** Local: `usual` for each rank but one, or none, or all. */
  spoiled<T>(usual: T, odd: T): T[] {
    const victim = this.random.below(this.size);
    const how = this.random.pick(["none", "none", "none", "one", "all"]);
    return this.each((_, rank) => (how === "all" || (how === "one" && rank === victim) ? odd : usual));
  }

  /** Local, blocking as the call is: compares what it comes to with what it must come to. */
  check<T>(what: string, call: () => T, expected: Outcome): T | undefined {
    return this.#compare(what, outcomeOf(call), expected) as T | undefined;
  }

  /** The same for a call that gives a promise. */
  async checkAsync<T>(what: string, call: () => Promise<T>, expected: Outcome): Promise<T | undefined> {
    return this.#compare(what, await outcomeOfAsync(call), expected) as T | undefined;
  }

  /** Collective: whatever the call comes to, it must be the same on all ranks, and a typed error if it is one. */
  checkAlike(what: string, found: Outcome): boolean {
    const name = nameOf(found);
    if ("untyped" in found) throw this.#finding(what, "a typed error or a result", found);
    const all = this.comm.allgather(name);
    if (all.every((one) => one === name)) return name === FINE;
    throw new Finding(`${what}: the ranks came to different ends: ${all.join(", ")}`);
  }

  /** Local: throws a finding unless `found` is what it must be. */
  same(what: string, found: unknown, expected: unknown): void {
    if (!isDeepStrictEqual(found, expected)) throw this.#finding(what, { value: expected }, { value: found });
  }

  /** Local: throws a finding if `true` is false. */
  holds(what: string, isTrue: boolean): void {
    if (!isTrue) throw new Finding(`${what} does not hold`);
  }

  #compare(what: string, found: Outcome, expected: Outcome): unknown {
    const right =
      "value" in expected
        ? "value" in found && isDeepStrictEqual(found.value, expected.value)
        : "code" in expected && "code" in found && found.code === expected.code;
    if (!right) throw this.#finding(what, expected, found);
    return "value" in found ? found.value : undefined;
  }

  #finding(what: string, expected: unknown, found: Outcome): Finding {
    return new Finding(`${what}: expected ${inspect(expected, SHOWN)}, found ${inspect(found, SHOWN)}`);
  }
}

const FINE = "a result";

function nameOf(outcome: Outcome): string {
  if ("code" in outcome) return outcome.code;
  return "untyped" in outcome ? "an untyped error" : FINE;
}

/** Local: what a call comes to. */
export function outcomeOf(call: () => unknown): Outcome {
  try {
    return { value: call() };
  } catch (error) {
    return failed(error);
  }
}

/** The same for a call that gives a promise. */
export async function outcomeOfAsync(call: () => Promise<unknown>): Promise<Outcome> {
  try {
    return { value: await call() };
  } catch (error) {
    return failed(error);
  }
}

function failed(error: unknown): Outcome {
  // A finding is ours: it must not pass for an error of what is tested.
  if (error instanceof Finding) throw error;
  return isPshmemError(error) ? { code: error.code } : { untyped: error };
}

/** What ranks bring to a collective comes to: the first rank's fault, else a mismatch, else the value. */
export function verdict(
  faults: readonly (ErrorCode | null | undefined)[],
  agree: boolean,
  value: () => unknown,
): Outcome {
  const code = faults.find((fault) => fault) ?? (agree ? null : "MISMATCH");
  return code ? { code } : { value: value() };
}

/** Local: whether all are the same. */
export function allSame(list: readonly unknown[]): boolean {
  return list.every((one) => Object.is(one, list[0]));
}

/** Local: whether this is a rank of a communicator of `size`. */
export function isRank(rank: unknown, size: number): boolean {
  return Number.isInteger(rank) && (rank as number) >= 0 && (rank as number) < size;
}

/** Local: the fault of a root. */
export function rootFault(root: unknown, size: number): ErrorCode | null {
  return isRank(root, size) ? null : "BAD_RANK";
}
