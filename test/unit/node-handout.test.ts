/** Work that an owner and its helper share: the shipped functions, through every order in which their accesses can fall. */
import { expect, it } from "vitest";
import {
  DONE,
  Handout,
  HANDOUT_WORDS,
  LEFT,
  partBytesOf,
  partDone,
  takeLast,
} from "../../dist/node/handout.js";
import type { Words } from "../../dist/node/words.js";
import { ArrayWords, explore } from "./batch-words.ts";

/** Behind the words: which work the present one is, and how often each part of each work was done, a word each. */
const WORK = HANDOUT_WORDS;
const TALLY = WORK + 1;
/** The most parts of a work here. */
const MOST = 3;

/** A thread's way through its part of the work; the helper's and the owner's. */
type Helping = (words: Words, doPart: () => void) => void;
type Leaving = (handout: Handout) => boolean;

function tallyOf(work: number, part: number): number {
  return TALLY + work * MOST + part;
}

/** What the shipped helper does once it has taken a part. */
const helpProperly: Helping = (words, doPart) => {
  doPart();
  partDone(words);
};

const isDone: Leaving = (handout) => handout.awaited() === null;

/** The owner of works of so many parts. How many parts were done when it left each; it stops where it would have to wait for the helper. */
function owner(works: readonly number[], mayLeave: Leaving): (words: Words) => number[] {
  return (words) => {
    const handout = new Handout(words);
    const left: number[] = [];
    for (const [work, parts] of works.entries()) {
      words.store(0, WORK, work);
      handout.begin(parts);
      for (let part = handout.take(); part >= 0; part = handout.take()) words.add(0, tallyOf(work, part), 1);
      if (!mayLeave(handout)) break;
      let done = 0;
      for (let part = 0; part < parts; part++) done += words.load(0, tallyOf(work, part));
      left.push(done);
    }
    return left;
  };
}

/** A helper that goes to sleep for good when it has found nothing so often. */
function helper(looks: number, help: Helping): (words: Words) => number[] {
  return (words) => {
    for (let look = 0; look < looks; look++) {
      for (let part = takeLast(words); part >= 0; part = takeLast(words)) {
        help(words, () => void words.add(0, tallyOf(words.load(0, WORK), part), 1));
      }
    }
    return [];
  };
}

interface Variant {
  readonly help?: Helping;
  readonly mayLeave?: Leaving;
  readonly Kind?: new (count: number) => ArrayWords;
}

function search(works: readonly number[], variant: Variant = {}): number {
  const { help = helpProperly, mayLeave = isDone, Kind = ArrayWords } = variant;
  return explore({
    words: new Kind(tallyOf(works.length, 0)),
    ranks: [owner(works, mayLeave), helper(2, help)],
    check(words, [left]) {
      for (const [work, done] of left.entries()) expect(done, `parts of work ${work}`).toBe(works[work]);
      // The work that the owner has not left is done by now: the helper has ended.
      for (const [work, parts] of works.slice(0, left.length + 1).entries()) {
        for (let part = 0; part < parts; part++) expect(words.memory[tallyOf(work, part)]).toBe(1);
      }
      expect(words.memory[LEFT]).toBe(0);
    },
  });
}

it("every part is done once, and the owner leaves when all are", () => {
  expect(search([3])).toBeGreaterThan(100);
  expect(search([2, 2])).toBeGreaterThan(500);
  expect(search([1, 1, 1])).toBeGreaterThan(1000);
});

/** Memory whose compare-exchange stores in any case, and says that it succeeded. */
class BlindWords extends ArrayWords {
  override compareExchange(rank: number, index: number, expected: number, value: number): number {
    this.exchange(rank, index, value);
    return expected;
  }
}

it.each<[string, Variant]>([
  ["a part that is taken without looking whether it was", { Kind: BlindWords }],
  ["an owner that does not wait for the helper", { mayLeave: () => true }],
  [
    "a helper that says it is through before it is",
    {
      help(words, doPart) {
        partDone(words);
        doPart();
      },
    },
  ],
])("the same search finds %s", (_, variant) => {
  expect(() => search([2, 2], variant)).toThrow(/expected/);
});

it("counts the helper's parts beyond the largest number of a word", () => {
  const words = new ArrayWords(HANDOUT_WORDS);
  const handout = new Handout(words);
  const most = 2 ** 15 - 1;
  for (let done = 0; done < 2 ** 33; done += most) {
    handout.begin(most);
    words.memory[LEFT] = 0;
    words.memory[DONE] = (words.memory[DONE] + most) | 0;
    if (handout.awaited() !== null) expect.fail(`waits for the helper after ${done} parts`);
  }
});

it("gives the owner the first parts and the helper the last", () => {
  const words = new ArrayWords(HANDOUT_WORDS);
  const handout = new Handout(words);
  for (const parts of [5, 2 ** 15 - 1]) {
    handout.begin(parts);
    expect([handout.take(), takeLast(words), handout.take(), takeLast(words)]).toEqual([
      0,
      parts - 1,
      1,
      parts - 2,
    ]);
    for (let part = 2; part < parts - 2; part++) expect(handout.take()).toBe(part);
    expect([takeLast(words), handout.take(), words.memory[LEFT]]).toEqual([-1, -1, 0]);
    for (const _ of "ab") partDone(words);
    expect(handout.awaited()).toBeNull();
  }
});

it("cuts copies into parts of whole pages, one for each taker at least, and no more than a word counts", () => {
  expect(partBytesOf(2 ** 26, 2)).toBe(2 ** 18);
  expect(partBytesOf(2 ** 18, 4)).toBe(2 ** 16);
  expect(partBytesOf(10_000, 2)).toBe(8192);
  expect(Math.ceil(2 ** 40 / partBytesOf(2 ** 40, 2))).toBeLessThan(2 ** 15);
  expect(partBytesOf(2 ** 40, 2) % 4096).toBe(0);
});
