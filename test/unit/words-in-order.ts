import type { Words } from "../../dist/comm/engine.js";

/** {@link Words} of a test: its schedules are sequentially consistent, so that a plain access is like an atomic one. */
export abstract class WordsInOrder implements Words {
  abstract load(rank: number, index: number): number;
  abstract store(rank: number, index: number, value: number): void;
  abstract add(rank: number, index: number, value: number): number;
  abstract exchange(rank: number, index: number, value: number): number;
  abstract compareExchange(rank: number, index: number, expected: number, value: number): number;
  abstract ring(rank: number): void;
  abstract close(): void;

  readRun(rank: number, index: number, into: Int32Array): void {
    for (let i = 0; i < into.length; i++) into[i] = this.load(rank, index + i);
  }

  write(rank: number, index: number, value: number): void {
    this.store(rank, index, value);
  }

  writeRun(rank: number, index: number, values: Int32Array): void {
    for (const [i, value] of values.entries()) this.write(rank, index + i, value);
  }
}
