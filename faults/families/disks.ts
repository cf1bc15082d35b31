/** Disks that are full, read-only or not the job's, and directories and files that are not what they should be. */
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { MPIBatch, type Communicator } from "../../dist/index.js";
import { everywhere, type Desk, type Fault } from "../fault.ts";
import { outcomeOf } from "../telling.ts";

const NAMES = ["a", "b", "c"];

function onDisk(comm: Communicator, folder: string, names: readonly string[] = NAMES): MPIBatch {
  return new MPIBatch(comm, 1, names.length, { taskFsRoot: `${folder}/batch`, taskFsNames: names });
}

/** Makes the fault's folder a disk of its own, for the whole job. */
const disk = (options: string): string =>
  `mkdir -p "$DISK" && mount -t tmpfs -o ${options} tmpfs "$DISK" || exit 99`;

/** One whose writes fail from here on. */
const FILL = 'head -c 1m /dev/zero >"$DISK/filling" 2>/dev/null';

/** Root may write everywhere, unless it gives that right away. */
const ORDINARY =
  process.getuid?.() === 0
    ? ["setpriv", "--inh-caps", "-all", "--bounding-set", "-dac_override,-dac_read_search,-fowner"]
    : [];

/** Rank 0 does something to the disk, and then all go on. */
function prepared(comm: Communicator, prepare: () => void): void {
  if (comm.rank === 0) prepare();
  comm.barrier();
}

/** A collective call that fails for what the root finds on disk. */
function everyRank(
  name: string,
  code: string,
  run: (comm: Communicator, desk: Desk) => unknown,
  job?: Fault["job"],
): Fault {
  return { name, job, run, expected: everywhere({ tells: code, exit: job ? 1 : 0 }) };
}

const NO_SPACE: readonly Fault[] = [
  everyRank("a full disk, new MPIBatch", "FILE_SYSTEM rank 0", (comm, { folder }) => onDisk(comm, folder), {
    before: `${disk("size=64k")}; ${FILL}; true`,
  }),
  everyRank(
    "no more files on the disk, new MPIBatch",
    "FILE_SYSTEM rank 0",
    (comm, { folder }) => onDisk(comm, folder),
    {
      before: disk("nr_inodes=6"),
    },
  ),
  {
    name: "a disk that fills up, setTaskState: it goes on when there is room again",
    job: { before: disk("size=128k") },
    run(comm, { folder }) {
      const batch = onDisk(comm, folder);
      const task = batch.nextTask()!;
      comm.barrier();
      prepared(comm, () => fill(`${folder}/filling`));
      const first = outcomeOf(() => batch.setTaskState(task, MPIBatch.DONE));
      comm.barrier();
      prepared(comm, () => rmSync(`${folder}/filling`));
      const second = outcomeOf(() => batch.setTaskState(task, MPIBatch.DONE));
      return `${first}, then ${second}, ${MPIBatch.stateToString(batch.getTaskState(task))}`;
    },
    expected: everywhere({ tells: "FILE_SYSTEM, then returns, DONE" }),
  },
  {
    name: "a disk that fills up in run",
    job: { before: disk("size=128k") },
    run(comm, { folder }) {
      const options = { taskFsRoot: `${folder}/batch`, taskFsNames: NAMES };
      const batch = new MPIBatch(comm, comm.size, NAMES.length, options);
      return batch.run(({ comm: worker }) => prepared(worker, () => fill(`${folder}/filling`)));
    },
    expected: everywhere({ tells: "FILE_SYSTEM rank 0", exit: 1 }),
  },
];

/** Writes until the disk is full. */
function fill(path: string): void {
  try {
    writeFileSync(path, Buffer.alloc(2 ** 20));
  } catch {
    // It is full now.
  }
}

const NO_RIGHTS: readonly Fault[] = [
  everyRank(
    "a read-only disk, new MPIBatch",
    "FILE_SYSTEM rank 0",
    (comm, { folder }) => onDisk(comm, folder),
    {
      before: `${disk("size=1m")}; mount -o remount,ro "$DISK" || exit 99`,
    },
  ),
  everyRank(
    "a directory that may not be written, new MPIBatch",
    "FILE_SYSTEM rank 0",
    (comm, { folder }) => onDisk(comm, folder),
    {
      before: 'mkdir -p "$DISK" && chmod 555 "$DISK"',
      under: ORDINARY,
    },
  ),
  everyRank(
    "a state file that may not be read, new MPIBatch",
    "FILE_SYSTEM rank 0",
    (comm, { folder }) => onDisk(comm, folder),
    {
      before:
        'mkdir -p "$DISK/batch/a" && echo DONE >"$DISK/batch/a/state" && chmod 000 "$DISK/batch/a/state"',
      under: ORDINARY,
    },
  ),
];

/** Something lies where a batch wants its files. */
function found(name: string, code: string, path: string, text: string | null): Fault {
  return everyRank(name, code, (comm, { folder }) => {
    prepared(comm, () => {
      const parts = path.split("/");
      mkdirSync(`${folder}/${parts.slice(0, -1).join("/")}`, { recursive: true });
      if (text === null) mkdirSync(`${folder}/${path}`);
      else writeFileSync(`${folder}/${path}`, text);
    });
    const batch = onDisk(comm, folder);
    return MPIBatch.stateToString(batch.getTaskState(1));
  });
}

const GARBAGE: readonly Fault[] = [
  found("a state file of an unknown word", "BAD_STATE_FILE rank 0 task 1", "batch/b/state", "SOON\n"),
  found("an empty state file", "BAD_STATE_FILE rank 0 task 1", "batch/b/state", ""),
  found("half a word in a state file", "BAD_STATE_FILE rank 0 task 1", "batch/b/state", "RUNN"),
  found("zeros in a state file", "BAD_STATE_FILE rank 0 task 1", "batch/b/state", "\0".repeat(4096)),
  found("a directory in place of a state file", "FILE_SYSTEM rank 0", "batch/b/state", null),
  found("a file in place of a task's directory", "FILE_SYSTEM rank 0", "batch/b", "text"),
  found("a file in place of the batch's directory", "FILE_SYSTEM rank 0", "batch", "text"),
  found("a state file with blanks and more lines", "DONE", "batch/b/state", "DONE  \nby hand\n"),
  {
    name: "a state file that becomes garbage while the batch runs",
    run(comm, { folder }) {
      const batch = onDisk(comm, folder);
      prepared(comm, () => writeFileSync(`${folder}/batch/a/state`, "SOON\n"));
      const seen = outcomeOf(() => batch.getTaskState(0));
      comm.barrier();
      return seen;
    },
    expected: everywhere({ tells: "BAD_STATE_FILE task 0" }),
  },
  {
    name: "a state file that goes while the batch runs",
    run(comm, { folder }) {
      const batch = onDisk(comm, folder);
      prepared(comm, () => rmSync(`${folder}/batch/a/state`));
      return MPIBatch.stateToString(batch.getTaskState(0));
    },
    expected: everywhere({ tells: "INVALID" }),
  },
  {
    name: "a directory that goes while the batch runs",
    run(comm, { folder }) {
      const batch = onDisk(comm, folder);
      const task = batch.nextTask()!;
      comm.barrier();
      prepared(comm, () => rmSync(`${folder}/batch`, { recursive: true }));
      const seen = outcomeOf(() => batch.setTaskState(task, MPIBatch.DONE));
      comm.barrier();
      return seen;
    },
    expected: everywhere({ tells: "FILE_SYSTEM" }),
  },
];

/** Full and read-only disks, missing rights, garbage. */
export const diskFaults: readonly Fault[] = [...NO_SPACE, ...NO_RIGHTS, ...GARBAGE];
