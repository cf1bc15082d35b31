/** MPIBatch on any backend. */
import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { MPIBatch, type Communicator, type Progress } from "../../dist/index.js";
import { codeOf, type Case } from "./case.ts";

const { INVALID, OPEN, RUNNING, DONE, FAILED } = MPIBatch;

/** The worker sizes that fit: 1, 2 and all ranks. */
function workerSizes(comm: Communicator): number[] {
  return [...new Set([1, 2, comm.size])].filter((size) => comm.size % size === 0);
}

/** The tasks that all workers were given, in order, from what each rank was given. */
function byWorker(comm: Communicator, batch: MPIBatch, mine: readonly number[]): number[] {
  const all = comm.allgather([...mine]);
  for (const [rank, tasks] of all.entries()) {
    assert.deepEqual(
      tasks,
      all[rank - (rank % batch.workerSize)],
      "the ranks of a worker were given different tasks",
    );
  }
  return all
    .filter((_, rank) => rank % batch.workerSize === 0)
    .flat()
    .toSorted((a, b) => a - b);
}

function upTo(count: number): number[] {
  return Array.from({ length: count }, (_, i) => i);
}

/** Every rank must throw this code. */
function allThrow(comm: Communicator, code: string, call: () => unknown): void {
  assert.deepEqual(
    comm.allgather(codeOf(call)),
    upTo(comm.size).map(() => code),
  );
}

/** The code of the error that a promise is rejected with. */
async function codeOfAsync(promise: Promise<unknown>): Promise<string> {
  const settled = await promise.then(
    () => () => undefined,
    (error: unknown) => () => {
      throw error;
    },
  );
  return codeOf(settled);
}

/** A directory of the test's own, the same on all ranks, and gone at the end. */
function withDirectory(comm: Communicator, use: (path: string) => void): void {
  const path = comm.bcast(comm.rank === 0 ? mkdtempSync(join(tmpdir(), "pshmem-batch-")) : "");
  use(path);
  comm.barrier();
  if (comm.rank === 0) rmSync(path, { recursive: true });
}

function nothing(): void {}

const NAMES = upTo(6).map((i) => `task_${i}`);

function onDisk(root: string): string[] {
  return NAMES.map((name) => readFileSync(join(root, name, "state"), "utf8"));
}

export const batchCases: Case[] = [
  {
    name: "says who is who",
    run(comm) {
      for (const workerSize of workerSizes(comm)) {
        using batch = new MPIBatch(comm, workerSize, 7);
        assert.equal(batch.comm, comm);
        assert.deepEqual(
          [batch.nTask, batch.nWorker, batch.workerSize, batch.worker, batch.workerRank],
          [7, comm.size / workerSize, workerSize, Math.floor(comm.rank / workerSize), comm.rank % workerSize],
        );
        assert.deepEqual([batch.workerComm.rank, batch.workerComm.size], [batch.workerRank, workerSize]);
        const first = batch.worker * workerSize;
        assert.deepEqual(
          batch.workerComm.allgather(comm.rank),
          upTo(workerSize).map((i) => first + i),
        );
      }
    },
  },
  {
    name: "states have numbers and words",
    run(comm) {
      using batch = new MPIBatch(comm, 1, 0);
      assert.deepEqual([INVALID, OPEN, RUNNING, DONE, FAILED], [-1, 0, 1, 2, 3]);
      assert.deepEqual(
        [batch.INVALID, batch.OPEN, batch.RUNNING, batch.DONE, batch.FAILED],
        [-1, 0, 1, 2, 3],
      );
      for (const [state, text] of [
        [-1, "INVALID"],
        [0, "OPEN"],
        [1, "RUNNING"],
        [2, "DONE"],
        [3, "FAILED"],
      ] as const) {
        assert.equal(MPIBatch.stateToString(state), text);
        assert.equal(MPIBatch.stringToState(text), state);
      }
      assert.equal(
        codeOf(() => MPIBatch.stateToString(4)),
        "BAD_STATE",
      );
      assert.equal(
        codeOf(() => MPIBatch.stringToState("open")),
        "BAD_STATE",
      );
    },
  },
  {
    name: "bad arguments are thrown on every rank",
    run(comm) {
      const { size } = comm;
      for (const workerSize of [0, -1, 1.5, size + 1, Number.NaN]) {
        allThrow(comm, "BAD_WORKER_SIZE", () => new MPIBatch(comm, workerSize, 3));
      }
      for (const nTask of [-1, 2.5, Number.NaN])
        allThrow(comm, "BAD_ARGUMENT", () => new MPIBatch(comm, 1, nTask));
      for (const root of [-1, size, 0.5])
        allThrow(comm, "BAD_RANK", () => new MPIBatch(comm, 1, 3, { root }));
      for (const initState of [
        [0, 1],
        [0, 1, 7],
        [0, 1, 2, 3],
      ]) {
        allThrow(comm, "BAD_STATE", () => new MPIBatch(comm, 1, 3, { initState }));
      }
      const taskFsRoot = join(tmpdir(), "pshmem-batch-never-made");
      const make = (taskFsNames: string[]) => () => new MPIBatch(comm, 1, 2, { taskFsRoot, taskFsNames });
      allThrow(comm, "BAD_ARGUMENT", () => new MPIBatch(comm, 1, 2, { taskFsRoot }));
      allThrow(comm, "BAD_ARGUMENT", () => new MPIBatch(comm, 1, 2, { taskFsNames: ["a", "b"] }));
      allThrow(comm, "BAD_TASK", make(["a"]));
      for (const name of ["", ".", "..", "a/b", "a\0b", "a", "\ud800", "\udfff"])
        allThrow(comm, "BAD_TASK_NAME", make(["a", name]));
    },
  },
  {
    name: "what is wrong on one rank only is thrown on all",
    minSize: 2,
    run(comm) {
      const last = comm.rank === comm.size - 1;
      allThrow(comm, "BAD_WORKER_SIZE", () => new MPIBatch(comm, last ? 0 : 1, 3));
      allThrow(comm, "BAD_ARGUMENT", () => new MPIBatch(comm, 1, last ? -3 : 3));
      allThrow(comm, "MISMATCH", () => new MPIBatch(comm, 1, last ? 4 : 3));
      allThrow(comm, "MISMATCH", () => new MPIBatch(comm, last ? 1 : comm.size, 3));
      allThrow(comm, "MISMATCH", () => new MPIBatch(comm, 1, 3, { root: last ? 1 : 0 }));
      allThrow(
        comm,
        "MISMATCH",
        () => new MPIBatch(comm, 1, 1, { taskFsRoot: "/x", taskFsNames: [last ? "a" : "b"] }),
      );
    },
  },
  {
    name: "only the root's initial states matter",
    run(comm) {
      const root = comm.size - 1;
      const initState = comm.rank === root ? Int32Array.of(2, 0, 3, 1, -1, 0) : [9];
      using batch = new MPIBatch(comm, 1, 6, { root, initState });
      assert.deepEqual(
        upTo(6).map((task) => batch.getTaskState(task)),
        [2, 0, 3, 1, -1, 0],
      );
      comm.barrier();
      assert.deepEqual(byWorker(comm, batch, [...batch]), [1, 5]);
    },
  },
  {
    name: "every task goes to one worker, with any worker size and root",
    run(comm) {
      for (const workerSize of workerSizes(comm)) {
        for (const root of [0, comm.size - 1]) {
          using batch = new MPIBatch(comm, workerSize, 100, { root });
          const mine: number[] = [];
          for (let task = batch.nextTask(); task !== null; task = batch.nextTask()) {
            mine.push(task);
            assert.equal(batch.getTaskState(task), RUNNING);
            batch.workerComm.barrier();
            if (batch.workerRank === 0) batch.setTaskState(task, batch.DONE);
          }
          assert.deepEqual(byWorker(comm, batch, mine), upTo(100));
          assert.deepEqual(
            upTo(100).map((task) => batch.getTaskState(task)),
            upTo(100).map(() => DONE),
          );
        }
      }
    },
  },
  {
    name: "a worker is given the lowest tasks first",
    run(comm) {
      using batch = new MPIBatch(comm, comm.size, 70);
      assert.deepEqual([...batch], upTo(70));
      comm.barrier();
      if (comm.rank === 0) for (const task of [69, 3, 40]) batch.setTaskState(task, OPEN);
      comm.barrier();
      assert.deepEqual([...batch], [3, 40, 69]);
    },
  },
  {
    name: "a batch without tasks",
    run(comm) {
      using batch = new MPIBatch(comm, 1, 0);
      assert.equal(batch.nextTask({ ignoreRunning: true, ignoreFailed: true, ignoreDone: true }), null);
      assert.equal(
        codeOf(() => batch.getTaskState(0)),
        "BAD_TASK",
      );
    },
  },
  {
    name: "states are checked when set",
    run(comm) {
      using batch = new MPIBatch(comm, 1, 3);
      for (const task of [-1, 3, 0.5, Number.NaN]) {
        assert.equal(
          codeOf(() => batch.setTaskState(task, DONE)),
          "BAD_TASK",
        );
        assert.equal(
          codeOf(() => batch.getTaskState(task)),
          "BAD_TASK",
        );
      }
      for (const state of [-2, 4, 0.5])
        assert.equal(
          codeOf(() => batch.setTaskState(0, state)),
          "BAD_STATE",
        );
      assert.equal(batch.getTaskState(0), OPEN);
    },
  },
  {
    name: "failed and done tasks are handed out once more, on request",
    run(comm) {
      for (const [state, options] of [
        [FAILED, { ignoreFailed: true }],
        [DONE, { ignoreDone: true }],
      ] as const) {
        using batch = new MPIBatch(comm, comm.size, 3, { initState: [state, state, state] });
        assert.equal(batch.nextTask(), null);
        const seen: (number | null)[] = [];
        for (let i = 0; i < 4; i++) {
          const task = batch.nextTask(options);
          seen.push(task);
          if (task !== null && batch.workerRank === 0) batch.setTaskState(task, state);
        }
        assert.deepEqual(seen, [0, 1, 2, null]);
        if (batch.workerRank === 0) batch.setTaskState(1, OPEN);
        assert.equal(batch.nextTask(), 1);
      }
    },
  },
  {
    name: "running tasks are handed out if nobody works on them",
    run(comm) {
      using batch = new MPIBatch(comm, comm.size, 4, { initState: [OPEN, RUNNING, DONE, OPEN] });
      assert.equal(batch.nextTask(), 0);
      assert.equal(batch.nextTask(), 3);
      // 0 was left behind when 3 was asked for; 1 comes from an earlier job.
      assert.equal(batch.nextTask({ ignoreRunning: true }), 0);
      if (comm.rank === 0) batch.setTaskState(0, DONE);
      assert.equal(batch.nextTask({ ignoreRunning: true }), 1);
      if (comm.rank === 0) batch.setTaskState(1, DONE);
      assert.equal(batch.nextTask({ ignoreRunning: true }), 3);
      if (comm.rank === 0) batch.setTaskState(3, RUNNING);
      assert.equal(batch.nextTask({ ignoreRunning: true }), null);
    },
  },
  {
    name: "a task in the hands of another worker is not taken away",
    minSize: 2,
    run(comm) {
      using batch = new MPIBatch(comm, 1, comm.size);
      const task = batch.nextTask({ ignoreRunning: true })!;
      assert.deepEqual(byWorker(comm, batch, [task]), upTo(comm.size));
      if (comm.rank === 0) assert.equal(batch.nextTask(), null);
      comm.barrier();
      // Rank 0 has left its task, all others are at work.
      const next = comm.rank === 1 ? batch.nextTask({ ignoreRunning: true }) : null;
      const left = comm.bcast(task, 0);
      // Rank 1 left its own when it asked: the lower of the two is next.
      if (comm.rank === 1) assert.equal(next, Math.min(left, task));
      comm.barrier();
    },
  },
  {
    name: "what one rank of a worker asks wrongly, its whole worker throws; no task is lost",
    minSize: 2,
    run(comm) {
      using batch = new MPIBatch(comm, comm.size, 2);
      const last = comm.rank === comm.size - 1;
      const wrong = { ignoreDone: last ? (1 as unknown as boolean) : false };
      allThrow(comm, "BAD_ARGUMENT", () => batch.nextTask(wrong));
      allThrow(comm, "MISMATCH", () => batch.nextTask({ ignoreDone: last }));
      assert.equal(batch.getTaskState(0), OPEN);
      comm.barrier();
      assert.deepEqual([...batch], [0, 1]);
    },
  },
  {
    name: "batches on one communicator do not mix",
    run(comm) {
      using one = new MPIBatch(comm, 1, 5);
      using two = new MPIBatch(comm, comm.size, 4);
      assert.deepEqual([...two], upTo(4));
      assert.deepEqual(byWorker(comm, one, [...one]), upTo(5));
      assert.deepEqual([...two], []);
    },
  },
  {
    name: "a closed batch can only be closed",
    run(comm) {
      const batch = new MPIBatch(comm, 1, 2);
      batch.close();
      batch.close();
      for (const use of [
        () => batch.nextTask(),
        () => batch.getTaskState(0),
        () => batch.setTaskState(0, DONE),
        () => [...batch],
      ]) {
        assert.equal(codeOf(use), "FREED");
      }
    },
  },
  {
    name: "a batch closed on one rank is closed for its worker",
    minSize: 2,
    run(comm) {
      using batch = new MPIBatch(comm, comm.size, 2);
      if (comm.rank === 1) batch.close();
      allThrow(comm, "FREED", () => batch.nextTask());
    },
  },
  {
    name: "many batches, one after another",
    run(comm) {
      for (let i = 0; i < 100; i++) {
        using batch = new MPIBatch(comm, comm.size, 40);
        assert.equal(batch.nextTask(), 0);
      }
    },
  },
  {
    name: "debug prints a line for what is taken and set",
    run(comm) {
      const lines: string[] = [];
      const { log } = console;
      console.log = (line: string) => lines.push(line);
      try {
        using batch = new MPIBatch(comm, comm.size, 1, { debug: true });
        for (const task of batch) if (batch.workerRank === 0) batch.setTaskState(task, DONE);
      } finally {
        console.log = log;
      }
      const texts = lines.map((line) => line.replace(/^MPIBatch\[\d+\] worker 0, rank 0 /, ""));
      const all = ["takes task 0, which was OPEN", "sets task 0 to DONE", "finds no task"];
      assert.deepEqual(texts, comm.rank === 0 ? all : []);
    },
  },
  {
    name: "null is the rank alone",
    run(comm) {
      using batch = new MPIBatch(null, 1, 3);
      assert.deepEqual([batch.nWorker, batch.worker, batch.workerComm.size], [1, 0, 1]);
      assert.deepEqual([...batch], [0, 1, 2]);
      assert.equal(
        codeOf(() => new MPIBatch(null, 2, 3)),
        "BAD_WORKER_SIZE",
      );
      comm.barrier();
    },
  },
  {
    name: "on disk: one word and a newline for each task, and nothing else",
    run(comm) {
      withDirectory(comm, (path) => {
        const taskFsRoot = join(path, "new", "batch");
        for (const workerSize of workerSizes(comm)) {
          using batch = new MPIBatch(comm, workerSize, 6, { taskFsRoot, taskFsNames: NAMES });
          const mine: number[] = [];
          for (const task of batch) {
            mine.push(task);
            assert.equal(readFileSync(join(taskFsRoot, NAMES[task], "state"), "utf8"), "RUNNING\n");
            batch.workerComm.barrier();
            if (batch.workerRank === 0) batch.setTaskState(task, task === 2 ? FAILED : DONE);
          }
          assert.deepEqual(byWorker(comm, batch, mine), upTo(6));
          assert.deepEqual(
            onDisk(taskFsRoot),
            upTo(6).map((task) => (task === 2 ? "FAILED\n" : "DONE\n")),
          );
          for (const name of NAMES) assert.deepEqual(readdirSync(join(taskFsRoot, name)), ["state"]);
          comm.barrier();
          if (comm.rank === 0) for (const task of upTo(6)) batch.setTaskState(task, OPEN);
          comm.barrier();
        }
      });
    },
  },
  {
    name: "on disk: a program that starts again goes on",
    run(comm) {
      withDirectory(comm, (taskFsRoot) => {
        const options = { taskFsRoot, taskFsNames: NAMES };
        {
          using batch = new MPIBatch(comm, comm.size, 6, options);
          for (const outcome of [DONE, FAILED]) {
            const task = batch.nextTask()!;
            comm.barrier();
            if (comm.rank === 0) batch.setTaskState(task, outcome);
          }
          assert.equal(batch.nextTask(), 2);
        }
        comm.barrier();
        using batch = new MPIBatch(comm, comm.size, 6, options);
        assert.deepEqual(
          upTo(6).map((task) => batch.getTaskState(task)),
          [DONE, FAILED, RUNNING, OPEN, OPEN, OPEN],
        );
        comm.barrier();
        assert.equal(batch.nextTask(), 3);
        comm.barrier();
        if (comm.rank === 0) batch.setTaskState(3, DONE);
        assert.equal(batch.nextTask({ ignoreRunning: true }), 2);
        allThrow(
          comm,
          "BAD_ARGUMENT",
          () => new MPIBatch(comm, 1, 6, { ...options, initState: upTo(6).map(() => OPEN) }),
        );
      });
    },
  },
  {
    name: "on disk: the list of names is the caller's to change afterwards",
    run(comm) {
      withDirectory(comm, (taskFsRoot) => {
        const taskFsNames = ["a", "b"];
        const batch = new MPIBatch(comm, 1, 2, { taskFsRoot, taskFsNames });
        taskFsNames[0] = "elsewhere";
        comm.barrier();
        if (comm.rank === 0) batch.setTaskState(0, DONE);
        comm.barrier();
        assert.deepEqual(readdirSync(taskFsRoot).toSorted(), ["a", "b"]);
        assert.equal(batch.getTaskState(0), DONE);
        batch.close();
      });
    },
  },
  {
    name: "the communicator of a worker cannot be freed",
    run(comm) {
      const { workerComm } = new MPIBatch(comm, 1, 1);
      allThrow(comm, "BAD_ARGUMENT", () => workerComm.free());
      assert.equal(new MPIBatch(comm, 1, 1).workerComm.allreduce(2), 2);
    },
  },
  {
    name: "run: an error whose message cannot be read is a failure like others",
    async run(comm) {
      const unreadable = new Error("never seen");
      Object.defineProperty(unreadable, "message", {
        get() {
          throw new TypeError("on purpose");
        },
      });
      const batch = new MPIBatch(comm, 1, comm.size);
      const { failed, errors } = await batch.run(() => {
        throw unreadable;
      });
      assert.equal(failed, comm.size);
      for (const { error } of errors) assert.equal(error.message, "(the error's message cannot be read)");
    },
  },
  {
    name: "on disk: two batches share the tasks of one directory",
    run(comm) {
      withDirectory(comm, (taskFsRoot) => {
        const options = { taskFsRoot, taskFsNames: NAMES };
        using one = new MPIBatch(comm, 1, 6, options);
        using two = new MPIBatch(comm, 1, 6, options);
        const mine: number[] = [];
        for (;;) {
          const found = [one, two].map((batch) => batch.nextTask({ ignoreRunning: true }));
          if (found.every((task) => task === null)) break;
          for (const [i, task] of found.entries()) {
            if (task === null) continue;
            mine.push(task);
            [one, two][i].setTaskState(task, DONE);
          }
        }
        assert.deepEqual(byWorker(comm, one, mine), upTo(6));
      });
    },
  },
  {
    name: "on disk: a task that no rank of the worker got, or that is left by closing, is free",
    run(comm) {
      withDirectory(comm, (taskFsRoot) => {
        const options = { taskFsRoot, taskFsNames: NAMES.slice(0, 1) };
        const last = comm.rank === comm.size - 1;
        using first = new MPIBatch(comm, comm.size, 1, options);
        if (comm.rank === 0) first.setTaskState(0, RUNNING);
        comm.barrier();
        if (comm.size > 1)
          allThrow(comm, "MISMATCH", () => first.nextTask({ ignoreRunning: true, ignoreDone: last }));
        assert.equal(first.nextTask({ ignoreRunning: true }), 0);
        first.close();
        const part = comm.split(0);
        using second = new MPIBatch(part, comm.size, 1, options);
        assert.equal(second.nextTask({ ignoreRunning: true }), 0);
        part.free();
        second.close();
        comm.barrier();
        if (comm.rank === 0) assert.deepEqual(readdirSync(join(taskFsRoot, NAMES[0])), ["state"]);
        using third = new MPIBatch(comm, comm.size, 1, options);
        assert.equal(third.nextTask({ ignoreRunning: true }), 0);
      });
    },
  },
  {
    name: "on disk: a state that is set while others take tasks is on file in the end",
    run(comm) {
      withDirectory(comm, (taskFsRoot) => {
        const names = upTo(100).map(String);
        using batch = new MPIBatch(comm, 1, names.length, { taskFsRoot, taskFsNames: names });
        comm.barrier();
        const isSetter = comm.rank === comm.size - 1;
        if (isSetter) for (const task of names.keys()) batch.setTaskState(task, INVALID);
        else while (batch.nextTask() !== null);
        comm.barrier();
        if (!isSetter) return;
        assert.equal(batch.nextTask({ ignoreRunning: true, ignoreDone: true, ignoreFailed: true }), null);
        const files = names.map((name) => readFileSync(join(taskFsRoot, name, "state"), "utf8"));
        assert.deepEqual(new Set(files), new Set(["INVALID\n"]));
      });
    },
  },
  {
    name: "on disk: nobody takes the task that another batch of the job has in hand",
    run(comm) {
      withDirectory(comm, (taskFsRoot) => {
        const options = { taskFsRoot, taskFsNames: NAMES.slice(0, 1) };
        using one = new MPIBatch(comm, 1, 1, options);
        using two = new MPIBatch(comm, 1, 1, options);
        const last = comm.size - 1;
        if (comm.rank === last) assert.equal(one.nextTask(), 0);
        comm.barrier();
        assert.equal(two.nextTask({ ignoreRunning: true }), null);
        comm.barrier();
        if (comm.rank === last) one.setTaskState(0, OPEN);
        comm.barrier();
        if (comm.rank === 0) assert.equal(two.nextTask(), 0);
        comm.barrier();
      });
    },
  },
  {
    name: "on disk: a bad state file is thrown on every rank, with its path",
    run(comm) {
      withDirectory(comm, (taskFsRoot) => {
        const path = join(taskFsRoot, NAMES[3], "state");
        const options = { taskFsRoot, taskFsNames: NAMES, root: comm.size - 1 };
        if (comm.rank === 0) {
          mkdirSync(join(taskFsRoot, NAMES[3]));
          writeFileSync(path, "DON");
        }
        comm.barrier();
        allThrow(comm, "BAD_STATE_FILE", () => new MPIBatch(comm, 1, 6, options));
        assert.throws(() => new MPIBatch(comm, 1, 6, options), { path, task: 3, rank: comm.size - 1 });
        if (comm.rank === 0) writeFileSync(path, "OPEN\n");
        comm.barrier();
        using batch = new MPIBatch(comm, comm.size, 6, options);
        if (comm.rank === 0) writeFileSync(join(taskFsRoot, NAMES[0], "state"), "");
        comm.barrier();
        allThrow(comm, "BAD_STATE_FILE", () => batch.nextTask());
        assert.equal(batch.nextTask(), 1);
      });
    },
  },
  {
    name: "run: every rank of a worker calls the function for each task, and all have the same report",
    async run(comm) {
      for (const workerSize of workerSizes(comm)) {
        using batch = new MPIBatch(comm, workerSize, 9, { initState: [DONE, ...upTo(8).map(() => OPEN)] });
        const mine: number[] = [];
        const report = await batch.run(async ({ task, name, comm: group, attempt, signal }) => {
          mine.push(task);
          assert.deepEqual([name, attempt, signal.aborted], [String(task), 1, false]);
          assert.equal(group.allreduce(1), workerSize);
          await Promise.resolve();
        });
        assert.deepEqual(byWorker(comm, batch, mine), upTo(9).slice(1));
        const { tasks, ...totals } = report;
        assert.deepEqual(totals, { done: 8, failed: 0, skipped: 1, halted: false, errors: [] });
        assert.deepEqual(tasks[batch.worker], mine);
        for (const other of comm.allgather(report)) assert.deepEqual(other, report);
      }
    },
  },
  {
    name: "run: a task that throws on any rank fails, once, and the others go on",
    async run(comm) {
      for (const workerSize of workerSizes(comm)) {
        using batch = new MPIBatch(comm, workerSize, 8);
        const report = await batch.run(({ task, comm: group }) => {
          if (task % 4 === 1 && group.rank === group.size - 1) throw new TypeError(`boom ${task}`);
        });
        assert.deepEqual([report.done, report.failed, report.skipped], [6, 2, 0]);
        assert.deepEqual(
          report.errors.map(({ task, name }) => [task, name]),
          [
            [1, "1"],
            [5, "5"],
          ],
        );
        for (const { task, rank, error } of report.errors) {
          assert.deepEqual(
            [error.name, error.message, rank % workerSize],
            ["TypeError", `boom ${task}`, workerSize - 1],
          );
          const worker = report.tasks.findIndex((tasks) => tasks.includes(task));
          assert.equal(Math.floor(rank / workerSize), worker);
        }
        assert.deepEqual(
          upTo(8).map((task) => batch.getTaskState(task)),
          [2, 3, 2, 2, 2, 3, 2, 2],
        );
      }
    },
  },
  {
    name: "run: a rank that throws frees those that wait for it in a collective",
    minSize: 2,
    async run(comm) {
      using batch = new MPIBatch(comm, comm.size, 3);
      const report = await batch.run(({ task, comm: group }) => {
        if (task === 1 && group.rank === 1) throw new Error("gone");
        group.barrier();
        group.allreduce(1);
      });
      assert.deepEqual([report.done, report.failed], [2, 1]);
      assert.deepEqual(
        upTo(3).map((task) => batch.getTaskState(task)),
        [DONE, FAILED, DONE],
      );
    },
  },
  {
    name: "run: retries",
    async run(comm) {
      using batch = new MPIBatch(comm, comm.size, 3);
      const attempts: [number, number][] = [];
      const report = await batch.run(
        ({ task, attempt }) => {
          attempts.push([task, attempt]);
          if (task === 1 || (task === 2 && attempt === 1)) throw new Error("again");
        },
        { retries: 2 },
      );
      assert.deepEqual(attempts, [
        [0, 1],
        [1, 1],
        [1, 2],
        [1, 3],
        [2, 1],
        [2, 2],
      ]);
      assert.deepEqual([report.done, report.failed, report.errors.length], [2, 1, 1]);
      assert.deepEqual(report.tasks[0], [0, 1, 2]);
    },
  },
  {
    name: "run: a task handed out again after its end counts once, as it ended last",
    async run(comm) {
      using batch = new MPIBatch(comm, comm.size, 5, { initState: [OPEN, OPEN, FAILED, DONE, RUNNING] });
      const told: number[][] = [];
      const attempts: [number, number][] = [];
      const onProgress = ({ done, failed, task, state }: Progress) => told.push([task, state, done, failed]);
      const report = await batch.run(
        ({ task, attempt }) => {
          attempts.push([task, attempt]);
          // Task 0 always fails, task 1 the first time.
          if (task === 0 || (task === 1 && attempt === 1)) throw new Error(`${task}: ${attempt}`);
        },
        { ignoreFailed: true, onProgress },
      );
      assert.deepEqual(attempts, [
        [0, 1],
        [0, 2],
        [1, 1],
        [1, 2],
        [2, 1],
      ]);
      const { errors, tasks, ...totals } = report;
      assert.deepEqual(totals, { done: 2, failed: 1, skipped: 2, halted: false });
      assert.deepEqual(
        errors.map(({ task, error }) => [task, error.message]),
        [[0, "0: 2"]],
      );
      assert.deepEqual(tasks, [[0, 0, 1, 1, 2]]);
      const all = [
        [0, FAILED, 0, 1],
        [0, FAILED, 0, 1],
        [1, FAILED, 0, 2],
        [1, DONE, 1, 1],
        [2, DONE, 2, 1],
      ];
      assert.deepEqual(told, comm.rank === 0 ? all : []);
    },
  },
  {
    name: "run: a task that was DONE and fails when it is handed out again has failed",
    async run(comm) {
      using batch = new MPIBatch(comm, comm.size, 2);
      const report = await batch.run(
        ({ task, attempt }) => {
          if (task === 1 && attempt === 2) throw new Error("worn out");
        },
        { ignoreDone: true },
      );
      assert.deepEqual([report.done, report.failed, report.skipped], [1, 1, 0]);
      assert.deepEqual(
        report.errors.map(({ task }) => task),
        [1],
      );
      assert.equal(batch.getTaskState(1), FAILED);
    },
  },
  {
    name: "run: a task that comes to another worker counts as it ended there",
    minSize: 2,
    async run(comm) {
      using batch = new MPIBatch(comm, 1, 60);
      const report = await batch.run(
        ({ task, attempt }) => {
          if (attempt === 1 || task % 3 === 0) throw new Error(`${task}: ${attempt}`);
        },
        { ignoreFailed: true },
      );
      assert.deepEqual([report.done, report.failed, report.skipped], [40, 20, 0]);
      assert.deepEqual(
        report.errors.map(({ error }) => error.message),
        upTo(20).map((i) => `${3 * i}: 2`),
      );
      assert.deepEqual(
        upTo(60).map((task) => batch.getTaskState(task)),
        upTo(60).map((task) => (task % 3 === 0 ? FAILED : DONE)),
      );
      for (const { task, rank } of report.errors) assert.ok(report.tasks[rank].includes(task));
    },
  },
  {
    name: "run: a second one while the first is under way is refused on the rank that calls it, and nobody is out of step",
    async run(comm) {
      using batch = new MPIBatch(comm, comm.size, 2);
      const [first, second] = await Promise.all([
        batch.run(() => new Promise((resolve) => setTimeout(resolve, 5))),
        comm.rank === 0 ? codeOfAsync(batch.run(() => {})) : null,
      ]);
      assert.deepEqual([first.done, second], [2, comm.rank === 0 ? "DEADLOCK" : null]);
      const within = await batch.run(() => batch.run(() => {}), { ignoreDone: true });
      for (const { error } of within.errors)
        assert.match(error.message, /a run of this batch is under way on this rank/);
      assert.equal(within.failed, 2);
    },
  },
  {
    name: "run: halt counts tasks, not attempts",
    async run(comm) {
      using batch = new MPIBatch(comm, comm.size, 6);
      const report = await batch.run(
        ({ attempt }) => {
          if (attempt === 1) throw new Error("not yet");
        },
        { ignoreFailed: true, halt: { failures: 2 } },
      );
      assert.deepEqual([report.done, report.failed, report.skipped, report.halted], [6, 0, 0, false]);
    },
  },
  {
    name: "run: halt leaves the rest",
    async run(comm) {
      using batch = new MPIBatch(comm, comm.size, 10);
      const report = await batch.run(
        ({ task }) => {
          if (task % 2) throw new Error("odd");
        },
        { halt: { failures: 2 } },
      );
      assert.deepEqual([report.done, report.failed, report.skipped, report.halted], [2, 2, 6, true]);
      assert.equal(batch.getTaskState(4), OPEN);
    },
  },
  {
    name: "run: a task that takes too long fails",
    async run(comm) {
      using batch = new MPIBatch(comm, comm.size, 3);
      const report = await batch.run(
        async ({ task, signal }) => {
          if (task === 1) await new Promise((resolve) => signal.addEventListener("abort", resolve));
          if (task === 2) for (const start = performance.now(); performance.now() < start + 150;);
        },
        { timeout: 100 },
      );
      assert.deepEqual([report.done, report.failed], [1, 2]);
      for (const { error } of report.errors) assert.match(error.message, /longer than 100 ms/);
    },
  },
  {
    name: "run: progress is told on rank 0 of each worker",
    async run(comm) {
      for (const workerSize of workerSizes(comm)) {
        using batch = new MPIBatch(comm, workerSize, 6);
        const told: [number, number][] = [];
        const ended: number[] = [];
        await batch.run(
          ({ task }) => {
            if (task === 3) throw new Error("three");
          },
          {
            onProgress({ done, failed, total, task, state }) {
              assert.equal(total, 6);
              assert.equal(state, task === 3 ? FAILED : DONE);
              told.push([task, state]);
              ended.push(done + failed);
            },
          },
        );
        assert.deepEqual(
          ended,
          ended.toSorted((a, b) => a - b),
        );
        const all = comm.allgather({ told, most: ended.at(-1) ?? 0 });
        assert.deepEqual(
          all.flatMap((one) => one.told.map(([task]) => task)).toSorted((a, b) => a - b),
          upTo(6),
        );
        assert.equal(Math.max(...all.map(({ most }) => most)), 6);
        if (batch.workerRank !== 0) assert.deepEqual(told, []);
      }
    },
  },
  {
    name: "run: what breaks the loop of one worker is thrown on every rank, after the others have finished",
    async run(comm) {
      using batch = new MPIBatch(comm, 1, 8);
      const onProgress = () => {
        if (comm.rank === comm.size - 1) throw new RangeError("no room");
      };
      // Each rank takes one task before the first can take two.
      const meet = () => comm.barrier();
      let first = true;
      const run = batch.run(
        () => {
          if (first) meet();
          first = false;
        },
        { onProgress },
      );
      assert.equal(await codeOfAsync(run), "BAD_ARGUMENT");
      const states = upTo(8).map((task) => batch.getTaskState(task));
      assert.deepEqual(new Set(states), new Set(comm.size === 1 ? [DONE, OPEN] : [DONE]));
    },
  },
  {
    name: "run: bad options are thrown on every rank",
    async run(comm) {
      using batch = new MPIBatch(comm, 1, 2);
      for (const options of [
        { retries: -1 },
        { retries: 0.5 },
        { timeout: 0 },
        { timeout: Number.NaN },
        { halt: { failures: 0 } },
      ]) {
        assert.equal(await codeOfAsync(batch.run(nothing, options)), "BAD_ARGUMENT");
      }
      const last = comm.rank === comm.size - 1;
      if (comm.size > 1) {
        assert.equal(await codeOfAsync(batch.run(nothing, { retries: last ? 1 : 2 })), "MISMATCH");
        assert.equal(await codeOfAsync(batch.run(nothing, { retries: last ? -1 : 2 })), "BAD_ARGUMENT");
      }
      assert.equal((await batch.run(nothing)).done, 2);
      batch.close();
      assert.equal(await codeOfAsync(batch.run(nothing)), "FREED");
    },
  },
];
