import { array, assert, constantFrom, nat, property, record, uniqueArray } from "fast-check";
import { describe, expect, test } from "vitest";
import { IndexSet } from "../../dist/batch/indexset.js";
import { DONE, FAILED, INVALID, OPEN, RUNNING, type TaskState } from "../../dist/batch/states.js";
import { TaskTable } from "../../dist/batch/table.js";
import { abandoned, restored, stateOf, withState, type Door } from "../../dist/batch/taskword.js";
import { ArrayWords } from "./batch-words.ts";

function tableOf(states: ArrayLike<TaskState>): { words: ArrayWords; table: TaskTable } {
  const words = new ArrayWords(TaskTable.wordsFor(states.length));
  const table = new TaskTable(words, 0, states.length);
  table.fill(states);
  words.accesses = 0;
  return { words, table };
}

function next(table: TaskTable, ...doors: Door[]): number | null {
  return table.claim([OPEN, ...doors])?.task ?? null;
}

function set(table: TaskTable, task: number, state: TaskState): void {
  table.change(task, (word) => withState(word, state));
}

test("a table of open tasks is filled as one by one, without a list of them", () => {
  for (const count of [0, 1, 2, 31, 32, 33, 511, 512, 513, 5000, 8192, 8193, 100_000]) {
    const { words } = tableOf(Array.from({ length: count }, () => OPEN));
    const whole = new ArrayWords(TaskTable.wordsFor(count));
    new TaskTable(whole, 0, count).fill(null);
    expect(whole.memory).toEqual(words.memory);
  }
});

describe("the cost of a claim", () => {
  for (const count of [100, 10_000, 1_000_000]) {
    test(`is bounded for ${count} tasks`, () => {
      const { words, table } = tableOf(Array.from({ length: count }, () => OPEN));
      let most = 0;
      let claims = 0;
      for (;;) {
        const before = words.accesses;
        const claim = table.claim([OPEN, RUNNING, DONE, FAILED]);
        most = Math.max(most, words.accesses - before);
        if (claim === null) break;
        if (claim.task === claims) claims++;
      }
      // In order, and all of them.
      expect(claims).toBe(count);
      // Four sets of five levels are looked at, four words change, and an emptied subtree is cut off up to the top.
      expect(most).toBeLessThanOrEqual(40);
      // One claim in 32 empties a word; all but those cost the same.
      expect(words.accesses / count).toBeLessThan(16);
    });
  }

  test("of putting a task back does not grow with the tasks", () => {
    const { words, table } = tableOf(Array.from({ length: 1_000_000 }, () => DONE));
    for (const task of [0, 31, 32, 999_999, 500_000]) {
      const before = words.accesses;
      set(table, task, OPEN);
      expect(words.accesses - before).toBeLessThanOrEqual(13);
    }
  });
});

test("IndexSet agrees with a plain set", () => {
  const command = record({ what: constantFrom("insert", "take", "lowest"), number: nat(2000) });
  assert(
    property(uniqueArray(nat(2000)), array(command, { maxLength: 200 }), (initial, commands) => {
      const bits = new IndexSet(new ArrayWords(IndexSet.wordsFor(2001)), 0, 0, 2001);
      const model = new Set(initial);
      bits.fill(initial);
      for (const { what, number } of commands) {
        if (what === "insert") {
          bits.insert(number);
          model.add(number);
        } else if (what === "take") {
          expect(bits.take(number)).toBe(model.delete(number));
        } else {
          const lowest = model.size === 0 ? -1 : Math.min(...model);
          expect(bits.lowest()).toBe(lowest);
        }
      }
    }),
  );
});

describe("which tasks are handed out", () => {
  test("OPEN ones, lowest first, each once", () => {
    const { table } = tableOf([DONE, OPEN, FAILED, RUNNING, OPEN, INVALID]);
    expect([next(table), next(table), next(table)]).toEqual([1, 4, null]);
  });

  test("none of an empty batch", () => {
    const { table } = tableOf([]);
    expect(next(table, RUNNING, DONE, FAILED)).toBe(null);
  });

  test("those of each further state through its own door, each once", () => {
    for (const state of [RUNNING, DONE, FAILED] as const) {
      const { table } = tableOf([state, state]);
      expect(next(table)).toBe(null);
      expect(next(table, state)).toBe(0);
      set(table, 0, state);
      expect([next(table, state), next(table, state)]).toEqual([1, null]);
    }
  });

  test("one that is set OPEN, again", () => {
    const { table } = tableOf([FAILED, OPEN]);
    expect(next(table, FAILED)).toBe(0);
    set(table, 0, FAILED);
    set(table, 0, OPEN);
    expect([next(table), next(table)]).toEqual([0, 1]);
  });

  test("not a task at work, even if it is said to be RUNNING; but one that its worker has left", () => {
    const { table } = tableOf([OPEN]);
    const claim = table.claim([OPEN])!;
    set(table, 0, RUNNING);
    expect(next(table, RUNNING)).toBe(null);
    table.change(0, abandoned);
    expect(stateOf(table.read(0))).toBe(RUNNING);
    expect([next(table, RUNNING), next(table, RUNNING)]).toEqual([claim.task, null]);
  });

  test("one handed back untouched, as if it had never been taken", () => {
    const { table } = tableOf([FAILED]);
    for (let i = 0; i < 3; i++) {
      const claim = table.claim([FAILED])!;
      table.change(0, (word) => restored(word, claim.before, FAILED, false));
    }
    expect(next(table, FAILED)).toBe(0);
  });

  test("not one that is held back, until its state is set", () => {
    const { table } = tableOf([OPEN]);
    const claim = table.claim([OPEN])!;
    table.change(0, (word) => restored(word, claim.before, OPEN, true));
    expect(next(table)).toBe(null);
    set(table, 0, OPEN);
    expect(next(table)).toBe(0);
  });
});

test("a word changes with every change, also back to the same state", () => {
  const { table } = tableOf([OPEN]);
  const seen = new Set<number>();
  for (let i = 0; i < 1000; i++) {
    set(table, 0, OPEN);
    seen.add(table.read(0));
  }
  expect(seen.size).toBe(1000);
});
