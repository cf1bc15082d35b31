/**
 * The random numbers of the fuzzer and of the property tests. Every rank draws the same ones: what a program does follows from its seed
 * and its number alone.
 */

/** Numbers from a seed: mulberry32, 32 bits of state, a Weyl sequence through a mixing function. Nothing here needs more. */
export class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = seed | 0;
  }

  /** A whole number from 0 to `limit` − 1. */
  below(limit: number): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), this.#state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * limit);
  }

  /** A whole number, both ends included. */
  between(least: number, most: number): number {
    return least + this.below(most - least + 1);
  }

  /** True once in `times`. */
  once(times: number): boolean {
    return this.below(times) === 0;
  }

  pick<T>(list: readonly T[]): T {
    return list[this.below(list.length)];
  }

  shuffled<T>(list: readonly T[]): T[] {
    const rest = [...list];
    return list.map(() => rest.splice(this.below(rest.length), 1)[0]);
  }
}

/** Local: numbers that depend on all of `parts`, in their order. */
export function randomOf(...parts: readonly number[]): Random {
  let state = 0;
  for (const part of parts) {
    const turned = Math.imul(state ^ (part | 0), 0x9e3779b1);
    state = (turned ^ (turned >>> 15)) + 0x6d2b79f5;
  }
  return new Random(state);
}

/** Local: a number of `from` that is not in `without`; `null` if there is none. */
export function otherThan(random: Random, size: number, without: number): number | null {
  return size < 2 ? null : (without + 1 + random.below(size - 1)) % size;
}
