/** The defects of the Python original: for each a fault named after it, which shows that this package does not have it. */
import assert from "node:assert/strict";
import { existsSync, writeFileSync } from "node:fs";
import { MPIBatch, MPILock, MPIShared, type Communicator, type Window } from "../../dist/index.js";
import { everywhere, onRanks, type Expected, type Fault } from "../fault.ts";
import { resumed, TASK_NAMES } from "../resume.ts";
import { outcomeOf } from "../telling.ts";

const upTo = (count: number): number[] => Array.from({ length: count }, (_, index) => index);

function sleep(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}

const MPI = ["mpich", "openmpi"] as const;

function underMpi(tells: string): Expected {
  return Object.fromEntries(MPI.map((name) => [name, { tells }]));
}

/** Collective: what all ranks have, in order. */
function together(comm: Communicator, own: readonly number[]): number[] {
  return comm
    .allgather(own)
    .flat()
    .toSorted((a, b) => a - b);
}

function tasksOf(comm: Communicator, batches: readonly MPIBatch[]): number[] {
  const mine: number[] = [];
  for (let found = true; found;) {
    found = false;
    for (const batch of batches) {
      const task = batch.nextTask({ ignoreRunning: true });
      if (task === null) continue;
      found = true;
      mine.push(task);
      batch.setTaskState(task, MPIBatch.DONE);
    }
  }
  return together(comm, mine);
}

const ARRAYS: readonly Fault[] = [
  {
    name: "defect 1: set checks on one rank only",
    run(comm) {
      const shared = new MPIShared([4], "float64", comm);
      const fromRank = comm.size - 1;
      const shape = outcomeOf(() => shared.set([[1]], { fromRank }));
      const offset = outcomeOf(() => shared.set([1], { fromRank, offset: [4] }));
      comm.barrier();
      shared.set([1, 2, 3, 4]);
      assert.deepEqual([...shared.data], [1, 2, 3, 4]);
      return `${shape}, ${offset}, then in step`;
    },
    expected: onRanks({ tells: "BAD_DIMENSIONS rank 2, OUT_OF_BOUNDS rank 2, then in step" }),
  },
  {
    name: "defect 5: a new array is writable until the first set",
    run(comm) {
      const shared = new MPIShared([4], "int32", comm);
      const view = shared.at() as unknown as {
        set(index: number[], value: number): void;
        fill(value: number): void;
      };
      const before = [outcomeOf(() => view.set([0], 1)), outcomeOf(() => view.fill(1))];
      comm.barrier();
      assert.deepEqual([...shared.data], [0, 0, 0, 0]);
      shared.set([1, 2, 3, 4]);
      const after = outcomeOf(() => view.set([0], 9));
      comm.barrier();
      assert.deepEqual([...shared.data], [1, 2, 3, 4]);
      return [...before, after].join(", ");
    },
    expected: everywhere({ tells: "READ_ONLY, READ_ONLY, READ_ONLY" }),
  },
  {
    name: "defect 8: node groups from rank arithmetic",
    job: { placement: "cyclic" },
    run(comm) {
      const shared = new MPIShared([comm.size], "int32", comm);
      const values = upTo(comm.size).map((rank) => 10 + rank);
      for (const fromRank of upTo(comm.size)) {
        shared.set(comm.rank === fromRank ? values.map((value) => value * fromRank) : null, { fromRank });
        assert.deepEqual(
          [...shared.data],
          values.map((value) => value * fromRank),
        );
      }
      return upTo(comm.size)
        .map((rank) => comm.topology.nodeOf(rank))
        .join(" ");
    },
    expected: { "threads-nodes": { tells: "0 1 0" }, mpich: { tells: "0 1 0" } },
  },
  {
    name: "defect 14: slices under MPI differ from those of a rank alone",
    run(comm) {
      const shared = new MPIShared([6], "int32", comm);
      const own = comm.rank === 0;
      shared.assign(["::2"], own ? [1, 2, 3] : null);
      shared.assign(["-1:"], own ? [9] : null);
      shared.assign([1], own ? 7 : null);
      shared.assign(["3:4"], own ? 5 : null);
      return [...shared.data].join(" ");
    },
    expected: everywhere({ tells: "1 7 2 5 3 9" }),
  },
  {
    name: "defect 15: data passed on all ranks, with ranks placed in turn",
    job: { placement: "cyclic" },
    run(comm) {
      const shared = new MPIShared([2], "int32", comm);
      shared.set([comm.rank, comm.rank], { fromRank: 1 });
      return [...shared.data].join(" ");
    },
    expected: { "threads-nodes": { tells: "1 1" }, mpich: { tells: "1 1" } },
  },
  {
    name: "defect 16: data that is not contiguous, and a full /dev/shm",
    job: { before: "mount -t tmpfs -o size=64m tmpfs /dev/shm && export TMPDIR=/tmp || exit 99" },
    run(comm) {
      const fromRank = comm.size - 1;
      const shared = new MPIShared([2 ** 24], "float64", comm);
      const every = { data: new Float64Array(2 ** 25).fill(7), shape: [2 ** 24], strides: [2] };
      shared.set(comm.rank === fromRank ? every : null, { fromRank });
      return shared.get(2 ** 24 - 1);
    },
    expected: onRanks({ tells: "7" }),
  },
];

const LOCKS: readonly Fault[] = [
  {
    name: "defect 3: a user's message with tag 0 grants the lock",
    run(comm) {
      const lock = new MPILock(comm);
      if (comm.rank === 0) lock.lock();
      comm.barrier();
      if (comm.rank === 0)
        for (const dest of upTo(comm.size)) for (const tag of upTo(4)) comm.send(dest, dest, tag);
      const held =
        comm.rank === 0 ? "holds it" : outcomeOf(() => lock.acquire({ timeout: 200 })).split(" ")[0];
      const messages = upTo(4).map((tag) => comm.recv<number>({ source: 0, tag }));
      assert.deepEqual(
        messages,
        upTo(4).map(() => comm.rank),
      );
      comm.barrier();
      return held;
    },
    expected: onRanks({ tells: ["holds it", "TIMEOUT", "TIMEOUT"] }),
  },
  {
    name: "defect 6: what was got is used before it is there",
    job: { placement: "block" },
    run(comm) {
      const window = comm.allocateWindow("int32", 1);
      for (let round = 1; round <= 200; round++) {
        for (const target of upTo(comm.size)) {
          window.fetchAndOp(target, 0, 1);
          const [seen] = window.get(target, 0, 1);
          assert.ok(seen >= round, `${seen} after ${round} additions of this rank alone`);
        }
      }
      comm.barrier();
      window.sync();
      return window.local[0];
    },
    expected: underMpi("600"),
  },
  {
    name: "defect 11: locks hang and tasks run several times under some MPIs",
    job: { placement: "block" },
    run(comm) {
      const lock = new MPILock(comm, { root: 1 });
      const window = comm.allocateWindow("int32", 1);
      for (let round = 0; round < 50; round++) lock.withLock(() => addUnsafely(window));
      comm.barrier();
      const turns = window.get(0)[0];
      const tasks = tasksOf(comm, [new MPIBatch(comm, 1, 100)]);
      assert.deepEqual(tasks, upTo(100));
      return `${turns} turns, ${tasks.length} tasks`;
    },
    expected: underMpi("150 turns, 100 tasks"),
  },
];

/** Loses additions of two ranks at once. */
function addUnsafely(window: Window<"int32">): void {
  const [value] = window.get(0);
  window.put(0, 0, [value + 1]);
  window.flush(0);
}

const BATCHES: readonly Fault[] = [
  {
    name: "defect 2: two batches on one directory run a task twice",
    run(comm, { folder }) {
      const names = upTo(60).map((task) => `task-${task}`);
      const open = () => new MPIBatch(comm, 1, 60, { taskFsRoot: `${folder}/batch`, taskFsNames: names });
      const tasks = tasksOf(comm, [open(), open()]);
      assert.deepEqual(tasks, upTo(60));
      return "60 tasks, each once";
    },
    expected: everywhere({ tells: "60 tasks, each once" }),
  },
  {
    name: "defect 4: a failing task is handed out for ever, a running one is taken away",
    run(comm) {
      const batch = new MPIBatch(comm, 1, 6);
      const running = comm.rank === 0 ? batch.nextTask()! : -1;
      const taken = comm.bcast(running);
      comm.barrier();
      const mine: number[] = [];
      if (comm.rank !== 0) {
        for (let task = batch.nextTask(ALL); task !== null && mine.length < 99; task = batch.nextTask(ALL)) {
          mine.push(task);
          batch.setTaskState(task, MPIBatch.FAILED);
        }
      }
      const all = together(comm, mine);
      assert.ok(!all.includes(taken), "a running task was taken away");
      return all.join(" ");
    },
    expected: onRanks({ tells: "1 1 2 2 3 3 4 4 5 5" }),
  },
  {
    name: "defect 9: a garbage state file makes everybody hang, a crash leaves RUNNING for ever",
    job: {
      after: (folder) => resumed(`${folder}/batch`),
    },
    run(comm, { folder }) {
      const options = { taskFsRoot: `${folder}/batch`, taskFsNames: TASK_NAMES };
      const batch = new MPIBatch(comm, comm.size, TASK_NAMES.length, options);
      if (comm.rank === 0) writeFileSync(`${folder}/batch/a/state`, "RUNN");
      comm.barrier();
      const garbage = outcomeOf(() => batch.nextTask());
      if (comm.rank === 0) writeFileSync(`${folder}/batch/a/state`, "OPEN\n");
      comm.barrier();
      batch.setTaskState(batch.nextTask()!, MPIBatch.DONE);
      batch.nextTask();
      // It ends with a task RUNNING.
      throw new Error(garbage);
    },
    expected: everywhere({
      tells: "Error: BAD_STATE_FILE rank 0 task 0",
      exit: 1,
      after: "1 DONE kept, 5 recovered",
    }),
  },
  {
    name: "defect 10: claims and locks wait for a busy root",
    run(comm, { folder }) {
      const batch = new MPIBatch(comm, 1, 10);
      const lock = new MPILock(comm);
      const flag = `${folder}/through`;
      if (comm.rank === 0) {
        // In no call of this package, until the others are through.
        for (let waited = 0; !existsSync(flag) && waited < 20_000; waited += 10) sleep(10);
        assert.ok(existsSync(flag), "the others have waited for the root");
        comm.barrier();
        return "10 tasks, 20 turns";
      }
      let [tasks, turns] = [0, 0];
      while (batch.nextTask() !== null) tasks++;
      for (let turn = 0; turn < 10; turn++) lock.withLock(() => turns++);
      comm.send([tasks, turns], 3 - comm.rank);
      const [theirs, their] = comm.recv<[number, number]>({ source: 3 - comm.rank });
      writeFileSync(flag, "");
      comm.barrier();
      return `${tasks + theirs} tasks, ${turns + their} turns`;
    },
    expected: onRanks({ tells: "10 tasks, 20 turns" }),
  },
  {
    name: "defect 13: closing leaks communicators, and few arrays can be open at once",
    run(comm) {
      for (let round = 0; round < 2_200; round++) new MPIBatch(comm, 1, 1).close();
      const open = upTo(1_000).map(() => new MPIShared([1], "int32", comm));
      open[999].set([5]);
      const value = open[999].get(0);
      for (const shared of open) shared.close();
      return value;
    },
    expected: onRanks({ tells: "5" }),
  },
];

const ALL = { ignoreRunning: true, ignoreFailed: true } as const;
const SIGNALS = [
  "SIGINT",
  "SIGTERM",
  "SIGHUP",
  "SIGQUIT",
  "SIGUSR1",
  "SIGUSR2",
  "SIGPIPE",
  "SIGALRM",
] as const;

const ENDS: readonly Fault[] = [
  {
    name: "defect 7: closing is collective, and importing replaces the handlers of signals",
    job: { disturb: ({ launcher }) => process.kill(launcher, "SIGTERM") },
    run(comm, desk) {
      assert.deepEqual(
        SIGNALS.map((signal) => process.listenerCount(signal)),
        SIGNALS.map(() => 0),
      );
      const shared = new MPIShared([2], "int32", comm);
      const lock = new MPILock(comm);
      if (comm.rank === 0) {
        shared.close();
        lock.close();
      }
      comm.barrier();
      desk.ready();
      return new Promise(() => setInterval(() => {}, 1_000));
    },
    expected: {
      serial: { tells: [null], exit: 143 },
      threads: { tells: [null, null, null], exit: 143 },
      openmpi: { tells: [null, null, null], exit: "not 0" },
    },
  },
  {
    name: "defect 12: a rank that is blocked in a call survives SIGTERM",
    job: { disturb: ({ ranks }) => ranks.forEach((pid) => process.kill(pid, "SIGTERM")) },
    run(comm, desk) {
      desk.ready();
      if (comm.rank === 0) sleep(Infinity);
      comm.barrier();
    },
    expected: Object.fromEntries(MPI.map((name) => [name, { tells: [null, null, null], exit: "not 0" }])),
  },
];

/** In the order of their numbers. */
export const defectFaults: readonly Fault[] = [...ARRAYS, ...LOCKS, ...BATCHES, ...ENDS].toSorted(
  (a, b) => Number.parseInt(a.name.slice(7)) - Number.parseInt(b.name.slice(7)),
);
