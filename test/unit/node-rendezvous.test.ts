/** Meetings on a board, through every schedule of two to four ranks. */
import { describe, expect, it } from "vitest";
import { Board } from "../../dist/node/board.js";
import { Meetings, type Mutant, type Plan } from "./node-meetings.ts";
import { explore } from "./node-schedules.ts";

/** Epochs from which the count passes the ends of its range within a few meetings. */
const FIRST_EPOCHS = [0, 0x7fff_fffc, -4] as const;

function search(size: number, plans: readonly Plan[], mutant: Mutant = {}, firstEpoch = 0) {
  return explore(() => new Meetings(size, plans, firstEpoch, mutant));
}

function searchCrashes(size: number, plans: readonly Plan[], crashes: number, mutant: Mutant = {}) {
  return explore(() => new Meetings(size, plans, 0, mutant, crashes));
}

const PLAIN: Plan = { turns: [] };

describe("every schedule of a few ranks", () => {
  it.each(FIRST_EPOCHS)("two ranks, meetings with and without turns, from epoch %i", (firstEpoch) => {
    const plans = [PLAIN, { turns: [0, 1] }, { turns: [1] }, { turns: [0, 1, 0] }, PLAIN];
    const { failure, states, ends } = search(2, plans, {}, firstEpoch);
    expect(failure).toBeNull();
    expect(ends).toBeGreaterThan(0);
    expect(states).toBeGreaterThan(300);
  });

  it("two ranks, meetings that end early", () => {
    const plans = [
      { turns: [0, 1], refused: true },
      { turns: [0, 1, 0], failsIn: 0 },
      { turns: [1, 1, 0], failsIn: 1 },
      PLAIN,
    ];
    expect(search(2, plans).failure).toBeNull();
  });

  it.each([
    ["no turns", [PLAIN, PLAIN, PLAIN]],
    ["turns of one, of all, and of one twice", [{ turns: [2] }, { turns: [0, 1, 2] }]],
    ["a turn that ends it all, then another meeting", [{ turns: [1, 2, 1], failsIn: 1 }, { turns: [0] }]],
    ["a refusal, then another meeting", [{ turns: [0, 2], refused: true }, PLAIN]],
  ] satisfies [string, Plan[]][])("three ranks: %s", (_, plans) => {
    const { failure, ends } = search(3, plans);
    expect(failure).toBeNull();
    expect(ends).toBeGreaterThan(0);
  });

  it("one rank meets itself", () => {
    expect(search(1, [PLAIN, { turns: [0, 0] }, PLAIN]).failure).toBeNull();
  });
});

/** Lets the last but one rank in as if it were the last. */
class HastyBoard extends Board {
  #count = 0;
  override enter(): boolean {
    return super.enter() || ++this.#count % 2 === 0;
  }
}

/** Uses one slot for all meetings. */
class NarrowBoard extends Board {
  override slot(_parity: number, place: number) {
    return super.slot(0, place);
  }
}

/** Forgets the turns: a new epoch is a release. */
class BluntBoard extends Board {
  override get epoch(): number {
    return Math.ceil(super.epoch / 4) * 4;
  }
  override set epoch(value: number) {
    super.epoch = value;
  }
}

describe("the search finds what is broken", () => {
  const plans = [PLAIN, { turns: [0, 1] }, PLAIN];

  it.each([
    ["nobody is rung", { ringsNobody: true }, /wake-up was lost/],
    ["the bell is rung before the change", { ringsEarly: true }, /wake-up was lost/],
    ["arrivals are reset after the release", { resetsLate: true }, /wake-up was lost|before all had entered/],
    ["a rank takes itself for the last", { board: HastyBoard }, /before all had entered/],
    ["each rank has one slot", { board: NarrowBoard }, /slot was overwritten/],
    ["turns are not told from the release", { board: BluntBoard }, /turn/],
  ] satisfies [string, Mutant, RegExp][])("%s", (_, mutant, text) => {
    expect(search(2, plans, mutant).failure).toMatch(text);
  });
});

describe("every schedule in which ranks crash", () => {
  it.each([
    ["two ranks, one crashes", 2, [PLAIN, { turns: [0, 1] }, PLAIN], 1],
    ["two ranks, both may crash", 2, [{ turns: [1] }, PLAIN], 2],
    ["three ranks, one crashes", 3, [{ turns: [2] }], 1],
    ["three ranks, one crashes in a turn", 3, [{ turns: [0, 1] }], 1],
    ["three ranks, two may crash", 3, [{ turns: [1] }], 2],
    ["four ranks, one crashes", 4, [PLAIN], 1],
  ] satisfies [string, number, Plan[], number][])("%s", (_, size, plans, crashes) => {
    const { failure, ends } = searchCrashes(size, plans, crashes);
    expect(failure).toBeNull();
    expect(ends).toBeGreaterThan(0);
  });

  it.each([
    ["who has crashed is asked too late", { asksLate: true }, /had succeeded/],
    ["nobody is rung", { crashesUnheard: true }, /wake-up was lost/],
  ] satisfies [string, Mutant, RegExp][])("is not kept when %s", (_, mutant, text) => {
    expect(searchCrashes(2, [PLAIN, PLAIN], 1, mutant).failure).toMatch(text);
  });
});
