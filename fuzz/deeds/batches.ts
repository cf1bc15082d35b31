/** Batches in memory and on disk: every task is done, as often as it must be, and bad arguments are refused on all ranks. */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { MPIBatch, type BatchOptions, type ErrorCode } from "../../dist/index.js";
import { verdict, type Site } from "../site.ts";
import { shown } from "../values.ts";
import type { Deed } from "./deed.ts";

function workerSizeOf({ random, size }: Site): number {
  return random.pick(Array.from({ length: size }, (_, i) => i + 1).filter((n) => size % n === 0));
}

/** How many tasks, and how many attempts each of them fails. */
function tasksOf({ random }: Site): number[] {
  return Array.from({ length: random.below(9) }, () => random.pick([0, 0, 0, 1, 9]));
}

/** The whole loop: the report is the same everywhere, and says what was done. */
async function run(site: Site): Promise<void> {
  const { comm, random, size } = site;
  const workerSize = workerSizeOf(site);
  const fails = tasksOf(site);
  const retries = random.below(3);
  const thrower = random.below(workerSize);
  site.tell(`workers of ${workerSize}, failures ${fails.join()}, ${retries} retries, thrown on ${thrower}`);
  using batch = new MPIBatch(comm, workerSize, fails.length, { root: random.below(size) });
  const calls: number[] = [];
  const report = await batch.run(
    ({ task, attempt, comm: worker }) => {
      calls.push(task);
      if (attempt <= fails[task] && worker.rank === thrower) throw new Error(`attempt ${attempt}`);
    },
    { retries },
  );
  const failed = fails.flatMap((n, task) => (n > retries ? [task] : []));
  site.same(
    "the counts",
    [report.done, report.failed, report.skipped],
    [fails.length - failed.length, failed.length, 0],
  );
  site.same(
    "the failures",
    report.errors.map((one) => one.task),
    failed,
  );
  const made = comm
    .allgather(calls)
    .flat()
    .toSorted((a, b) => a - b);
  const due = fails.flatMap((n, task) => Array<number>(workerSize * (Math.min(n, retries) + 1)).fill(task));
  site.same("the calls", made, due);
  const states = fails.map((_, task) => batch.getTaskState(task));
  site.same(
    "the states",
    states,
    fails.map((n) => (n > retries ? MPIBatch.FAILED : MPIBatch.DONE)),
  );
  comm.barrier();
}

/** Task after task by hand: each goes to one worker. */
function next(site: Site): void {
  const { comm, random } = site;
  const workerSize = workerSizeOf(site);
  const initState = Array.from({ length: random.below(12) }, () => random.pick([-1, 0, 0, 0, 1, 2, 3]));
  const options = { ignoreDone: random.once(3), ignoreFailed: random.once(3), ignoreRunning: random.once(3) };
  site.tell(`workers of ${workerSize}, states ${initState.join()}, ${Object.entries(options).join(" ")}`);
  using batch = new MPIBatch(comm, workerSize, initState.length, { initState });
  const taken: number[] = [];
  for (let task = batch.nextTask(options); task !== null; task = batch.nextTask(options)) {
    taken.push(task);
    if (batch.workerRank === 0) batch.setTaskState(task, MPIBatch.DONE);
    batch.workerComm.barrier();
  }
  const open = [0, options.ignoreDone && 2, options.ignoreFailed && 3, options.ignoreRunning && 1];
  const due = initState.flatMap((state, task) => (open.includes(state) ? [task] : []));
  const lists = comm.allgather(taken);
  const distinct = [...new Set(lists.flat())].toSorted((a, b) => a - b);
  site.same("the tasks", distinct, due);
  // A task that was set DONE is there again for whoever ignores that, once.
  const once = options.ignoreDone ? distinct : lists.filter((_, rank) => rank % workerSize === 0).flat();
  site.same(
    "each once",
    once.toSorted((a, b) => a - b),
    due,
  );
  comm.barrier();
}

/** With a directory: the files say what was done, and the next batch goes on from there. */
function onDisk(site: Site): void {
  const { comm, random, rank } = site;
  const ends = Array.from({ length: random.between(1, 5) }, () => random.pick(["DONE", "FAILED"] as const));
  site.tell(`on disk, ${ends.join()}`);
  const taskFsRoot = comm.bcast(rank === 0 ? mkdtempSync(join(tmpdir(), "pshmem-fuzz-")) : "");
  const taskFsNames = ends.map((_, task) => `t${task}`);
  const options = { taskFsRoot, taskFsNames };
  {
    using batch = new MPIBatch(comm, 1, ends.length, options);
    for (const task of batch) batch.setTaskState(task, MPIBatch.stringToState(ends[task]));
    comm.barrier();
    const files = taskFsNames.map((name) => readFileSync(join(taskFsRoot, name, "state"), "utf8"));
    site.same(
      "the files",
      files,
      ends.map((state) => `${state}\n`),
    );
    comm.barrier();
  }
  using again = new MPIBatch(comm, comm.size, ends.length, options);
  const retried = [];
  for (
    let task = again.nextTask({ ignoreFailed: true });
    task !== null;
    task = again.nextTask({ ignoreFailed: true })
  ) {
    retried.push(task);
    if (rank === 0) again.setTaskState(task, MPIBatch.DONE);
  }
  site.same(
    "the failed ones",
    retried,
    ends.flatMap((state, task) => (state === "FAILED" ? [task] : [])),
  );
  const bad = { ...options, initState: ends.map(() => 0) };
  site.check("states of a directory that is there", () => new MPIBatch(comm, 1, ends.length, bad), {
    code: "BAD_ARGUMENT",
  });
  comm.barrier();
  if (rank === 0) rmSync(taskFsRoot, { recursive: true });
}

type Make = readonly [code: ErrorCode, workerSize: unknown, nTask: unknown, options: unknown];

const REFUSED: readonly Make[] = [
  ["BAD_WORKER_SIZE", 7, 2, {}],
  ["BAD_WORKER_SIZE", 0, 2, {}],
  ["BAD_WORKER_SIZE", 0.5, 2, {}],
  ["BAD_WORKER_SIZE", null, 2, {}],
  ["BAD_ARGUMENT", 1, -1, {}],
  ["BAD_ARGUMENT", 1, NaN, {}],
  ["BAD_ARGUMENT", 1, 2 ** 40, {}],
  ["BAD_ARGUMENT", 1, "2", {}],
  ["BAD_RANK", 1, 2, { root: 99 }],
  ["BAD_RANK", 1, 2, { root: null }],
  ["BAD_ARGUMENT", 1, 2, { debug: 1 }],
  ["BAD_ARGUMENT", 1, 2, { taskFsRoot: "/tmp/nowhere" }],
  ["BAD_ARGUMENT", 1, 2, { taskFsNames: ["a", "b"] }],
  ["BAD_TASK", 1, 2, { taskFsRoot: "/tmp/nowhere", taskFsNames: ["a"] }],
  ["BAD_TASK_NAME", 1, 2, { taskFsRoot: "/tmp/nowhere", taskFsNames: ["a", "a"] }],
  ["BAD_TASK_NAME", 1, 2, { taskFsRoot: "/tmp/nowhere", taskFsNames: ["a", "../b"] }],
];

/** All ranks refuse what one finds wrong. */
function refused(site: Site): void {
  const { comm, rank } = site;
  const [code, workerSize, nTask, options] = site.random.pick(REFUSED);
  const bad = site.spoiled(false, true);
  site.tell(`${code} on ${shown(bad)}`);
  const make = () =>
    bad[rank]
      ? new MPIBatch(comm, workerSize as number, nTask as number, options as BatchOptions)
      : new MPIBatch(comm, 1, 2);
  if (!bad.includes(true)) return make().close();
  site.check(
    "new MPIBatch",
    make,
    verdict(
      bad.map((one) => (one ? code : null)),
      true,
      () => null,
    ),
  );
}

/** Wrong use of a batch that is fine. */
async function misused(site: Site): Promise<void> {
  const { comm, random, rank, size } = site;
  const victim = random.below(size);
  site.tell(`misused on rank ${victim}`);
  using batch = new MPIBatch(comm, size, 2);
  const options = rank === victim ? ({ ignoreDone: 1 } as object) : {};
  site.check("nextTask", () => batch.nextTask(options), { code: "BAD_ARGUMENT" });
  const fn = rank === victim ? (null as never) : () => undefined;
  await site.checkAsync("run", () => batch.run(fn), { code: "BAD_ARGUMENT" });
  await site.checkAsync("retries", () => batch.run(() => 1, { retries: rank === victim ? -1 : 0 }), {
    code: "BAD_ARGUMENT",
  });
  if (size > 1) {
    const differ = () => batch.run(() => 1, { retries: rank === victim ? 1 : 0 });
    await site.checkAsync("other retries", differ, { code: "MISMATCH" });
  }
  site.check("no task", () => batch.getTaskState(2), { code: "BAD_TASK" });
  site.check("no state", () => batch.setTaskState(0, 7), { code: "BAD_STATE" });
  const wrong = { initState: [0, 9] };
  site.check("no first state", () => new MPIBatch(comm, 1, 2, wrong), { code: "BAD_STATE" });
  if (rank === victim) batch.close();
  site.check("nextTask after close", () => batch.nextTask(), { code: "FREED" });
  await site.checkAsync("run after close", () => batch.run(() => 1), { code: "FREED" });
}

export const batchDeeds: readonly Deed[] = [
  { name: "batch run", weight: 2, run },
  { name: "batch by hand", weight: 2, run: next },
  { name: "batch on disk", weight: 1, run: onDisk },
  { name: "refused batch", weight: 2, run: refused },
  { name: "misused batch", weight: 1, run: misused },
];
