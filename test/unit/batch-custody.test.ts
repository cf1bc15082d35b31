import { lstatSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
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
import { isBusy, isLive, stateOf, type Door } from "../../dist/batch/taskword.js";
import { Tasks } from "../../dist/batch/tasks.js";
import { ArrayWords } from "./batch-words.ts";

/**
 * What ranks of one batch do to one task at the same time: each thing that one of them does is broken off at every point at which another can
 * come between, and there the other does something else, which may be broken off in the same way by a third.
 */
let folder: string;
let sites = 0;
beforeAll(() => (folder = mkdtempSync(join(tmpdir(), "batch-custody-"))));
afterAll(() => rmSync(folder, { recursive: true }));

/** What happens at which point, counted from the beginning of the first act. */
type Plan = ReadonlyMap<number, () => void>;

class Site {
  readonly path: string;
  readonly ranks: readonly Tasks[];
  readonly table: TaskTable;
  points = 0;
  plan: Plan = new Map();

  constructor() {
    this.path = join(folder, String(sites++));
    mkdirSync(this.path);
    const point = () => this.plan.get(this.points++)?.();
    const words = new PointedWords(TaskTable.wordsFor(1), point);
    this.table = new TaskTable(words, 0, 1);
    this.ranks = [0, 1, 2].map((rank) => {
      const directory = new PointedDirectory(this.path, ["t"], "batch", rank, 0);
      directory.point = point;
      if (rank === 0) this.table.fill(directory.prepare(null));
      return new Tasks(this.table, directory, 1);
    });
  }

  run(act: () => void, plan: Plan): number {
    this.points = 0;
    this.plan = plan;
    act();
    this.plan = new Map();
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

/** Another rank may come between any two of these; reading and what follows are two. */
class PointedDirectory extends TaskDirectory {
  point = () => {};

  override acquire(task: number, force: boolean): boolean {
    this.point();
    return super.acquire(task, force);
  }

  override read(task: number): TaskState {
    this.point();
    const state = super.read(task);
    this.point();
    return state;
  }

  override settle(task: number, state: TaskState): void {
    this.point();
    super.settle(task, state);
  }

  override override(task: number, state: TaskState): void {
    this.point();
    super.override(task, state);
    this.point();
  }

  override drop(task: number): void {
    this.point();
    super.drop(task);
  }
}

interface Act {
  readonly name: string;
  /** What the rank has done before. */
  readonly before?: (tasks: Tasks) => void;
  readonly act: (tasks: Tasks) => void;
  /** The state that it sets. */
  readonly sets?: TaskState;
}

const next = (...doors: Door[]) => {
  return (tasks: Tasks) => void tasks.next([OPEN, ...doors], doors.includes(RUNNING));
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
  { name: "leaves it", before: next(), act: (tasks) => tasks.leave() },
  { name: "puts it back", before: next(), act: (tasks) => tasks.undo() },
  { name: "ends its work", before: next(), act: (tasks) => tasks.set(0, DONE), sets: DONE },
  set(FAILED),
  set(RUNNING),
];
const SECOND: readonly Act[] = [set(OPEN), set(RUNNING), set(DONE), set(INVALID), NEXT, ANY];
const THIRD: readonly Act[] = [set(FAILED), set(OPEN), ANY];

/** All is as if one had come after the other. */
function check(site: Site, acts: readonly Act[]): void {
  const { word, onFile } = site;
  expect(isBusy(word)).toBe(false);
  expect(onFile).toEqual({ state: stateToString(stateOf(word)), isClaimed: isLive(word) });
  if (acts.every(({ sets }) => sets !== undefined))
    expect(acts.map(({ sets }) => sets)).toContain(stateOf(word));
  const left = readdirSync(join(site.path, "t")).filter((name) => !["state", "claim"].includes(name));
  expect(left.filter((name) => !name.startsWith(".pshmem-"))).toEqual([]);
}

function begin(first: Act): Site {
  const site = new Site();
  first.before?.(site.ranks[0]);
  return site;
}

describe.for(FIRST.map((act) => [act.name, act] as const))("while one rank %s", ([, first]) => {
  test.for(SECOND.map((act) => [act.name, act] as const))("another %s, at any point", ([, second]) => {
    const points = begin(first).run(() => {}, new Map());
    expect(points).toBe(0);
    for (let at = 0, most = 1; at < most; at++) {
      const site = begin(first);
      const plan = new Map([[at, () => second.act(site.ranks[1])]]);
      most = Math.max(
        most,
        site.run(() => first.act(site.ranks[0]), plan),
      );
      check(site, [first, second]);
    }
  });

  test.for(THIRD.map((act) => [act.name, act] as const))("another comes, and a third %s", ([, third]) => {
    for (const second of SECOND) {
      for (let at = 0, end = 1; at < end; at++) {
        for (let then = at + 1, most = then + 1; then < most; then++) {
          const site = begin(first);
          const plan = new Map([
            [at, () => second.act(site.ranks[1])],
            [then, () => third.act(site.ranks[2])],
          ]);
          most = site.run(() => first.act(site.ranks[0]), plan);
          end = Math.max(end, most);
          check(site, [first, second, third]);
        }
      }
    }
  });
});
