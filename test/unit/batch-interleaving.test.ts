import { describe, expect, test } from "vitest";
import { IndexSet, type Fanout } from "../../dist/batch/indexset.js";
import type { Protocol } from "../../dist/batch/protocol.js";
import { DONE, FAILED, OPEN, RUNNING, type TaskState } from "../../dist/batch/states.js";
import { TaskTable } from "../../dist/batch/table.js";
import { abandoned, doorOf, stateOf, withState, type Door } from "../../dist/batch/taskword.js";
import { alone, ArrayWords, explore, type Scenario } from "./batch-words.ts";

const TINY: Fanout = { bottom: 2, above: 2 };

/** Memory that forgets to count insertions: what the tree of bits would be without its counts. */
class UncountingWords extends ArrayWords {
  override add(rank: number, index: number): number {
    return this.load(rank, index);
  }
}

/** Memory whose compare-exchange stores in any case, and says that it succeeded. */
class BlindWords extends ArrayWords {
  override compareExchange(rank: number, index: number, expected: number, value: number): number {
    super.exchange(rank, index, value);
    this.last = expected;
    return expected;
  }
}

function ascending(a: number, b: number): number {
  return a - b;
}

/** Takes the lowest until it has one; −1 if there is none. */
function* takeLowest(set: IndexSet): Protocol<number> {
  for (;;) {
    const number = yield* set.lowest();
    if (number < 0 || (yield* set.take(number))) return number;
  }
}

function tableOf<W extends ArrayWords>(
  states: readonly TaskState[],
  make: (count: number) => W,
): { words: () => W; table: (words: W) => TaskTable } {
  const table = (words: W) => new TaskTable(words, 0, states.length, TINY);
  const words = () => {
    const made = make(TaskTable.wordsFor(states.length, TINY));
    table(made).fill(states);
    return made;
  };
  return { words, table };
}

/** Claims until nothing is left, and returns the tasks in order. */
function* claimAll(table: TaskTable, doors: readonly Door[] = [OPEN], most = Infinity): Protocol<number[]> {
  const tasks: number[] = [];
  while (tasks.length < most) {
    const claim = yield* table.claim(doors);
    if (claim === null) break;
    tasks.push(claim.task);
  }
  return tasks;
}

describe("IndexSet", () => {
  const size = 8;

  function setOf<W extends ArrayWords>(numbers: readonly number[], make: (count: number) => W): () => W {
    return () => {
      const words = make(IndexSet.wordsFor(size, TINY));
      inSet(words).fill(numbers);
      words.accesses = 0;
      return words;
    };
  }

  function inSet(words: ArrayWords): IndexSet {
    return new IndexSet(words, 0, 0, size, TINY);
  }

  function contents(words: ArrayWords): number[] {
    const numbers: number[] = [];
    for (;;) {
      const number = alone(takeLowest(inSet(words)));
      if (number < 0) return numbers;
      numbers.push(number);
    }
  }

  /** One rank takes, the other puts in and then looks: what it has put in must be there, or have been taken. */
  function insertWhileTaking<W extends ArrayWords>(make: (count: number) => W): Scenario<W, number> {
    return {
      words: setOf([0], make),
      ranks: [
        (words) => takeLowest(inSet(words)),
        function* (words) {
          yield* inSet(words).insert(1);
          return yield* inSet(words).lowest();
        },
      ],
      check(words, [taken, seen]) {
        const left = contents(words);
        expect([taken, ...left].toSorted(ascending)).toEqual([0, 1]);
        expect(taken === 1 ? [0, -1, 1] : [0, 1]).toContain(seen);
      },
    };
  }

  test("a number put in while its subtree is emptied is found at once", () => {
    expect(explore(insertWhileTaking((count) => new ArrayWords(count)))).toBeGreaterThan(200);
  });

  test("the same search finds the loss if insertions are not counted", () => {
    expect(() => explore(insertWhileTaking((count) => new UncountingWords(count)))).toThrow(/expected/);
  });

  test("two ranks that take and one that puts in lose nothing and take nothing twice", () => {
    const states = explore<ArrayWords, number>({
      words: setOf([0, 2], (count) => new ArrayWords(count)),
      ranks: [
        (words) => takeLowest(inSet(words)),
        (words) => takeLowest(inSet(words)),
        function* (words) {
          yield* inSet(words).insert(1);
          return -1;
        },
      ],
      check(words, results) {
        const taken = results.filter((number) => number >= 0);
        expect(taken.length).toBe(2);
        expect([...taken, ...contents(words)].toSorted(ascending)).toEqual([0, 1, 2]);
      },
    });
    expect(states).toBeGreaterThan(0);
  });

  test("two ranks that put in, one that takes, in one subtree", () => {
    const states = explore<ArrayWords, number>({
      words: setOf([0], (count) => new ArrayWords(count)),
      ranks: [
        (words) => takeLowest(inSet(words)),
        function* (words) {
          yield* inSet(words).insert(1);
          return -2;
        },
        function* (words) {
          yield* inSet(words).insert(2);
          return -2;
        },
      ],
      check(words, [taken]) {
        expect([taken, ...contents(words)].toSorted(ascending)).toEqual([0, 1, 2]);
      },
    });
    expect(states).toBeGreaterThan(0);
  });
});

describe("TaskTable", () => {
  const DOORS_ALL: readonly Door[] = [OPEN, RUNNING, DONE, FAILED];

  /** At rest: every task that is available is found, whatever happened before. */
  function expectAllFound(table: TaskTable, count: number): void {
    const available: number[] = [];
    for (let task = 0; task < count; task++) {
      if (doorOf(alone(table.read(task))) !== null) available.push(task);
    }
    expect(alone(claimAll(table, DOORS_ALL)).toSorted(ascending)).toEqual(available);
  }

  function claimTwice<W extends ArrayWords>(make: (count: number) => W): Scenario<W, number[]> {
    const { words, table } = tableOf([OPEN, OPEN, OPEN], make);
    return {
      words,
      ranks: [(w) => claimAll(table(w)), (w) => claimAll(table(w), [OPEN], 1)],
      check(w, results) {
        expect(results.flat().toSorted(ascending)).toEqual([0, 1, 2]);
        for (const tasks of results) expect(tasks).toEqual(tasks.toSorted(ascending));
        expectAllFound(table(w), 3);
      },
    };
  }

  test("two ranks claim every task exactly once, lowest first", () => {
    expect(explore(claimTwice((count) => new ArrayWords(count)))).toBeGreaterThan(500);
  });

  test("the same search finds double claims if a compare-exchange stores blindly", () => {
    expect(() => explore(claimTwice((count) => new BlindWords(count)))).toThrow(/expected/);
  });

  test("three ranks claim three tasks", () => {
    const { words, table } = tableOf([OPEN, OPEN, OPEN], (count) => new ArrayWords(count));
    const claimOne = (w: ArrayWords) => claimAll(table(w), [OPEN], 1);
    const states = explore<ArrayWords, number[]>({
      words,
      ranks: [claimOne, claimOne, claimOne],
      check(w, results) {
        expect(results.flat().toSorted(ascending)).toEqual([0, 1, 2]);
        expectAllFound(table(w), 3);
      },
    });
    expect(states).toBeGreaterThan(1000);
  });

  test("a task set OPEN while others claim is available when the call returns", () => {
    const { words, table } = tableOf([OPEN, DONE, DONE], (count) => new ArrayWords(count));
    const states = explore<ArrayWords, number[]>({
      words,
      ranks: [
        (w) => claimAll(table(w)),
        function* (w) {
          yield* table(w).change(1, (word) => withState(word, OPEN));
          return yield* claimAll(table(w));
        },
      ],
      check(w, results) {
        expect(results.flat().toSorted(ascending)).toEqual([0, 1]);
        expectAllFound(table(w), 3);
      },
    });
    expect(states).toBeGreaterThan(500);
  });

  test("a task set DONE by hand while others claim it is handed out at most once, and not lost", () => {
    const { words, table } = tableOf([OPEN, OPEN, DONE], (count) => new ArrayWords(count));
    const states = explore<ArrayWords, number[]>({
      words,
      ranks: [
        (w) => claimAll(table(w)),
        function* (w) {
          yield* table(w).change(1, (word) => withState(word, DONE));
          yield* table(w).change(1, (word) => withState(word, OPEN));
          return [];
        },
      ],
      check(w, [tasks]) {
        // Set back to OPEN after it was claimed, it is available once more.
        expect([[0], [0, 1], [0, 1, 1]]).toContainEqual(tasks);
        const state = stateOf(alone(table(w).read(1)));
        expect(tasks.length === 1 ? state === OPEN : true).toBe(true);
        expectAllFound(table(w), 3);
      },
    });
    expect(states).toBeGreaterThan(500);
  });

  test("a claim handed back is claimed by the other rank, or left to be found", () => {
    const { words, table } = tableOf([OPEN, DONE, DONE], (count) => new ArrayWords(count));
    const states = explore<ArrayWords, number[]>({
      words,
      ranks: [
        function* (w) {
          const claim = yield* table(w).claim([OPEN]);
          if (claim) yield* table(w).change(claim.task, (word) => withState(word, OPEN));
          return [];
        },
        (w) => claimAll(table(w), [OPEN], 2),
      ],
      check(w, [, tasks]) {
        expect([[], [0], [0, 0]]).toContainEqual(tasks);
        expectAllFound(table(w), 3);
      },
    });
    expect(states).toBeGreaterThan(300);
  });

  test("a task left by its worker goes to one other, through its door, once", () => {
    const { words, table } = tableOf([OPEN, DONE, DONE], (count) => new ArrayWords(count));
    const states = explore<ArrayWords, number[]>({
      words,
      ranks: [
        function* (w) {
          const claim = yield* table(w).claim([OPEN]);
          if (claim)
            yield* table(w).change(claim.task, (word) => (word === claim.word ? abandoned(word) : null));
          return claim ? [claim.task] : [];
        },
        (w) => claimAll(table(w), [OPEN, RUNNING], 2),
      ],
      check(w, results) {
        expect([
          [[0], []],
          [[0], [0]],
          [[], [0]],
        ]).toContainEqual(results);
        expectAllFound(table(w), 3);
      },
    });
    expect(states).toBeGreaterThan(300);
  });
});
