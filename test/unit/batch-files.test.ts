import { spawnSync } from "node:child_process";
import {
  cpSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { Claimant } from "../../dist/batch/claimant.js";
import { acquireClaim, dropClaim } from "../../dist/batch/claimfile.js";
import { TaskDirectory } from "../../dist/batch/directory.js";
import { lifeOf, newBatchName, newOwner, ownerText, parseOwner, type Owner } from "../../dist/batch/owner.js";
import {
  DONE,
  FAILED,
  INVALID,
  OPEN,
  RUNNING,
  stateToString,
  stringToState,
  type TaskState,
} from "../../dist/batch/states.js";
import { TaskTable } from "../../dist/batch/table.js";
import type { Door } from "../../dist/batch/taskword.js";
import { Tasks } from "../../dist/batch/tasks.js";
import { isPshmemError } from "../../dist/errors.js";
import { ArrayWords } from "./batch-words.ts";

let root: string;
beforeEach(() => (root = mkdtempSync(join(tmpdir(), "batch-"))));
afterEach(() => rmSync(root, { recursive: true, force: true }));

function codeOf(act: () => unknown): string | null {
  try {
    act();
    return null;
  } catch (error) {
    return isPshmemError(error) ? error.code : String(error);
  }
}

/** A batch object of one rank, as a job of its own. */
function job(
  names: readonly string[],
  id: string,
  initial: readonly TaskState[] | null = null,
  few?: number,
): Tasks {
  const directory = new TaskDirectory(join(root, "batch"), names, id, 0, few);
  const table = new TaskTable(new ArrayWords(TaskTable.wordsFor(names.length)), 0, names.length);
  table.fill(directory.prepare(initial));
  return new Tasks(table, directory, names.length);
}

/** One that claims tasks without a batch. */
function claimant(id: string): Claimant {
  return new Claimant(join(root, "batch", `.claim.${id}`), id, 0);
}

function next(tasks: Tasks, ...doors: Door[]): number | null {
  return tasks.next([OPEN, ...doors], doors.includes(RUNNING))?.task ?? null;
}

function stateFile(name: string): string {
  return join(root, "batch", name, "state");
}

function onDisk(names: readonly string[]): string[] {
  return names.map((name) => readFileSync(stateFile(name), "utf8").trimEnd());
}

function leftovers(names: readonly string[]): string[] {
  return names.flatMap((name) => readdirSync(join(root, "batch", name))).filter((file) => file !== "state");
}

/** The owner of a process that has ended. */
function deadOwner(batch = "dead"): Owner {
  const { pid } = spawnSync(process.execPath, ["--version"]);
  return { ...newOwner(batch, 0), pid, started: "1" };
}

/** The same without what a rank otherwise begins to keep only later. */
function jobOfMany(names: readonly string[], id: string): Tasks {
  return job(names, id, null, 0);
}

/** What is kept for the next task, in the directory of the first one, and whatever else is where it should not be. */
function spares(names: readonly string[]): string[] {
  const others = readdirSync(join(root, "batch")).filter((name) => !names.includes(name));
  return [...others, ...readdirSync(join(root, "batch", names[0])).filter((name) => name.startsWith("."))];
}

function claimOf(name: string): string {
  return join(root, "batch", name, "claim");
}

function leaveClaim(name: string, owner: Owner, file = "claim"): void {
  symlinkSync(ownerText(owner), join(root, "batch", name, file));
}

describe("the directory", () => {
  const names = ["a", "b", "c"];

  test("is created with OPEN tasks, and found again as it was left", () => {
    const first = job(names, "one");
    expect(onDisk(names)).toEqual(["OPEN", "OPEN", "OPEN"]);
    expect(next(first)).toBe(0);
    expect(onDisk(names)).toEqual(["RUNNING", "OPEN", "OPEN"]);
    first.set(0, DONE);
    first.set(1, FAILED);
    expect(onDisk(names)).toEqual(["DONE", "FAILED", "OPEN"]);
    const second = job(names, "two");
    expect(next(second)).toBe(2);
    second.set(2, DONE);
    expect(next(second)).toBe(null);
    expect(leftovers(names)).toEqual([]);
  });

  test("a state is one word and a newline", () => {
    job(names, "one").set(1, FAILED);
    expect(readFileSync(stateFile("b"), "utf8")).toBe("FAILED\n");
  });

  test("takes initial states only if it is new", () => {
    job(names, "one", [DONE, OPEN, FAILED]);
    expect(onDisk(names)).toEqual(["DONE", "OPEN", "FAILED"]);
    expect(codeOf(() => job(names, "two", [OPEN, OPEN, OPEN]))).toBe("BAD_ARGUMENT");
  });

  test("a task that is INVALID at the start is offered to nobody, as in memory, until the next job begins", () => {
    const tasks = job(names, "one", [OPEN, INVALID, OPEN]);
    expect(onDisk(names)).toEqual(["OPEN", "INVALID", "OPEN"]);
    expect([next(tasks), next(tasks), next(tasks, RUNNING, DONE, FAILED)]).toEqual([0, 2, 0]);
    expect(tasks.get(1)).toBe(INVALID);
    job(names, "two");
    expect(onDisk(names)).toEqual(["RUNNING", "OPEN", "RUNNING"]);
  });

  test("a task that is INVALID on file begins anew", () => {
    job(names, "one").set(1, INVALID);
    expect(onDisk(names)).toEqual(["OPEN", "INVALID", "OPEN"]);
    const tasks = job(names, "two");
    expect(onDisk(names)).toEqual(["OPEN", "OPEN", "OPEN"]);
    expect([next(tasks), next(tasks)]).toEqual([0, 1]);
  });

  test("blanks and further lines are overlooked as the Python package does", () => {
    job(names, "one");
    writeFileSync(stateFile("a"), "DONE \r\nhello\n");
    writeFileSync(stateFile("b"), "FAILED");
    const tasks = job(names, "two");
    expect([tasks.get(0), tasks.get(1)]).toEqual([DONE, FAILED]);
  });

  test.for(["", "\n", "RUN", "done\n", "DONE2\n", "\0\0\0\0"])("a state file with %j is refused", (text) => {
    job(names, "one");
    writeFileSync(stateFile("b"), text);
    try {
      job(names, "two");
      expect.fail("it was accepted");
    } catch (error) {
      expect(error).toMatchObject({ code: "BAD_STATE_FILE", task: 1, path: stateFile("b") });
    }
  });

  test("what cannot be done is an error with the path", () => {
    writeFileSync(join(root, "batch"), "a file");
    try {
      job(names, "one");
      expect.fail("it was accepted");
    } catch (error) {
      expect(error).toMatchObject({ code: "FILE_SYSTEM", path: join(root, "batch") });
    }
  });
});

/** Written by the Python original; see scripts/make-batch-fixtures.py. */
const FIXTURES = new URL("../../fixtures/batch/", import.meta.url);
interface Fixture {
  readonly names: readonly string[];
  readonly states: readonly number[];
  readonly handedOut: readonly number[];
}
const EXPECTED: Record<string, Fixture> = JSON.parse(
  readFileSync(new URL("expected.json", FIXTURES), "utf8"),
);

describe("directories written by the Python package", () => {
  test.for(Object.keys(EXPECTED))("%s: read alike, and worked through in the same order", (name) => {
    const { names, states, handedOut } = EXPECTED[name];
    cpSync(new URL(`${name}/`, FIXTURES), join(root, "batch"), { recursive: true });
    const tasks = job(names, "one");
    expect(names.map((_, task) => tasks.get(task))).toEqual(states);
    const seen: number[] = [];
    for (let task = next(tasks); task !== null; task = next(tasks)) {
      seen.push(task);
      tasks.set(task, DONE);
    }
    expect(seen).toEqual(handedOut);
  });

  test("and our files are the very same bytes", () => {
    const { names, states } = EXPECTED.finished;
    job(
      names,
      "one",
      states.map((state) => stringToState(stateToString(state))),
    );
    for (const name of names) {
      const theirs = readFileSync(new URL(`finished/${name}/state`, FIXTURES));
      expect(readFileSync(stateFile(name)).equals(theirs)).toBe(true);
    }
  });
});

describe("the files are the truth", () => {
  const names = ["a", "b", "c"];

  test("a task that another job has finished is not handed out", () => {
    const one = job(names, "one");
    const two = job(names, "two");
    expect(next(one)).toBe(0);
    one.set(0, DONE);
    expect(next(two)).toBe(1);
    expect(two.get(0)).toBe(DONE);
  });

  test("a task opened from outside is found before there is said to be none", () => {
    const tasks = job(names, "one");
    for (const task of [0, 1, 2]) {
      expect(next(tasks)).toBe(task);
      tasks.set(task, FAILED);
    }
    expect(next(tasks)).toBe(null);
    writeFileSync(stateFile("b"), "OPEN\n");
    expect(next(tasks)).toBe(1);
  });

  test("a file that turned bad stops nobody from taking the others, and is reported when they are gone", () => {
    const tasks = job(names, "one");
    writeFileSync(stateFile("a"), "rubbish\n");
    expect(codeOf(() => next(tasks))).toBe("BAD_STATE_FILE");
    expect([next(tasks), next(tasks)]).toEqual([1, 2]);
    expect(codeOf(() => next(tasks))).toBe("BAD_STATE_FILE");
    expect(codeOf(() => tasks.get(0))).toBe("BAD_STATE_FILE");
    writeFileSync(stateFile("a"), "OPEN\n");
    expect(next(tasks)).toBe(0);
  });

  test("a state file that is gone makes the task INVALID", () => {
    const tasks = job(names, "one");
    rmSync(stateFile("a"));
    expect(tasks.get(0)).toBe(INVALID);
    expect(next(tasks)).toBe(1);
  });

  test("a task taken and undone is as before", () => {
    const tasks = job(names, "one");
    expect(next(tasks)).toBe(0);
    tasks.undo();
    expect(onDisk(names)).toEqual(["OPEN", "OPEN", "OPEN"]);
    expect(leftovers(names)).toEqual([]);
    expect(next(tasks)).toBe(0);
  });
});

describe("two jobs on one directory", () => {
  const names = Array.from({ length: 50 }, (_, i) => `task_${i}`);

  test("share the tasks, each handed out once", () => {
    const jobs = ["one", "two", "three"].map((id) => job(names, id));
    const order: number[] = [];
    for (let turn = 0; ; turn++) {
      const found = jobs.map((tasks) => next(tasks, ...(turn % 2 ? [RUNNING] : [])));
      if (found.every((task) => task === null)) break;
      for (const [i, task] of found.entries()) {
        if (task === null) continue;
        order.push(task);
        jobs[i].set(task, DONE);
      }
    }
    expect(order.toSorted((a, b) => a - b)).toEqual(names.map((_, i) => i));
    expect(leftovers(names)).toEqual([]);
  });

  test("a task at work in one is not taken by the other, even if RUNNING tasks may be", () => {
    const [one, two] = [job(["a"], "one"), job(["a"], "two")];
    expect(next(one)).toBe(0);
    expect(next(two)).toBe(null);
    expect(next(two, RUNNING)).toBe(null);
    one.leave();
    expect(next(two)).toBe(null);
    expect(next(two, RUNNING)).toBe(0);
    expect(next(one, RUNNING)).toBe(null);
  });

  test("a task at work that is said to be RUNNING is left like any other", () => {
    const [one, two] = [job(["a"], "one"), job(["a"], "two")];
    expect(next(one)).toBe(0);
    one.set(0, RUNNING);
    expect(next(two, RUNNING)).toBe(null);
    one.leave();
    expect(leftovers(["a"])).toEqual([]);
    expect(next(one, RUNNING)).toBe(0);
  });

  test("a job started later does not take what is at work either", () => {
    const one = job(["a", "b"], "one");
    expect(next(one)).toBe(0);
    const two = job(["a", "b"], "two");
    expect(next(two, RUNNING)).toBe(1);
    two.set(1, DONE);
    expect(next(two, RUNNING)).toBe(null);
  });
});

describe("claims left behind", () => {
  const names = ["a"];

  test("a dead job's task is taken with ignoreRunning, and without once it is OPEN", () => {
    job(names, "one").set(0, RUNNING);
    leaveClaim("a", deadOwner());
    expect(next(job(names, "two"))).toBe(null);
    expect(next(job(names, "three"), RUNNING)).toBe(0);

    rmSync(join(root, "batch"), { recursive: true });
    job(names, "one");
    leaveClaim("a", deadOwner());
    const tasks = job(names, "two");
    expect(next(tasks)).toBe(0);
    tasks.set(0, DONE);
    expect(leftovers(names)).toEqual([]);
  });

  test("an owner on another machine is dead only for those who ignore RUNNING", () => {
    job(names, "one").set(0, RUNNING);
    leaveClaim("a", { ...newOwner("far", 0), place: "elsewhere" });
    expect(next(job(names, "two"))).toBe(null);
    const tasks = job(names, "three");
    expect(next(tasks, RUNNING)).toBe(0);
    tasks.set(0, FAILED);
    expect(leftovers(names)).toEqual([]);
  });

  test("an owner in the same job lives, also on another machine", () => {
    const [mine, other, foreign] = [1, 1, 2].map(newBatchName);
    expect(mine).not.toBe(other);
    job(names, "one").set(0, RUNNING);
    leaveClaim("a", { ...newOwner(other, 0), place: "elsewhere" });
    expect(next(job(names, mine), RUNNING)).toBe(null);
    expect(next(job(names, foreign), RUNNING)).toBe(0);
  });

  test("a task set OPEN by hand is free, whoever had it elsewhere", () => {
    const tasks = job(names, "one");
    tasks.set(0, RUNNING);
    leaveClaim("a", { ...newOwner("far", 0), place: "elsewhere" });
    tasks.set(0, OPEN);
    expect(leftovers(names)).toEqual([]);
    expect(next(tasks)).toBe(0);
  });

  test.for([
    ["a file", (path: string) => writeFileSync(path, "")],
    ["a link to something", (path: string) => symlinkSync("state", path)],
  ] as const)("%s in the place of a claim counts as one of another machine", ([, leave]) => {
    job(names, "one").set(0, RUNNING);
    leave(join(root, "batch", "a", "claim"));
    expect(next(job(names, "two"))).toBe(null);
    const tasks = job(names, "three");
    expect(next(tasks, RUNNING)).toBe(0);
    tasks.set(0, DONE);
    expect(onDisk(names)).toEqual(["DONE"]);
  });

  test("a file of somebody else's in the place of a claim stays", () => {
    job(names, "one");
    writeFileSync(claimOf("a"), "mine");
    const tasks = job(names, "two");
    expect(next(tasks, RUNNING)).toBe(0);
    tasks.set(0, DONE);
    expect(leftovers(names)).toEqual(["claim"]);
    expect(readFileSync(claimOf("a"), "utf8")).toBe("mine");
  });

  test("files in the place of a claim and its successor are no endless chain", () => {
    job(names, "one");
    writeFileSync(claimOf("a"), "");
    writeFileSync(join(root, "batch", "a", "claim.after.unreadable"), "");
    const tasks = job(names, "two");
    expect(next(tasks)).toBe(null);
    expect(next(tasks, RUNNING)).toBe(null);
    tasks.set(0, DONE);
    expect(onDisk(names)).toEqual(["DONE"]);
  });

  test("an owner that was taken for dead gives up its own claim, not that of the owner after it", () => {
    const late = job(names, "one");
    expect(next(late)).toBe(0);
    const [first] = readdirSync(join(root, "batch", "a")).filter((file) => file === "claim");
    const owner = parseOwner(readlinkSync(join(root, "batch", "a", first)));
    leaveClaim("a", newOwner("two", 0), `claim.after.${owner.id}`);
    late.leave();
    expect(leftovers(names).length).toBe(2);
    expect(next(job(names, "three"), RUNNING)).toBe(null);
  });

  test("a task put back as RUNNING, as it was, is free", () => {
    job(names, "one").set(0, RUNNING);
    const tasks = job(names, "two");
    expect(next(tasks, RUNNING)).toBe(0);
    tasks.undo();
    expect(onDisk(names)).toEqual(["RUNNING"]);
    expect(leftovers(names)).toEqual([]);
    expect(next(tasks, RUNNING)).toBe(0);
  });

  test("the text of a claim says all of it, and fits into an inode on the largest jobs", () => {
    const owner = newOwner("x".repeat(12), 10_000 * 128 - 1);
    expect(parseOwner(ownerText(owner))).toEqual(owner);
    const large = { ...owner, pid: 4_194_304, started: "9999999999", id: `${owner.id.slice(0, -1)}zzzzzz` };
    expect(ownerText(large).length).toBeLessThan(60);
    expect(newOwner("x", 0).id).not.toBe(newOwner("x", 0).id);
  });

  test("whether an owner lives", () => {
    const me = newOwner("x", 0);
    expect(lifeOf(me)).toBe("alive");
    expect(lifeOf(deadOwner())).toBe("dead");
    expect(lifeOf({ ...me, place: "elsewhere" })).toBe("unknown");
    expect(lifeOf({ ...me, started: `${me.started}1` })).toBe("dead");
  });

  test("successors form a chain; the last one has the task and clears it", () => {
    mkdirSync(join(root, "batch", "a"), { recursive: true });
    const directory = join(root, "batch", "a");
    const [first, second] = [deadOwner(), deadOwner()];
    const [one, two] = ["one", "two"].map((id) => claimant(id));
    leaveClaim("a", first);
    leaveClaim("a", second, `claim.after.${first.id}`);
    expect(acquireClaim(directory, 0, one, false)).toBe(true);
    expect(acquireClaim(directory, 0, two, true)).toBe(false);
    expect(readdirSync(directory).length).toBe(3);
    dropClaim(directory, two, "rank", true);
    expect(readdirSync(directory).length).toBe(3);
    dropClaim(directory, one, "rank", true);
    expect(readdirSync(directory)).toEqual([]);
  });

  test("a successor that no chain leads to means nothing", () => {
    mkdirSync(join(root, "batch", "a"), { recursive: true });
    const directory = join(root, "batch", "a");
    leaveClaim("a", newOwner("stray", 0), `claim.after.${deadOwner().id}`);
    const one = claimant("one");
    expect(acquireClaim(directory, 0, one, false)).toBe(true);
    dropClaim(directory, one, "rank", true);
    expect(readdirSync(directory).length).toBe(1);
  });
});

/** Of rank 0 of job "one". */
const SPARES = [".pshmem-claim.one.0", ".pshmem-state.one.0"];

describe("the spare link of a rank", () => {
  const names = ["a", "b", "c", "d"];

  test("is every claim while tasks are claimed in rising order, under an id that no task sees twice", () => {
    const tasks = jobOfMany(names, "one");
    const take = (task: number, ...doors: Door[]) => {
      expect(next(tasks, ...doors)).toBe(task);
      const { ino, nlink } = lstatSync(claimOf(names[task]));
      expect([nlink, spares(names)]).toEqual([1, []]);
      const { id } = parseOwner(readlinkSync(claimOf(names[task])));
      tasks.set(task, FAILED);
      expect(spares(names)).toEqual(SPARES);
      return { ino, id };
    };
    const [first, second, third, again] = [take(0), take(1), take(2), take(0, FAILED)];
    expect([second, third]).toEqual([first, first]);
    expect(again.id).not.toBe(first.id);
  });

  test("is gone when there is no task left, or the batch is closed", () => {
    const tasks = jobOfMany(names, "one");
    for (const task of names.keys()) {
      expect(next(tasks)).toBe(task);
      tasks.set(task, DONE);
    }
    expect(spares(names)).toEqual(SPARES);
    expect(next(tasks)).toBe(null);
    expect(spares(names)).toEqual([]);
    tasks.set(2, OPEN);
    expect(next(tasks)).toBe(2);
    tasks.leave();
    expect(spares(names)).toEqual(SPARES.slice(0, 1));
    tasks.rest();
    expect(spares(names)).toEqual([]);
    expect(leftovers(names)).toEqual([]);
  });

  test("is not needed: without it tasks are claimed as well, each once", () => {
    const jobs = [jobOfMany(names, "one"), jobOfMany(names, "two")];
    for (const first of [0, 2]) {
      expect(jobs.map((tasks) => next(tasks))).toEqual([first, first + 1]);
      for (const [i, tasks] of jobs.entries()) tasks.set(first + i, DONE);
      for (const name of spares(names)) rmSync(join(root, "batch", "a", name));
    }
    expect(jobs.map((tasks) => next(tasks))).toEqual([null, null]);
    expect([...leftovers(names), ...spares(names)]).toEqual([]);
  });

  test("is kept by who has taken many tasks, and by nobody else", () => {
    const many = Array.from({ length: 20 }, (_, task) => String(task));
    const tasks = job(many, "one");
    const kept = many.map((_, task) => {
      expect(next(tasks)).toBe(task);
      tasks.set(task, DONE);
      return spares(many).length;
    });
    expect(kept).toEqual(many.map((_, task) => (task < 16 ? 0 : 2)));
  });

  test("does not take the place of another owner's claim", () => {
    const tasks = jobOfMany(names, "one");
    expect(next(tasks)).toBe(0);
    tasks.set(0, DONE);
    leaveClaim("b", newOwner("two", 0));
    expect(next(tasks)).toBe(2);
    expect(parseOwner(readlinkSync(claimOf("b"))).batch).toBe("two");
  });

  test("of a killed job is cleared away, that of a living one is not", () => {
    const tasks = jobOfMany(names, "one");
    expect(next(tasks)).toBe(0);
    tasks.set(0, DONE);
    leaveClaim("a", deadOwner(), ".pshmem-claim.dead.0");
    leaveClaim("a", { ...newOwner("far", 0), place: "elsewhere" }, ".pshmem-claim.far.0");
    writeFileSync(join(root, "batch", "a", ".pshmem-state.dead.0"), "RUNNING\n");
    writeFileSync(join(root, "batch", "a", ".pshmem-claim.notes"), "not ours");
    jobOfMany(names, "two");
    expect(spares(names)).toEqual([".pshmem-claim.notes", ...SPARES]);
  });
});

describe("the state file of a task in hand", () => {
  const names = ["a", "b", "c"];
  const take = (tasks: Tasks) => {
    const task = next(tasks)!;
    const { ino, nlink } = lstatSync(stateFile(names[task]));
    expect([task, onDisk([names[task]]), nlink]).toEqual([task, ["RUNNING"], 1]);
    return ino;
  };

  test("is moved from a task that ends to the next", () => {
    const tasks = jobOfMany(names, "one");
    const inodes = names.map((_, task) => {
      const inode = take(tasks);
      tasks.set(task, task === 1 ? FAILED : DONE);
      return inode;
    });
    expect(new Set(inodes).size).toBe(1);
    expect(onDisk(names)).toEqual(["DONE", "FAILED", "DONE"]);
    for (const name of names) expect(lstatSync(stateFile(name)).ino).not.toBe(inodes[0]);
  });

  test("stays with a task that is left, or that was set by somebody else", () => {
    const [tasks, other] = [jobOfMany(names, "one"), jobOfMany(names, "two")];
    const first = take(tasks);
    const second = take(tasks);
    other.set(1, FAILED);
    const third = take(tasks);
    expect(first).not.toBe(second);
    expect(onDisk(names)).toEqual(["RUNNING", "FAILED", "RUNNING"]);
    expect(lstatSync(stateFile("a")).ino).toBe(first);
    expect(third).not.toBe(first);
  });

  test.for(["OPEN\n", "RUNNING", ""])("is not used again when it says %j", (text) => {
    const tasks = jobOfMany(names, "one");
    take(tasks);
    writeFileSync(stateFile("a"), text);
    tasks.set(0, DONE);
    take(tasks);
    expect(onDisk(names)).toEqual(["DONE", "RUNNING", "OPEN"]);
    tasks.set(1, DONE);
    tasks.rest();
    expect(spares(names)).toEqual([]);
  });
});
