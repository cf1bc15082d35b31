/** Every schedule of two and three ranks through the lock's own machines; and broken variants, which the same search must catch. */
import { array, assert, constantFrom, nat, property } from "fast-check";
import { describe, expect, it } from "vitest";
import { EXCLUSIVE, SHARED } from "../../dist/lock/entry.js";
import { CAME_UP, GRANT, LOW, SLOTS, TICKETS, USERS, WAITER } from "../../dist/lock/layout.js";
import * as search from "./lock-search.ts";
import {
  enter,
  explore,
  giveBack,
  leave,
  PlainWords,
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
  ["two ranks, three turns each", 3_000, { scripts: [thrice(turn), thrice(turn)] }],
  ["two ranks that give up and come back", 20_000, { slots: 8, scripts: [comeBack, comeBack] }],
  ["a quota of one", 6_000, { slots: 4, scripts: [twice(hastyTurn), twice(hastyTurn)] }],
  ["a quota of two", 40_000, { slots: 8, root: 2, scripts: [thrice(hastyTurn), turn, turn] }],
  ["three ranks that give up", 11_000, { scripts: [hastyTurn, hastyTurn, hastyTurn] }],
  [
    "three ranks, all twice",
    150_000,
    { scripts: [[...hastyTurn, ...turn], [...turn, ...hastyTurn], twice(turn)] },
  ],
  ["trying", 4_000, { scripts: [tryTurn, twice(tryTurn), hastyTurn] }],
  ["two readers and a writer", 35_000, { scripts: [hastyRead, hastyRead, hastyTurn] }],
  [
    "readers that become writers",
    12_000,
    {
      scripts: [
        [...hastyTurn, ...hastyRead],
        [...hastyRead, ...hastyTurn],
      ],
    },
  ],
  ["trying among readers", 30_000, { scripts: [[...tryRead, ...tryTurn], hastyRead, hastyTurn] }],
  ["one permit", 60_000, { permits: 1, scripts: [hastyPermit, hastyPermit, hastyPermit] }],
  ["two permits", 60_000, { permits: 2, scripts: [hastyPermit, hastyPermit, hastyPermit] }],
  [
    "a permit that comes and goes",
    12_000,
    { permits: 1, scripts: [twice(hastyPermit), [...tryPermit, ...permit]] },
  ],
  ["a tally", 2_000, { scripts: [[search.draw()], [search.draw(), search.draw()], [search.draw()]] }],
  ["a condition", 400, { scripts: [hastyConsume, produce(1)] }],
  ["two wait, notified one by one", 100_000, { scripts: [hastyConsume, hastyConsume, twice(produce(1))] }],
  ["two wait, notified together", 20_000, { scripts: [hastyConsume, hastyConsume, produce(2)] }],
];

describe("every schedule keeps all promises", () => {
  it.each(sound)("%s", (_, states, scenario) => {
    const found = explore(scenario);
    expect([...found.failures]).toEqual([]);
    expect(found.states).toBeGreaterThanOrEqual(states);
  });

  it("also on long random ways, which no full search could cover", () => {
    const patience = constantFrom(turn, hastyTurn, hastyTurn, read, hastyRead, tryTurn, tryRead);
    const script = array(patience, { minLength: 4, maxLength: 12 }).map((turns) => turns.flat());
    const scripts = array(script, { minLength: 2, maxLength: 5 });
    const choices = array(nat({ max: 59 }), { minLength: 200, maxLength: 600 });
    const keepsPromises = property(scripts, constantFrom(8, 16), choices, (ranks, slots, moves) => {
      search.wander({ slots, scripts: ranks }, moves);
    });
    assert(keepsPromises, { numRuns: 500 });
  });
});

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

const made = (Mutant: typeof PlainWords) => (size: number, count: number) => new Mutant(size, count);

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

describe("the search catches", () => {
  it.each(broken)("%s", (_, complaint, scenario) => {
    expect([...explore(scenario).failures.keys()]).toContain(complaint);
  });
});
