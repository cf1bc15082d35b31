/**
 * Counts the words of all text files under a directory, in two groups of ranks, and can be stopped at any moment: started again,
 * it goes on with the files that are left, and the result is the same.
 *
 *     npx pshmem run -n 4 examples/04-wordcount.ts [directory] [--state DIR] [--fresh]
 *
 * `directory` is the nearest node_modules if it is not given. What has been counted is kept in the state directory, by default one
 * under the system's temporary directory; `--fresh` forgets it. One job at a time can use a state directory.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { MPIBatch, MPILock, MPIShared, world } from "pshmem";
import type { Communicator, RunReport, TaskContext } from "pshmem";
import { chart, ProgressLine } from "./wordcount/chart.ts";
import { listTextFiles, type TextFile } from "./wordcount/files.ts";
import { readOptions } from "./wordcount/options.ts";
import { CountDirectory } from "./wordcount/state.ts";
import { sumUp } from "./wordcount/table.ts";
import { countPiece, merge } from "./wordcount/words.ts";

const comm = world();
const { directory, state, fresh } = readOptions(process.argv.slice(2));
const counted = new CountDirectory(state);
const files = comm.bcast(comm.rank === 0 ? prepare() : []);

using lock = new MPILock(comm);
using batch = new MPIBatch(comm, groupSize(comm), files.length, counted.batchOptions(files.length));
// The file that a group is counting: one of its ranks reads it, all of them see it.
using text = new MPIShared([largest(files)], "uint8", batch.workerComm);

const doneBefore = comm.bcast(comm.rank === 0 ? resume() : 0);
const progress = new ProgressLine(comm.rank === 0 ? process.stderr : null);
const outcome = await batch.run(countFile, {
  ignoreRunning: true,
  onProgress: ({ done, total }) => progress.show(`${doneBefore + done} of ${total} files`),
});
progress.end();
if (outcome.failed === 0 && outcome.skipped === doneBefore) {
  const summary = sumUp(comm, counted, files.length);
  if (comm.rank === 0) console.log(chart(summary, files.length));
} else if (comm.rank === 0) {
  explain(outcome);
}

/** On one rank: lists the files and makes the state directory fit them. */
function prepare(): TextFile[] {
  const found = listTextFiles(directory);
  console.error(`${found.length} text files in ${directory}`);
  console.error(`state in ${state}: ${counted.prepare(found, fresh)}`);
  return found;
}

/** On one rank, before any other may write: opens what failed before; returns the number of files that are counted. */
function resume(): number {
  const states = files.map((_, task) => batch.getTaskState(task));
  for (const [task, was] of states.entries()) {
    if (was === MPIBatch.FAILED) batch.setTaskState(task, MPIBatch.OPEN);
  }
  const done = states.map((was) => was === MPIBatch.DONE);
  counted.trimReport(done);
  return done.filter(Boolean).length;
}

/** Collective over a group. The counts are on disk, and in the report, before the batch marks the task as DONE. */
function countFile({ task, comm: group }: TaskContext): void {
  const file = files[task];
  text.set(group.rank === 0 ? read(file) : null);
  const pieces = group.gather(countPiece(text.data.subarray(0, file.bytes), group.rank, group.size));
  if (pieces === null) return;
  const counts = merge(pieces);
  counted.save(task, counts);
  lock.withLock(() => counted.appendToReport(task, counts, file));
}

/** On one rank: says which files are missing, and fails the job. */
function explain({ errors, failed, skipped }: RunReport): void {
  for (const { task, error } of errors) console.error(`${files[task].path}: ${error.message}`);
  console.error(
    `not counted: ${failed} failed, ${skipped - doneBefore} in the hands of another job. Start again.`,
  );
  process.exitCode = 1;
}

function read({ path, bytes }: TextFile): Uint8Array {
  const content = readFileSync(join(directory, path));
  if (content.length !== bytes) throw new Error("the file has changed since the start");
  return content;
}

function largest(list: readonly TextFile[]): number {
  return list.reduce((most, { bytes }) => Math.max(most, bytes), 0);
}

/** Two groups where the ranks can be halved, else one. */
function groupSize({ size }: Communicator): number {
  return size % 2 === 0 ? size / 2 : size;
}
