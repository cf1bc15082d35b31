/** Words in a plain array, and a search through every schedule of protocols that use them. */
import type { Words } from "../../dist/comm/engine.js";
import { DONE, type Machine, type Pace } from "../../dist/node/machine.js";
import type { Protocol } from "../../dist/batch/protocol.js";

/** {@link Words} of one rank which counts its accesses and remembers what they returned. */
export class ArrayWords implements Words {
  readonly count: number;
  readonly memory: Int32Array;
  accesses = 0;
  last = 0;

  constructor(count: number) {
    this.count = count;
    this.memory = new Int32Array(count);
  }

  load(_rank: number, index: number): number {
    return this.#seen(this.memory[index]);
  }

  store(_rank: number, index: number, value: number): void {
    this.#seen(0);
    this.memory[index] = value;
  }

  read(rank: number, index: number): number {
    return this.load(rank, index);
  }

  write(rank: number, index: number, value: number): void {
    this.store(rank, index, value);
  }

  add(_rank: number, index: number, value: number): number {
    const old = this.#seen(this.memory[index]);
    this.memory[index] = old + value;
    return old;
  }

  exchange(_rank: number, index: number, value: number): number {
    const old = this.#seen(this.memory[index]);
    this.memory[index] = value;
    return old;
  }

  compareExchange(_rank: number, index: number, expected: number, value: number): number {
    const old = this.#seen(this.memory[index]);
    if (old === expected) this.memory[index] = value;
    return old;
  }

  ring(): void {
    throw new Error("the batch never waits, so nobody has to be rung for");
  }

  close(): void {
    this.memory.fill(0);
  }

  #seen(value: number): number {
    this.accesses++;
    this.last = value;
    return value;
  }
}

/** Steps a machine to its end. */
export const plainPace: Pace = {
  run(machine: Machine) {
    while (machine.step() !== DONE);
    return "done";
  },
  runAsync(machine: Machine) {
    return Promise.resolve(plainPace.run(machine));
  },
};

/** Runs a protocol alone, to its end. */
export function alone<T>(protocol: Protocol<T>): T {
  for (;;) {
    const next = protocol.next();
    if (next.done) return next.value;
  }
}

/** A small world to be searched. */
export interface Scenario<W extends ArrayWords, R> {
  /** The memory at the start. */
  words(): W;
  /** What each rank does. */
  ranks: readonly ((words: W) => Protocol<R>)[];
  /** Throws if the outcome of a schedule is wrong: the memory at its end, and what each rank came to. */
  check(words: W, results: readonly R[]): void;
}

/**
 * Drives the protocols through every schedule, one access at a time, and checks each outcome. A generator cannot be copied, so a
 * schedule is run anew from its start; two schedules are the same when memory is the same and every rank has read the
 * same values in its accesses, since that decides all that follows. Returns the number of different states.
 */
export function explore<W extends ArrayWords, R>(scenario: Scenario<W, R>): number {
  const visited = new Set<string>();
  const open: number[][] = [[]];
  for (let schedule = open.pop(); schedule; schedule = open.pop()) {
    const run = new Run(scenario);
    for (const rank of schedule) run.step(rank);
    // On from here with the first rank that still runs, as long as that leads to something new; with the others later.
    for (;;) {
      const key = run.key();
      if (visited.has(key)) break;
      visited.add(key);
      const [first, ...others] = run.running();
      for (const rank of others) open.push([...schedule, rank]);
      if (first === undefined) {
        scenario.check(run.words, run.results);
        break;
      }
      run.step(first);
      schedule = [...schedule, first];
    }
  }
  return visited.size;
}

/** One run of a scenario. */
class Run<W extends ArrayWords, R> {
  readonly words: W;
  readonly results: R[] = [];
  readonly #protocols: readonly Protocol<R>[];
  readonly #histories: string[];
  readonly #done: boolean[];

  constructor(scenario: Scenario<W, R>) {
    this.words = scenario.words();
    this.#protocols = scenario.ranks.map((start) => start(this.words));
    this.#histories = this.#protocols.map(() => "");
    this.#done = this.#protocols.map(() => false);
    // Up to just before its first access.
    for (const rank of this.#protocols.keys()) this.step(rank);
  }

  step(rank: number): void {
    const before = this.words.accesses;
    const next = this.#protocols[rank].next();
    if (this.words.accesses > before + 1) throw new Error("a step made more than one access");
    this.#histories[rank] += this.words.accesses > before ? `${this.words.last} ` : "- ";
    if (!next.done) return;
    this.#done[rank] = true;
    this.results[rank] = next.value;
  }

  running(): number[] {
    return [...this.#done.keys()].filter((rank) => !this.#done[rank]);
  }

  key(): string {
    return `${this.words.memory.join(",")}|${this.#histories.join("|")}`;
  }
}
