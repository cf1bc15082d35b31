/** Batches: claiming a task and saying that it is done. */
import { mkdirSync, mkdtempSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { MPIBatch, type BatchOptions, type Communicator } from "pshmem";
import type { Case, Side } from "../case.ts";
import { inC } from "../references.ts";
import { piscinaTasks } from "../rivals/piscina.ts";

/** The number of tasks that others are compared with. */
const REFERENCE = 1000;

/**
 * Collective: the first ranks claim from batches of so many tasks. The first half are done already: the original looks at every task before the first
 * open one, so that a claim in the midst of its list costs it what one costs on average.
 */
function claims(comm: Communicator, tasks: number, claimers: number): Side {
  const first = tasks / 2;
  const share = Math.floor((tasks - first) / claimers);
  const open = () =>
    new MPIBatch(comm, 1, tasks, {
      initState: Array.from({ length: tasks }, (_, task) => (task < first ? MPIBatch.DONE : MPIBatch.OPEN)),
    });
  let batch = open();
  let left = share;
  return {
    turn(ops) {
      let took = 0;
      for (let done = 0; done < ops;) {
        if (left === 0) {
          batch.close();
          batch = open();
          left = share;
        }
        const now = Math.min(left, ops - done);
        comm.barrier();
        if (comm.rank < claimers) took += claimed(batch, now);
        left -= now;
        done += now;
      }
      comm.barrier();
      return took;
    },
    close: () => batch.close(),
  };
}

function claimed(batch: MPIBatch, count: number): number {
  const start = performance.now();
  for (let i = 0; i < count; i++) {
    const task = batch.nextTask();
    if (task === null) throw new Error("no task is left");
    batch.setTaskState(task, MPIBatch.DONE);
  }
  return performance.now() - start;
}

/** Claim and done in memory, by all ranks at once. */
export const claim: Case = {
  id: "claim",
  title: "claim + done in memory, all ranks at once",
  unit: "time",
  sizeIs: "tasks",
  sizes: [100, REFERENCE, 10_000],
  settings: ["threads-2", "openmpi-2", "mpich-2"],
  value: "shared",
  ours: ({ comm }, tasks) => claims(comm, tasks, comm.size),
  references: [
    {
      name: "Python original",
      where: "python",
      make: "claim",
      // Under MPICH it hands out tasks more than once.
      settings: ["openmpi-2"],
      goal: (tasks) => (tasks < REFERENCE ? null : 500),
    },
  ],
};

/** The same by one rank, beside itself: what the number of tasks does, and nothing else. */
export const claimFlat: Case = {
  id: "claim-flat",
  title: "claim + done in memory, by one rank",
  unit: "time",
  sizeIs: "tasks",
  sizes: [100, 10_000, 100_000, 1_000_000],
  settings: ["threads-2", "openmpi-2", "mpich-2"],
  value: "each",
  ours: ({ comm }, tasks) => claims(comm, tasks, 1),
  references: [
    {
      name: `itself with ${REFERENCE} tasks: flat within 20 %`,
      where: "rank",
      make: ({ comm }) => claims(comm, REFERENCE, 1),
      goal: () => 1 / 1.2,
    },
  ],
};

/** How many tasks are left open in the directory; enough for all turns. */
function openedFrom(tasks: number): number {
  return tasks <= REFERENCE ? tasks / 2 : 0;
}

/** Collective: a directory of its own in which the tasks before the first open one are done. */
function taskDirectory(
  { comm, folder }: { comm: Communicator; folder: string },
  tasks: number,
): BatchOptions {
  const names = Array.from({ length: tasks }, (_, task) => `task-${task}`);
  const root = comm.bcast(comm.rank === 0 ? mkdtempSync(join(folder, "tasks-")) : "");
  if (comm.rank === 0) {
    for (const name of names.slice(0, openedFrom(tasks))) {
      mkdirSync(join(root, name));
      writeFileSync(join(root, name, "state"), "DONE\n");
    }
  }
  comm.barrier();
  return { taskFsRoot: root, taskFsNames: names };
}

/** Claim and done on disk, by one rank. */
export const claimOnDisk: Case = {
  id: "claim-disk",
  title: "claim + done on disk, by one rank",
  unit: "time",
  sizeIs: "tasks",
  sizes: [REFERENCE, 100_000],
  settings: ["threads-2", "openmpi-2"],
  value: "each",
  ours(site, tasks) {
    const { comm } = site;
    let batch = new MPIBatch(comm, 1, tasks, taskDirectory(site, tasks));
    let left = tasks - openedFrom(tasks);
    const renew = () => {
      batch.close();
      batch = new MPIBatch(comm, 1, tasks, taskDirectory(site, tasks));
      left = tasks - openedFrom(tasks);
    };
    return {
      turn(ops) {
        const count = Math.min(ops, tasks - openedFrom(tasks));
        if (left < count) renew();
        left -= count;
        comm.barrier();
        const took = comm.rank === 0 ? claimed(batch, count) : 0;
        comm.barrier();
        return (took / count) * ops;
      },
      close: () => batch.close(),
    };
  },
  references: [
    {
      name: "Python original",
      where: "python",
      make: "claim_disk",
      settings: ["openmpi-2"],
      sizes: [REFERENCE],
      goal: () => 25,
    },
    { name: "C: one write + rename", where: "rank", make: inC("rename"), goal: () => 1 / 4 },
  ],
};

/** Tasks that do nothing, in the loop that does all the work around them. */
export const noopTasks: Case = {
  id: "run",
  title: "no-op task in run(), both ranks",
  unit: "time",
  sizeIs: "tasks",
  sizes: [1000],
  ops: 1000,
  settings: ["threads-2"],
  value: "each",
  ours: ({ comm }) => ({
    async turn(ops) {
      using batch = new MPIBatch(comm, 1, ops);
      comm.barrier();
      const start = performance.now();
      await batch.run(async () => undefined);
      return performance.now() - start;
    },
  }),
  references: [
    { name: "piscina, 2 threads, one after another", where: "rival", make: piscinaTasks(1), goal: () => 5 },
    { name: "piscina, 2 threads, 100 at once", where: "rival", make: piscinaTasks(100), goal: () => 5 },
  ],
};
