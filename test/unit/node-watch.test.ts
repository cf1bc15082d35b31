/** Long waits: whom a rank asks how it is. */
import { afterEach, describe, expect, it, vi } from "vitest";
import type { Company } from "../../dist/node/company.js";
import type { Concern } from "../../dist/node/machine.js";
import { Roster, rosterBytes } from "../../dist/node/roster.js";
import { Watch } from "../../dist/node/watch.js";

const LOOK_MS = 1_000;
const NEVER = { seconds: Infinity, aborts: false };

afterEach(() => vi.restoreAllMocks());

/** Rank 0, alone on its node, waits; each look asks some of the others, of which those that have ended answer. */
class Wait {
  /** Whom it has asked, look by look. */
  readonly asked: number[][] = [];
  readonly #gone = new Set<number>();
  readonly #others: readonly number[];
  readonly #ended: (rank: number) => boolean;
  #now = 0;

  constructor(others: readonly number[], ended: (rank: number) => boolean) {
    this.#others = others;
    this.#ended = ended;
  }

  /** Looks until nobody is left or so many looks are over. */
  run(concern: Partial<Concern>, looks: number, mates: readonly number[] = [0]): void {
    vi.spyOn(performance, "now").mockImplementation(() => this.#now);
    const vigil = new Watch(this.#company(mates), NEVER).begin({
      describe: () => "a wait",
      awaited: () => [],
      mind: () => {},
      ...concern,
    });
    while (this.asked.length < looks && this.left.length > 0) {
      this.asked.push([]);
      this.#now += LOOK_MS;
      vigil.look();
    }
    vigil.end();
  }

  get left(): readonly number[] {
    return this.#others.filter((rank) => !this.#gone.has(rank));
  }

  #company(mates: readonly number[]): Company {
    const buffer = new SharedArrayBuffer(rosterBytes(mates.length));
    return {
      roster: new Roster({ buffer, byteOffset: 0 }, mates.length),
      mates,
      place: 0,
      runs: null,
      ringAll: () => {},
      distant: { gone: 0, ask: (rank) => this.#ask(rank), heard: () => null },
      abort: () => {
        throw new Error("it must not end the job");
      },
    };
  }

  #ask(rank: number): void {
    this.asked.at(-1)!.push(rank);
    if (this.#ended(rank)) this.#gone.add(rank);
  }
}

const ranks = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, i) => from + i);

describe("a wait that any rank of other nodes could end", () => {
  it("asks one rank at each look, as long as that lives", () => {
    const wait = new Wait(ranks(1, 9), () => false);
    wait.run({ able: () => wait.left }, 3);
    expect(wait.asked).toEqual([[1], [1], [1]]);
  });

  it("asks ever more where those have ended, until it finds one that lives", () => {
    const wait = new Wait(ranks(1, 9), (rank) => rank !== 5);
    wait.run({ able: () => wait.left }, 5);
    expect(wait.asked).toEqual([[1], [2, 3], [4, 5, 6, 7], [5, 8, 9], [5]]);
  });

  it("comes to the end of thousands in some looks", () => {
    const wait = new Wait(ranks(1, 4095), () => true);
    wait.run({ able: () => wait.left }, 100);
    expect(wait.left).toEqual([]);
    expect(wait.asked.length).toBe(12);
  });

  it("asks nobody where one that could end it is seen in the roster", () => {
    const wait = new Wait(ranks(1, 9), () => true);
    wait.run({ able: () => wait.left }, 3, [0, 4]);
    expect(wait.asked).toEqual([[], [], []]);
  });

  it("asks whom it awaits, and nobody else", () => {
    const wait = new Wait(ranks(1, 9), () => false);
    wait.run({ awaited: () => [{ rank: 3 }, { rank: 7 }] }, 2);
    expect(wait.asked).toEqual([
      [3, 7],
      [3, 7],
    ]);
  });
});
