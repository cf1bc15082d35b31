/** What a soak has measured, line by line, and what it comes to. */
import { growthOf, slopeOf, secondHalf } from "./trend.ts";
import { QUANTITIES } from "./usage.ts";

/** Minutes in an hour. */
const HOUR = 60;

/** On rank 0: the numbers of all ranks over time. */
export class Record {
  readonly #minutes: number[] = [];
  /** By quantity, by rank, over time. */
  readonly #values: number[][][];
  readonly #began = performance.now();
  #printed = 0;

  constructor(ranks: number) {
    this.#values = QUANTITIES.map(() => Array.from({ length: ranks }, () => []));
  }

  /** Local: adds what all ranks use now; prints a line when a minute has passed since the last one. */
  add(all: readonly (readonly number[])[], cycles: number): void {
    const minute = (performance.now() - this.#began) / 60_000;
    this.#minutes.push(minute);
    all.forEach((numbers, rank) => numbers.forEach((value, i) => this.#values[i][rank].push(value)));
    if (minute < this.#printed) return;
    this.#printed = Math.floor(minute) + 1;
    const parts = QUANTITIES.map(({ name, unit }, i) => {
      const shown = all.map((numbers) => numbers[i].toFixed(unit ? 1 : 0));
      return `${name} ${[...new Set(shown)].join("/")}${unit && ` ${unit}`}`;
    });
    console.log(`minute ${Math.floor(minute)}: ${cycles} cycles, ${parts.join(", ")}`);
  }

  /** Local: prints, for each quantity, how it grew on the rank where it grew most; true if all stayed flat. */
  conclude(): boolean {
    const verdicts = QUANTITIES.map((quantity, i) => this.#judge(quantity, this.#values[i]));
    const flat = verdicts.every(Boolean);
    console.log(flat ? "flat" : "NOT flat");
    return flat;
  }

  #judge({ name, unit, bound, what }: (typeof QUANTITIES)[number], ranks: readonly number[][]): boolean {
    const series = ranks.map((values) => ({ minutes: this.#minutes, values }));
    const growths = series.map(growthOf);
    const worst = growths.indexOf(Math.max(...growths));
    const slope = slopeOf(secondHalf(series[worst])) * HOUR;
    const { values } = series[worst];
    const flat = growths[worst] <= bound;
    const text = (x: number) => `${x.toFixed(unit ? 2 : 1)}${unit && ` ${unit}`}`;
    console.log(
      `${flat ? "flat" : "GROWS"}  ${name}: ${text(values[0])} at first, ${text(values.at(-1)!)} at the end; ` +
        `${text(growths[worst])} over the second half (at most ${bound}), ${text(slope)} an hour (${what})`,
    );
    return flat;
  }
}
