import { describe, expect, test } from "vitest";
import type { Words } from "../../dist/comm/engine.js";
import { IndexSet, type Fanout } from "../../dist/batch/indexset.js";
import { DONE, FAILED, OPEN, RUNNING, type TaskState } from "../../dist/batch/states.js";
import { TaskTable } from "../../dist/batch/table.js";
import { abandoned, doorOf, stateOf, withState, type Door } from "../../dist/batch/taskword.js";
import { ArrayWords, explore } from "./batch-words.ts";

const TINY: Fanout = { bottom: 2, above: 2 };

type Memory = new (count: number) => ArrayWords;

/** Memory that forgets to count insertions on their way up: what the tree of bits would be without its counts. */
class UncountingWords extends ArrayWords {
  override add(rank: number, index: number, value: number): number {
    return value > 1 ? this.load(rank, index) : super.add(rank, index, value);
  }
}

/** Memory that forgets the tally: what a search would be that always begins where it was. */
class TallylessWords extends ArrayWords {
  override add(rank: number, index: number, value: number): number {
    return value === 1 ? this.load(rank, index) : super.add(rank, index, value);
  }
}

/** Memory whose compare-exchange stores in any case, and says that it succeeded. */
class BlindWords extends ArrayWords {
  override compareExchange(rank: number, index: number, expected: number, value: number): number {
    this.exchange(rank, index, value);
    return expected;
  }
}

function ascending(a: number, b: number): number {
  return a - b;
}

/** Takes the lowest until it has one; −1 if there is none. */
function takeLowest(set: IndexSet): number {
  for (;;) {
    const number = set.lowest();
    if (number < 0 || set.take(number)) return number;
  }
}

function contents(set: IndexSet): number[] {
  const numbers: number[] = [];
  for (let number = takeLowest(set); number >= 0; number = takeLowest(set)) numbers.push(number);
  return numbers;
}

function inserting(number: number): (set: IndexSet) => number {
  return (set) => {
    set.insert(number);
    return -1;
  };
}

function insertAndLook(set: IndexSet): number {
  set.insert(1);
  return set.lowest();
}

function lookInsertLook(set: IndexSet): number {
  set.lowest();
  set.insert(0);
  return set.lowest();
}

describe("IndexSet", () => {
  const SIZE = 8;

  /** Ranks that share a set: what each does with its view of it, and what must be true of the results and what is left. */
  function search<R>(
    first: readonly number[],
    ranks: readonly ((set: IndexSet) => R)[],
    check: (results: readonly R[], left: readonly number[]) => void,
    Kind: Memory = ArrayWords,
  ): number {
    const words = new Kind(IndexSet.wordsFor(SIZE, TINY));
    const setIn = (memory: Words) => new IndexSet(memory, 0, 0, SIZE, TINY);
    setIn(words).fill(first);
    return explore({
      words,
      ranks: ranks.map((act) => (memory) => act(setIn(memory))),
      check: (memory, results) => check(results, contents(setIn(memory))),
    });
  }

  /** One rank takes, the other puts in and then looks: what it has put in must be there, or have been taken. */
  function insertWhileTaking(Kind: Memory): number {
    return search(
      [0],
      [takeLowest, insertAndLook],
      ([taken, seen], left) => {
        expect([taken, ...left].toSorted(ascending)).toEqual([0, 1]);
        expect(taken === 1 ? [0, -1, 1] : [0, 1]).toContain(seen);
      },
      Kind,
    );
  }

  test("a number put in while its subtree is emptied is found at once", () => {
    expect(insertWhileTaking(ArrayWords)).toBeGreaterThan(200);
  });

  test("the same search finds the loss if insertions are not counted", () => {
    expect(() => insertWhileTaking(UncountingWords)).toThrow(/expected/);
  });

  /** One rank has looked far up already when others take and put in: what it puts in itself, it must find from then on. */
  function lookAgain(Kind: Memory): number {
    return search(
      [4, 5],
      [lookInsertLook, takeLowest],
      ([seen, taken], left) => {
        expect([taken, ...left].toSorted(ascending)).toEqual([0, 4, 5]);
        expect(taken === 0 ? [0, 4] : [0]).toContain(seen);
      },
      Kind,
    );
  }

  test("a rank that begins where it was finds what was put in below", () => {
    expect(lookAgain(ArrayWords)).toBeGreaterThan(100);
  });

  test("the same search finds the miss without the tally", () => {
    expect(() => lookAgain(TallylessWords)).toThrow(/expected/);
  });

  test("two ranks that take and one that puts in lose nothing and take nothing twice", () => {
    const states = search([0, 2], [takeLowest, takeLowest, inserting(1)], (results, left) => {
      const taken = results.filter((number) => number >= 0);
      expect(taken.length).toBe(2);
      expect([...taken, ...left].toSorted(ascending)).toEqual([0, 1, 2]);
    });
    expect(states).toBeGreaterThan(1000);
  });

  test("two ranks that put in, one that takes, in one subtree", () => {
    const states = search([0], [takeLowest, inserting(1), inserting(2)], ([taken], left) => {
      expect([taken, ...left].toSorted(ascending)).toEqual([0, 1, 2]);
    });
    expect(states).toBeGreaterThan(1000);
  });
});

/** Claims until nothing is left, and returns the tasks in order. */
function claimAll(table: TaskTable, doors: readonly Door[] = [OPEN], most = Infinity): number[] {
  const tasks: number[] = [];
  while (tasks.length < most) {
    const claim = table.claim(doors);
    if (claim === null) break;
    tasks.push(claim.task);
  }
  return tasks;
}

function claiming(doors: readonly Door[], most: number): (table: TaskTable) => number[] {
  return (table) => claimAll(table, doors, most);
}

function setting(task: number, ...states: readonly TaskState[]): (table: TaskTable) => number[] {
  return (table) => {
    for (const state of states) table.change(task, (word) => withState(word, state));
    return [];
  };
}

function openAndClaim(table: TaskTable): number[] {
  return [...setting(1, OPEN)(table), ...claimAll(table)];
}

function claimAndReturn(table: TaskTable): number[] {
  const claim = table.claim([OPEN]);
  return claim ? setting(claim.task, OPEN)(table) : [];
}

function claimAndLeave(table: TaskTable): number[] {
  const claim = table.claim([OPEN]);
  if (!claim) return [];
  table.change(claim.task, (word) => (word === claim.word ? abandoned(word) : null));
  return [claim.task];
}

function finishAndAsk(table: TaskTable): number[] {
  return [...setting(0, DONE)(table), ...claimAll(table, [DONE], 1)];
}

describe("TaskTable", () => {
  const DOORS_ALL: readonly Door[] = [OPEN, RUNNING, DONE, FAILED];

  /** At rest: every task that is available is found, whatever happened before. */
  function expectAllFound(table: TaskTable, count: number): void {
    const available: number[] = [];
    for (let task = 0; task < count; task++) {
      if (doorOf(table.read(task)) !== null) available.push(task);
    }
    expect(claimAll(table, DOORS_ALL).toSorted(ascending)).toEqual(available);
  }

  /** Ranks that share a table: what each does with its view of it, and what must be true of the results and the table. */
  function search(
    states: readonly TaskState[],
    ranks: readonly ((table: TaskTable) => number[])[],
    check: (results: readonly number[][], table: TaskTable) => void,
    Kind: Memory = ArrayWords,
  ): number {
    const words = new Kind(TaskTable.wordsFor(states.length, TINY));
    const tableIn = (memory: Words) => new TaskTable(memory, 0, states.length, TINY);
    tableIn(words).fill(states);
    return explore({
      words,
      ranks: ranks.map((act) => (memory) => act(tableIn(memory))),
      check(memory, results) {
        check(results, tableIn(memory));
        expectAllFound(tableIn(memory), states.length);
      },
    });
  }

  function claimTwice(Kind: Memory): number {
    return search(
      [OPEN, OPEN, OPEN],
      [claimAll, claiming([OPEN], 1)],
      (results) => {
        expect(results.flat().toSorted(ascending)).toEqual([0, 1, 2]);
        for (const tasks of results) expect(tasks).toEqual(tasks.toSorted(ascending));
      },
      Kind,
    );
  }

  test("two ranks claim every task exactly once, lowest first", () => {
    expect(claimTwice(ArrayWords)).toBeGreaterThan(500);
  });

  test.each([
    ["two ranks, both of which may crash", [claimAll, claiming([OPEN], 1)], 2, 2],
    ["three ranks, two of which crash", [claiming([OPEN], 1), claiming([OPEN], 1), claimAll], 2, 2],
    ["four ranks, one of which crashes", Array(4).fill(claiming([OPEN], 1)), 1, 1],
  ] as const)(
    "claims are made once, and only what a rank had in hand is lost: %s",
    (_, ranks, tasks, crashes) => {
      const words = new ArrayWords(TaskTable.wordsFor(tasks, TINY));
      const tableIn = (memory: Words) => new TaskTable(memory, 0, tasks, TINY);
      tableIn(words).fill(Array.from({ length: tasks }, () => OPEN));
      const states = explore<number[]>({
        words,
        ranks: ranks.map((act) => (memory) => act(tableIn(memory))),
        crashes,
        check(memory, results) {
          const claimed = results.flat();
          expect(new Set(claimed).size).toBe(claimed.length);
          const table = tableIn(memory);
          const later = claimAll(table);
          expect(later.filter((task) => claimed.includes(task))).toEqual([]);
          const open = Array.from({ length: tasks }, (_one, task) => task).filter(
            (task) => stateOf(table.read(task)) === OPEN,
          );
          expect(open.length).toBeLessThanOrEqual(ranks.length - results.length);
        },
      });
      expect(states).toBeGreaterThan(500);
    },
  );

  test("the same search finds double claims if a compare-exchange stores blindly", () => {
    expect(() => claimTwice(BlindWords)).toThrow(/expected/);
  });

  test("three ranks claim three tasks", () => {
    const states = search(
      [OPEN, OPEN, OPEN],
      [claiming([OPEN], 1), claiming([OPEN], 1), claiming([OPEN], 1)],
      (results) => {
        expect(results.flat().toSorted(ascending)).toEqual([0, 1, 2]);
      },
    );
    expect(states).toBeGreaterThan(1000);
  });

  test("a task set OPEN while others claim is available when the call returns", () => {
    const states = search([OPEN, DONE, DONE], [claimAll, openAndClaim], (results) => {
      expect(results.flat().toSorted(ascending)).toEqual([0, 1]);
    });
    expect(states).toBeGreaterThan(500);
  });

  test("a task set DONE by hand while others claim it is handed out at most once, and not lost", () => {
    const states = search([OPEN, OPEN, DONE], [claimAll, setting(1, DONE, OPEN)], ([tasks], table) => {
      // Set back to OPEN after it was claimed, it is available once more.
      expect([[0], [0, 1], [0, 1, 1]]).toContainEqual(tasks);
      const state = stateOf(table.read(1));
      expect(tasks.length === 1 ? state === OPEN : true).toBe(true);
    });
    expect(states).toBeGreaterThan(500);
  });

  test("a claim handed back is claimed by the other rank, or left to be found", () => {
    const states = search([OPEN, DONE, DONE], [claimAndReturn, claiming([OPEN], 2)], ([, tasks]) => {
      expect([[], [0], [0, 0]]).toContainEqual(tasks);
    });
    expect(states).toBeGreaterThan(300);
  });

  test("a task left by its worker goes to one other, through its door, once", () => {
    const states = search([OPEN, DONE, DONE], [claimAndLeave, claiming([OPEN, RUNNING], 2)], (results) => {
      expect([
        [[0], []],
        [[0], [0]],
        [[], [0]],
      ]).toContainEqual(results);
    });
    expect(states).toBeGreaterThan(300);
  });

  /** Memory of two tasks in which the word before theirs does not go from COMPLETE to MISSING. */
  class NotelessWords extends ArrayWords {
    override compareExchange(rank: number, index: number, expected: number, value: number): number {
      const noting = index === this.memory.length - 3 && value === 1;
      return noting ? this.load(rank, index) : super.compareExchange(rank, index, expected, value);
    }
  }

  /** Tasks become DONE while ranks ask for DONE ones for the first time, which nobody has put into their set before. */
  function askForDone(Kind: Memory): number {
    return search(
      [RUNNING, OPEN],
      [claiming([DONE], 1), finishAndAsk],
      (results) => expect(results.flat()).toEqual([0]),
      Kind,
    );
  }

  test("a task that becomes DONE while the first rank asks for such is found by one that asks afterwards", () => {
    expect(askForDone(ArrayWords)).toBeGreaterThan(50);
  });

  test("the same search finds the loss if nobody notes that a task is missing", () => {
    expect(() => askForDone(NotelessWords)).toThrow(/expected/);
  });

  test("tasks that became DONE before anybody asked go to ranks that ask at once, each to one", () => {
    const states = search(
      [DONE, RUNNING],
      [setting(1, DONE), claiming([DONE], 1), claiming([DONE], 1)],
      (results) => {
        expect([[0], [0, 1]]).toContainEqual(results.flat().toSorted(ascending));
      },
    );
    expect(states).toBeGreaterThan(300);
  });
});
