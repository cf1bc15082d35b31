import { existsSync, lstatSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { TaskDirectory } from "../../dist/batch/directory.js";
import {
  DONE,
  FAILED,
  INVALID,
  OPEN,
  RUNNING,
  stateToString,
  type TaskState,
} from "../../dist/batch/states.js";
import { TaskTable } from "../../dist/batch/table.js";
import { doorOf, isBusy, isLive, stateOf, type Door } from "../../dist/batch/taskword.js";
import { Tasks } from "../../dist/batch/tasks.js";
import { ArrayWords } from "./batch-words.ts";

/**
 * What ranks of one batch do to one task at the same time: each thing that one of them does is broken off at every point at which another can
 * come between, and there the other does something else, which may be broken off in the same way by a third.
 */
/** Where files are quick. */
const SHM = "/dev/shm";
let folder: string;
let sites = 0;
beforeAll(() => (folder = mkdtempSync(join(existsSync(SHM) ? SHM : tmpdir(), "batch-custody-"))));
afterAll(() => rmSync(folder, { recursive: true }));

/** What happens at which point, counted from the beginning of the first act. */
type Plan = ReadonlyMap<number, () => void>;

class Site {
  readonly path: string;
  readonly ranks: readonly Tasks[];
  readonly table: TaskTable;
  points = 0;
  plan: Plan = new Map();
  #left = Infinity;
  #failsBefore = true;

  constructor() {
    this.path = join(folder, String(sites++));
    mkdirSync(this.path);
    const point = () => this.plan.get(this.points++)?.();
    const words = new PointedWords(TaskTable.wordsFor(1), point);
    this.table = new TaskTable(words, 0, 1);
    this.ranks = [0, 1, 2].map((rank) => {
      const directory = new PointedDirectory(this.path, ["t"], "batch", rank, 0);
      directory.point = point;
      directory.does = (act) => this.#does(act);
      if (rank === 0) this.table.fill(directory.prepare(null));
      return new Tasks(this.table, directory, 1, () => {
        throw WAITS;
      });
    });
  }

  /** The next so many things done to files succeed, and one fails: before it has come to anything, or after. */
  fail(after: number, before: boolean): void {
    this.#left = after;
    this.#failsBefore = before;
  }

  #does<T>(act: () => T): T {
    const fails = this.#left-- === 0;
    if (fails && this.#failsBefore) throw new Failure();
    const result = act();
    if (fails) throw new Failure();
    return result;
  }

  run(act: () => void, plan: Plan): number {
    this.points = 0;
    this.plan = plan;
    try {
      act();
    } finally {
      this.plan = new Map();
    }
    return this.points;
  }

  /** What is on file: the state, and whether there is a claim. */
  get onFile(): { state: string; isClaimed: boolean } {
    const state = readFileSync(join(this.path, "t", "state"), "utf8").trimEnd();
    const isClaimed = Boolean(lstatSync(join(this.path, "t", "claim"), { throwIfNoEntry: false }));
    return { state, isClaimed };
  }

  get word(): number {
    return this.table.read(0);
  }
}

class PointedWords extends ArrayWords {
  readonly #point: () => void;

  constructor(count: number, point: () => void) {
    super(count);
    this.#point = point;
  }

  override compareExchange(rank: number, index: number, expected: number, value: number): number {
    this.#point();
    return super.compareExchange(rank, index, expected, value);
  }
}

/** What files fail with here. */
class Failure extends Error {}

/** Another rank may come between any two of these; reading and what follows are two. */
class PointedDirectory extends TaskDirectory {
  point = () => {};
  /** Carries out what is done to files, which may fail. */
  does = <T>(act: () => T): T => act();

  override acquire(task: number, force: boolean): boolean {
    this.point();
    return this.does(() => super.acquire(task, force));
  }

  override read(task: number): TaskState {
    this.point();
    const state = this.does(() => super.read(task));
    this.point();
    return state;
  }

  override settle(task: number, state: TaskState): void {
    this.point();
    this.does(() => super.settle(task, state));
  }

  override override(task: number, state: TaskState): void {
    this.point();
    this.does(() => super.override(task, state));
    this.point();
  }

  override drop(task: number): void {
    this.point();
    this.does(() => super.drop(task));
  }

  override disown(task: number): boolean {
    this.point();
    return this.does(() => super.disown(task));
  }
}

/** What ends an act that would wait for the one that it came between. */
const WAITS = new Error("waits");

interface Act {
  readonly name: string;
  /** What the rank has done before. */
  readonly before?: (tasks: Tasks) => void;
  /** True if it got the task. */
  readonly act: (tasks: Tasks) => boolean | void;
  /** The state that it sets last. */
  readonly sets?: TaskState;
  /** It gives back a task that the rank has been handed, and has not returned untouched. */
  readonly hadIt?: true;
}

const next = (...doors: Door[]) => {
  return (tasks: Tasks): boolean => {
    try {
      return tasks.next([OPEN, ...doors], doors.includes(RUNNING)) !== null;
    } catch (error) {
      if (error !== WAITS) throw error;
      return false;
    }
  };
};
const set = (state: TaskState): Act => ({
  name: `sets ${stateToString(state)}`,
  act: (tasks) => tasks.set(0, state),
  sets: state,
});

const NEXT: Act = { name: "takes it, if it is OPEN", act: next() };
const ANY: Act = { name: "takes it, in whatever state", act: next(RUNNING, DONE, FAILED) };
const FIRST: readonly Act[] = [
  NEXT,
  { name: "takes it, though it is RUNNING", before: (tasks) => tasks.set(0, RUNNING), act: next(RUNNING) },
  { name: "takes it, though it has FAILED", before: (tasks) => tasks.set(0, FAILED), act: next(FAILED) },
  { name: "leaves it", before: next(), act: (tasks) => tasks.leave(), hadIt: true },
  { name: "puts it back", before: next(), act: (tasks) => tasks.undo() },
  { name: "ends its work", before: next(), act: (tasks) => tasks.set(0, DONE), sets: DONE, hadIt: true },
  set(FAILED),
  set(RUNNING),
];
const TWICE: Act = {
  name: "sets DONE, then RUNNING",
  act: (tasks) => [DONE, RUNNING].forEach((state) => tasks.set(0, state)),
  sets: RUNNING,
};
const SECOND: readonly Act[] = [
  set(OPEN),
  set(RUNNING),
  set(DONE),
  set(FAILED),
  set(INVALID),
  TWICE,
  NEXT,
  ANY,
];
const THIRD: readonly Act[] = [set(FAILED), set(OPEN), ANY];

/** All is as if one had come after the other; `got`: whether any rank has got the task. */
function check(site: Site, acts: readonly Act[], got: boolean): void {
  const { word, onFile } = site;
  expect(isBusy(word)).toBe(false);
  expect(onFile).toEqual({ state: stateToString(stateOf(word)), isClaimed: isLive(word) });
  if (acts.every(({ sets }) => sets !== undefined))
    expect(acts.map(({ sets }) => sets)).toContain(stateOf(word));
  // Who has not been handed out has been through no door.
  if (!got && stateOf(word) !== INVALID) expect(doorOf(word)).toBe(stateOf(word));
  const left = readdirSync(join(site.path, "t")).filter((name) => !["state", "claim"].includes(name));
  expect(left.filter((name) => !name.startsWith(".pshmem-"))).toEqual([]);
}

/** Carries the acts out, the later ones at points of those before; returns how many points there were. */
function play(first: Act, ...others: readonly (readonly [at: number, act: Act])[]): number {
  const site = new Site();
  first.before?.(site.ranks[0]);
  let got = first.hadIt === true;
  const run = (act: Act, rank: number) => (got = act.act(site.ranks[rank]) === true || got);
  const plan = new Map(others.map(([at, act], i) => [at, () => run(act, i + 1)]));
  const points = site.run(() => run(first, 0), plan);
  check(site, [first, ...others.map(([, act]) => act)], got);
  return points;
}

const named = (acts: readonly Act[]) => acts.map((act) => [act.name, act] as const);

describe.for(named(FIRST))("while one rank %s", ([, first]) => {
  test.for(named(SECOND))("another %s, at any point", ([, second]) => {
    for (let at = 0, end = 1; at < end; at++) end = play(first, [at, second]);
  });

  test.for(named(THIRD))("another comes, and a third %s", ([, third]) => {
    for (const second of SECOND) {
      for (let at = 0, ends = 1; at < ends; at++) {
        for (let then = at + 1, end = then + 1; then < end; then++) {
          end = play(first, [at, second], [then, third]);
          ends = Math.max(ends, end);
        }
      }
    }
  });
});

test("RUNNING ends a state that another rank has set, also where this one was at work before", () => {
  const site = new Site();
  const [one, two] = site.ranks;
  one.next([OPEN], false);
  two.set(0, DONE);
  one.set(0, RUNNING);
  expect(site.onFile).toEqual({ state: "RUNNING", isClaimed: false });
  expect(stateOf(site.word)).toBe(RUNNING);
});

describe.for(named(FIRST))("while one rank %s, and files fail", ([, first]) => {
  test.for(named(SECOND))("and another %s, all is well once they do not", ([, second]) => {
    for (let at = 0, end = 1; at < end; at++) {
      for (const before of [true, false]) {
        for (let failing = 0; failing < 8; failing++) {
          const site = new Site();
          first.before?.(site.ranks[0]);
          const plan = new Map([[at, () => survives(() => void second.act(site.ranks[1]))]]);
          site.fail(failing, before);
          survives(
            () =>
              (end = Math.max(
                end,
                site.run(() => first.act(site.ranks[0]), plan),
              )),
          );
          site.fail(Infinity, before);
          expect(isBusy(site.word)).toBe(false);
          // Whoever is at work may leave it; then it can be had, whatever had failed.
          for (const rank of [0, 1]) survives(() => site.ranks[rank].leave());
          expect(isLive(site.word)).toBe(false);
          // What failed half way was told: the file may say what memory does not.
          const isSo = site.onFile.state === stateToString(stateOf(site.word));
          if (!isSo || doorOf(site.word) === null) site.ranks[2].set(0, OPEN);
          expect(ANY.act(site.ranks[1])).toBe(true);
          expect(site.onFile).toEqual({ state: "RUNNING", isClaimed: true });
        }
      }
    }
  });
});

const HOLDER: readonly Act[] = [
  { name: "leaves it", act: (tasks) => tasks.leave() },
  { name: "puts it back", act: (tasks) => tasks.undo() },
  { name: "asks for another", act: next() },
  { name: "ends its work", act: (tasks) => tasks.set(0, DONE), sets: DONE },
];

test.for(named(HOLDER))(
  "a rank %s while another sets a state, at any point, and files fail",
  ([, holder]) => {
    for (const state of [FAILED, OPEN, INVALID]) {
      for (let at = 0, end = 1; at < end; at++) {
        for (let failing = 0; failing < 8; failing++) {
          const site = new Site();
          next()(site.ranks[0]);
          site.fail(failing, true);
          const plan = new Map([[at, () => survives(() => void holder.act(site.ranks[0]))]]);
          survives(
            () =>
              (end = Math.max(
                end,
                site.run(() => site.ranks[1].set(0, state), plan),
              )),
          );
          site.fail(Infinity, true);
          expect(isBusy(site.word)).toBe(false);
          if (holder.sets === undefined) site.ranks[0].leave();
          else survives(() => site.ranks[0].set(0, DONE));
          expect(isLive(site.word)).toBe(false);
        }
      }
    }
  },
);

/** Runs `act`, which may fail as files do. */
function survives(act: () => void): void {
  try {
    act();
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
  }
}
