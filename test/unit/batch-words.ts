/** Words in a plain array, and a search through every schedule of ranks that use them. */
import type { Words } from "../../dist/comm/engine.js";
import { WordsInOrder } from "./words-in-order.ts";

/** {@link Words} of one rank which counts its accesses. */
export class ArrayWords extends WordsInOrder {
  readonly memory: Int32Array;
  accesses = 0;

  constructor(count: number) {
    super();
    this.memory = new Int32Array(count);
  }

  load(_rank: number, index: number): number {
    this.accesses++;
    return this.memory[index];
  }

  store(rank: number, index: number, value: number): void {
    this.exchange(rank, index, value);
  }

  add(rank: number, index: number, value: number): number {
    return this.exchange(rank, index, this.memory[index] + value);
  }

  exchange(_rank: number, index: number, value: number): number {
    this.accesses++;
    const old = this.memory[index];
    this.memory[index] = value;
    return old;
  }

  compareExchange(rank: number, index: number, expected: number, value: number): number {
    const old = this.memory[index];
    return this.exchange(rank, index, old === expected ? value : old);
  }

  ring(): void {
    throw new Error("the batch never waits, so nobody has to be rung for");
  }

  close(): void {
    this.memory.fill(0);
  }
}

/** A small world to be searched. */
export interface Scenario<R> {
  /** The memory at the start. */
  readonly words: ArrayWords;
  /** What each rank does. All that it remembers it must make itself, and nothing but the words may decide what it does. */
  readonly ranks: readonly ((words: Words) => R)[];
  /** How many ranks may crash, between any two accesses; none when absent. */
  readonly crashes?: number;
  /** Throws if the outcome of a schedule is wrong: the memory at its end, and what each rank that did not crash came to. */
  check(words: ArrayWords, results: readonly R[]): void;
}

/** What there is between two accesses. */
interface State<R> {
  readonly memory: Int32Array;
  readonly ranks: readonly Progress<R>[];
}

/** How far a rank is: what its accesses came to, and at its end what it returned. */
interface Progress<R> {
  readonly accesses: readonly number[];
  /** The same as text. */
  readonly key: string;
  readonly end?: { readonly result: R } | typeof CRASHED;
}

const CRASHED = "crashed";

/**
 * Drives the ranks through every schedule, one access at a time, and checks each outcome. Two states are the same when memory is the
 * same and every rank's accesses came to the same, since that decides all that follows. Returns the number of different states.
 */
export function explore<R>(scenario: Scenario<R>): number {
  const { words, ranks, crashes = 0 } = scenario;
  const visited = new Set<string>();
  const open: State<R>[] = [
    { memory: words.memory.slice(), ranks: ranks.map(() => ({ accesses: [], key: "" })) },
  ];
  for (let state = open.pop(); state; state = open.pop()) {
    const key = `${state.memory.join()}|${state.ranks.map((rank) => rank.key).join("|")}`;
    if (visited.has(key)) continue;
    visited.add(key);
    words.memory.set(state.memory);
    if (state.ranks.every(({ end }) => end !== undefined)) scenario.check(words, resultsOf(state));
    const crashed = state.ranks.filter(({ end }) => end === CRASHED).length;
    for (const [rank, progress] of state.ranks.entries()) {
      if (progress.end) continue;
      if (crashed < crashes) open.push({ ...state, ranks: state.ranks.with(rank, crash(progress)) });
      words.memory.set(state.memory);
      const after = stepOn(words, ranks[rank], progress);
      open.push({ memory: words.memory.slice(), ranks: state.ranks.with(rank, after) });
    }
  }
  return visited.size;
}

function crash<R>({ accesses, key }: Progress<R>): Progress<R> {
  return { accesses, key: `${key} ${CRASHED}`, end: CRASHED };
}

function resultsOf<R>({ ranks }: State<R>): R[] {
  return ranks.flatMap(({ end }) => (end === undefined || end === CRASHED ? [] : [end.result]));
}

const SUSPENDED = Symbol("the rank stops before its next access");

/** Lets a rank make one access more: it runs from its start, and the accesses that it made before come to the same again. */
function stepOn<R>(words: ArrayWords, run: (words: Words) => R, { accesses, key }: Progress<R>): Progress<R> {
  const results = [...accesses];
  let at = 0;
  const access = (perform: () => number): number => {
    if (at > accesses.length) throw SUSPENDED;
    if (at === accesses.length) results.push(perform());
    return results[at++];
  };
  let end: { result: R } | undefined;
  try {
    end = { result: run(new Intercepted(words, access)) };
  } catch (error) {
    if (error !== SUSPENDED) throw error;
  }
  return { accesses: results, key: `${key},${results.slice(accesses.length).join()}`, end };
}

/** Words each access to which goes through a function. */
class Intercepted extends WordsInOrder {
  readonly #words: Words;
  readonly #access: (perform: () => number) => number;

  constructor(words: Words, access: (perform: () => number) => number) {
    super();
    this.#words = words;
    this.#access = access;
  }

  load(rank: number, index: number): number {
    return this.#access(() => this.#words.load(rank, index));
  }

  store(rank: number, index: number, value: number): void {
    this.exchange(rank, index, value);
  }

  add(rank: number, index: number, value: number): number {
    return this.#access(() => this.#words.add(rank, index, value));
  }

  exchange(rank: number, index: number, value: number): number {
    return this.#access(() => this.#words.exchange(rank, index, value));
  }

  compareExchange(rank: number, index: number, expected: number, value: number): number {
    return this.#access(() => this.#words.compareExchange(rank, index, expected, value));
  }

  ring(rank: number): void {
    this.#words.ring(rank);
  }

  close(): void {
    this.#words.close();
  }
}
