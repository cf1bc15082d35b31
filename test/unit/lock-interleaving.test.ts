/** Every schedule of two to four ranks through the lock's own machines; and broken variants, which the same search must catch. */
import { array, assert, constantFrom, nat, property } from "fast-check";
import { describe, expect, it } from "vitest";
import { EXCLUSIVE, SHARED } from "../../dist/lock/entry.js";
import {
  BROKEN,
  CAME_UP,
  GRANT,
  LOW,
  NEED,
  PLANNED,
  SHARES,
  SLOTS,
  STANCE,
  TICKETS,
  USERS,
  WAITER,
} from "../../dist/lock/layout.js";
import { kindOfSignal, SIGNAL, VAIN } from "../../dist/lock/signal.js";
import * as search from "./lock-search.ts";
import {
  enter,
  explore,
  giveBack,
  leave,
  PlainWords,
  STANCE_BITS,
  tryEnter,
  type Op,
  type Scenario,
} from "./lock-search.ts";

const turn: readonly Op[] = [enter(EXCLUSIVE), leave(EXCLUSIVE)];
const hastyTurn: readonly Op[] = [enter(EXCLUSIVE, true), leave(EXCLUSIVE)];
const read: readonly Op[] = [enter(SHARED), leave(SHARED)];
const hastyRead: readonly Op[] = [enter(SHARED, true), leave(SHARED)];
const tryTurn: readonly Op[] = [tryEnter(EXCLUSIVE), leave(EXCLUSIVE)];
const tryRead: readonly Op[] = [tryEnter(SHARED), leave(SHARED)];
const permit: readonly Op[] = [enter(SHARED), giveBack()];
const hastyPermit: readonly Op[] = [enter(SHARED, true), giveBack()];
const tryPermit: readonly Op[] = [tryEnter(SHARED), giveBack()];

const consume: readonly Op[] = [enter(EXCLUSIVE), ...search.takeItem(false), leave(EXCLUSIVE)];
const hastyConsume: readonly Op[] = [enter(EXCLUSIVE), ...search.takeItem(true), leave(EXCLUSIVE)];
const produce = (count: number, notified = count): readonly Op[] => [
  enter(EXCLUSIVE),
  ...search.putItems(count, notified),
  leave(EXCLUSIVE),
];

const twice = (ops: readonly Op[]): readonly Op[] => [...ops, ...ops];
const thrice = (ops: readonly Op[]): readonly Op[] => [...ops, ...ops, ...ops];
const comeBack: readonly Op[] = [...twice(hastyTurn), ...turn];

/** Name, fewest states that the search must come to, scenario. */
const sound: readonly [string, number, Scenario][] = [
  ["two ranks, three turns each", 1_250, { scripts: [thrice(turn), thrice(turn)] }],
  ["two ranks that give up and come back", 10_000, { slots: 8, scripts: [comeBack, comeBack] }],
  ["a quota of one", 3_000, { slots: 4, scripts: [twice(hastyTurn), twice(hastyTurn)] }],
  ["a quota of two", 20_000, { slots: 8, root: 2, scripts: [thrice(hastyTurn), turn, turn] }],
  ["three ranks that give up", 5_500, { scripts: [hastyTurn, hastyTurn, hastyTurn] }],
  [
    "three ranks, all twice",
    75_000,
    { scripts: [[...hastyTurn, ...turn], [...turn, ...hastyTurn], twice(turn)] },
  ],
  ["four ranks", 15_000, { slots: 8, scripts: [turn, turn, turn, turn] }],
  ["four ranks that give up", 214_000, { slots: 8, scripts: [hastyTurn, hastyTurn, hastyTurn, hastyTurn] }],
  ["two readers and two writers", 178_000, { slots: 8, scripts: [read, hastyRead, hastyTurn, turn] }],
  ["trying", 1_600, { scripts: [tryTurn, twice(tryTurn), hastyTurn] }],
  ["two readers and a writer", 17_500, { scripts: [hastyRead, hastyRead, hastyTurn] }],
  [
    "readers that become writers",
    6_000,
    {
      scripts: [
        [...hastyTurn, ...hastyRead],
        [...hastyRead, ...hastyTurn],
      ],
    },
  ],
  ["trying among readers", 15_000, { scripts: [[...tryRead, ...tryTurn], hastyRead, hastyTurn] }],
  ["one permit", 30_000, { permits: 1, scripts: [hastyPermit, hastyPermit, hastyPermit] }],
  ["two permits", 30_000, { permits: 2, scripts: [hastyPermit, hastyPermit, hastyPermit] }],
  [
    "a permit that comes and goes",
    5_900,
    { permits: 1, scripts: [twice(hastyPermit), [...tryPermit, ...permit]] },
  ],
  ["a tally", 1_000, { scripts: [[search.draw()], [search.draw(), search.draw()], [search.draw()]] }],
  ["a condition", 200, { scripts: [hastyConsume, produce(1)] }],
  ["two wait, notified one by one", 50_000, { scripts: [hastyConsume, hastyConsume, twice(produce(1))] }],
  ["two wait, notified together", 10_000, { scripts: [hastyConsume, hastyConsume, produce(2)] }],
];

/** The words of a run come in no order: a rank that dies may leave the last of them behind. */
class Backwards extends PlainWords {
  override writeRun(rank: number, index: number, values: Int32Array): void {
    for (let i = values.length - 1; i >= 0; i--) this.write(rank, index + i, values[i]);
  }
}

const made = (Words: typeof PlainWords) => (size: number, count: number) => new Words(size, count);

const tryAgain: readonly Op[] = [search.mend(), ...tryTurn];
/** Of three ranks that do the same, any one may stand for all. */
const one = { deaths: 1, mortals: [0] };

/** The words of the one that dies go with it; the root's would be all. */
const apart = { apart: true, deaths: 1, mortals: [1] };

const idle: Op = { name: "idle", end: () => 1 };
/** Nobody is left to notify those that wait already once the last rank has died, or has come to its end. */
const forsaken = { ends: true, deaths: 1, mortals: [2] };

/** The same, with ranks that die: before any step, and between any two writes of one. */
const mortal: readonly [string, number, Scenario][] = [
  ["two ranks", 15_000, { deaths: 2, slots: 8, scripts: [twice(hastyTurn), [...hastyTurn, ...turn]] }],
  ["a quota of one", 15_000, { deaths: 1, scripts: [twice(hastyTurn), twice(hastyTurn)] }],
  ["trying", 10_000, { deaths: 1, scripts: [tryAgain, [...hastyTurn, ...tryAgain]] }],
  [
    "readers that become writers",
    40_000,
    {
      deaths: 2,
      scripts: [
        [...hastyRead, ...hastyTurn],
        [...hastyTurn, ...hastyRead],
      ],
    },
  ],
  ["one permit", 10_000, { deaths: 2, permits: 1, scripts: [hastyPermit, [...hastyPermit, ...permit]] }],
  ["a tally", 4_700, { deaths: 1, scripts: [twice([search.draw()]), twice([search.draw()])] }],
  ["backwards", 6_000, { deaths: 1, words: made(Backwards), scripts: [twice(turn), [...turn, ...read]] }],
  [
    "a tally backwards",
    1_000,
    { deaths: 1, words: made(Backwards), scripts: [twice([search.draw()]), [search.draw()]] },
  ],
  ["a condition", 3_000, { deaths: 1, scripts: [hastyConsume, produce(1)] }],
  [
    "two wait in a condition, the third goes",
    10_000,
    { ...forsaken, first: [0, 1], scripts: [consume, consume, [idle]] },
  ],
  [
    "one waits in a condition, another comes and may give up, the third goes",
    3_000,
    { ...forsaken, first: [0], tires: true, scripts: [consume, hastyConsume, [idle]] },
  ],
  ["apart, two ranks", 8_700, { ...apart, scripts: [twice(hastyTurn), [...hastyTurn, ...turn]] }],
  [
    "apart, a reader and a writer",
    13_400,
    { ...apart, scripts: [twice(hastyTurn), [...hastyRead, ...turn]] },
  ],
  ["apart, one permit", 32_000, { ...apart, permits: 1, scripts: [twice(hastyPermit), twice(hastyPermit)] }],
  ["apart, a reader among three", 104_000, { ...apart, scripts: [turn, read, turn] }],
  ["three ranks", 70_000, { ...one, scripts: [turn, turn, turn] }],
  ["one of three tries", 64_000, { ...one, scripts: [turn, turn, tryAgain] }],
  ["a tally of three", 70_000, { ...one, scripts: [[search.draw()], [search.draw()], [search.draw()]] }],
];

/** A search takes what it takes: on a busy machine five times as long as on an idle one. */
const LONG = { timeout: 600_000 };

const keepsPromises = (_: string, states: number, scenario: Scenario): void => {
  const found = explore(scenario);
  expect([...found.failures]).toEqual([]);
  expect(found.states).toBeGreaterThanOrEqual(states);
};

describe("every schedule keeps all promises", () => {
  it.each(sound)("%s", LONG, keepsPromises);

  it("also on long random ways, which no full search could cover", () => {
    const patience = constantFrom(turn, hastyTurn, hastyTurn, read, hastyRead, tryTurn, tryRead);
    const script = array(patience, { minLength: 4, maxLength: 12 }).map((turns) => turns.flat());
    const scripts = array(script, { minLength: 2, maxLength: 5 });
    const choices = array(nat({ max: 59 }), { minLength: 200, maxLength: 600 });
    const deaths = constantFrom(0, 1, 2, 3);
    const keeps = property(scripts, constantFrom(8, 16), deaths, choices, (ranks, slots, dying, moves) => {
      search.wander({ slots, deaths: dying, scripts: ranks }, moves);
    });
    assert(keeps, { numRuns: 1_000 });
  });
});

describe("every schedule keeps all promises though ranks die", () => {
  it.each(mortal)("%s", LONG, keepsPromises);
});

/** Minutes and gigabytes each, so only when asked for. */
const large: readonly [string, number, Scenario][] = [
  ["three ranks, of which a reader may die", 270_000, { ...one, scripts: [read, turn, read] }],
  [
    "four ranks, of which one may die",
    1_500_000,
    { ...one, slots: 8, scripts: [turn, turn, tryTurn, tryTurn] },
  ],
];

if (process.env["PSHMEM_TEST_LARGE"]) {
  describe("every schedule keeps all promises though ranks die, in large worlds", () => {
    it.each(large)("%s", { timeout: 3_600_000 }, keepsPromises);
  });
}

class NeverRings extends PlainWords {
  override ring(): void {}
}

/** Whoever passes on leaves no mark for an owner that has not registered. */
class NoMark extends PlainWords {
  override exchange(rank: number, index: number, value: number): number {
    return this.load(rank, index) === 0 ? 0 : super.exchange(rank, index, value);
  }
}

/** Giving up does not notice that the ticket has come up. */
class BlindRetreat extends PlainWords {
  override compareExchange(rank: number, index: number, expected: number, value: number): number {
    if (index < SLOTS || value >= 0) return super.compareExchange(rank, index, expected, value);
    this.store(rank, index, value);
    return expected;
  }
}

/** Trying does not notice that another rank came first. */
class BlindGrab extends PlainWords {
  override compareExchange(rank: number, index: number, expected: number, value: number): number {
    if (index !== TICKETS) return super.compareExchange(rank, index, expected, value);
    this.store(rank, index, value);
    return expected;
  }
}

/** Slots are not emptied for their next ticket. */
class UsedSlots extends PlainWords {
  override store(rank: number, index: number, value: number): void {
    if (index < SLOTS || value !== 0) super.store(rank, index, value);
  }
}

/** The rank handed the lock is rank 2, if that waits, where it was rank 1's turn. */
class PrefersRank2 extends PlainWords {
  override exchange(rank: number, index: number, value: number): number {
    const next = super.exchange(rank, index, value);
    const slot = this.memory[rank].indexOf(3, SLOTS);
    if (value !== CAME_UP || next !== 2 || slot < 0) return next;
    this.store(rank, slot, 2);
    return 3;
  }
}

/** Words of which one, by its index, always reads as a given number. */
const misread = (index: number, value: number) =>
  class extends PlainWords {
    override load(rank: number, at: number): number {
      return at === index ? value : super.load(rank, at);
    }
  };
const NoReaders = misread(USERS, 0);
const NoWaiter = misread(WAITER, 0);
const AlwaysGranted = misread(GRANT, 1);

class StandingToken extends PlainWords {
  override write(rank: number, index: number, value: number): void {
    if (index !== LOW) super.write(rank, index, value);
  }
}

/** All are told that a holder has gone. */
class NoEnd extends PlainWords {
  override add(rank: number, index: number, value: number): number {
    const isTaken = index === USERS && value === BROKEN && this.load(rank, index) < 0;
    return isTaken ? this.load(rank, index) : super.add(rank, index, value);
  }
}

/** Half of a number may be left behind. */
class NoPlan extends Backwards {
  override store(rank: number, index: number, value: number): void {
    super.store(rank, index, index === PLANNED ? 0 : value);
  }
}

const AllShare = misread(SHARES, 1);

/** A stance does not tell that its rank has moved and come back. */
class NoMoves extends PlainWords {
  override store(rank: number, index: number, value: number): void {
    super.store(rank, index, index === STANCE ? value & STANCE_BITS : value);
  }
}

/** Nobody remembers that a look is needed. */
class NoNeed extends PlainWords {
  override store(rank: number, index: number, value: number): void {
    super.store(rank, index, index === NEED ? 0 : value);
  }

  override compareExchange(rank: number, index: number, expected: number, value: number): number {
    return super.compareExchange(rank, index, expected, index === NEED ? 0 : value);
  }
}

const asleep = "all who are left sleep";
const twoInside = "two are inside";
const twoAtHead = "two are at the head of the queue";

/** What is broken, what the search must say, scenario. */
const broken: readonly [string, string, Scenario][] = [
  ["no ring after a grant", asleep, { scripts: [turn, turn], words: made(NeverRings) }],
  ["no mark for who is late to register", asleep, { scripts: [turn, turn], words: made(NoMark) }],
  [
    "a retreat that misses the grant",
    "a ticket is left",
    { scripts: [hastyTurn, hastyTurn], words: made(BlindRetreat) },
  ],
  ["a grab that does not compare", twoAtHead, { scripts: [tryTurn, turn], words: made(BlindGrab) }],
  ["slots left full", "the lock's words are not clean", { scripts: [turn, turn], words: made(UsedSlots) }],
  [
    "a favourite",
    "an earlier ticket still waits",
    { scripts: [turn, turn, turn], words: made(PrefersRank2) },
  ],
  ["grants out of thin air", twoAtHead, { scripts: [turn, turn], words: made(AlwaysGranted) }],
  [
    "a token that stands still",
    "the token did not rise",
    { scripts: [turn, turn], words: made(StandingToken) },
  ],
  [
    "more tickets than slots",
    twoAtHead,
    { told: 0.5, scripts: [[...twice(twice(hastyTurn)), ...turn], turn] },
  ],
  ["a writer that overlooks readers", twoInside, { scripts: [read, turn], words: made(NoReaders) }],
  ["a reader that overlooks the writer", asleep, { scripts: [read, turn], words: made(NoWaiter) }],
  [
    "too many permits given",
    "more are inside than there are permits",
    { permits: 1, scripts: [permit, permit], words: made(NoReaders) },
  ],
  ["a permit that wakes nobody", asleep, { permits: 1, scripts: [permit, permit], words: made(NoWaiter) }],
  [
    "a tally without turns",
    twoAtHead,
    { scripts: [[search.draw()], [search.draw()]], words: made(AlwaysGranted) },
  ],
  ["no ring after notifying", asleep, { scripts: [consume, produce(1)], waiting: made(NeverRings) }],
  ["one notified of two", asleep, { scripts: [consume, consume, produce(2, 1)] }],
  ["notified without the lock", asleep, { scripts: [consume, search.putItems(1)] }],
];

/** Says that it can do nothing until it is notified, and yet gives up. */
const boastfulConsume: readonly Op[] = [enter(EXCLUSIVE), ...search.takeItem(true, true), leave(EXCLUSIVE)];

/** Nobody is told that there is nothing to wait for. */
class NoNews extends PlainWords {
  override compareExchange(rank: number, index: number, expected: number, value: number): number {
    const isNews = index === SIGNAL && kindOfSignal(value) === VAIN;
    return isNews ? expected : super.compareExchange(rank, index, expected, value);
  }
}

/** The same for what is done about the dead. */
const brokenMercy: readonly [string, string, Scenario][] = [
  [
    "a holder's death told for ever",
    "it was told that a holder died",
    { deaths: 1, scripts: [turn, twice(turn)], words: made(NoEnd) },
  ],
  ["a look that nobody takes", asleep, { ...one, scripts: [turn, turn, turn], words: made(NoNeed) }],
  [
    "moves that nobody counts",
    "it was told that a holder died",
    { ...one, scripts: [turn, turn, turn], words: made(NoMoves) },
  ],
  [
    "one that can go on and denies it",
    "it was told that nobody is left to notify it",
    {
      ...forsaken,
      first: [0],
      tires: true,
      scripts: [consume, boastfulConsume, [idle]],
    },
  ],
  [
    "nobody told that all wait in vain",
    "ranks can go round in circles",
    { ...forsaken, first: [0, 1], scripts: [consume, consume, [idle]], waiting: made(NoNews) },
  ],
  ["users never forgiven", asleep, { deaths: 1, scripts: [read, turn], words: made(AllShare) }],
  [
    "half a number",
    "the token did not rise",
    { deaths: 1, scripts: [[search.draw()], [search.draw()]], words: made(NoPlan) },
  ],
];

describe("the search catches", () => {
  it.each([...broken, ...brokenMercy])("%s", LONG, (_, complaint, scenario) => {
    expect([...explore(scenario, complaint).failures.keys()]).toContain(complaint);
  });
});
