/**
 * The directory of a batch as somebody sees it who has no part in the batch, and does not know its names: what is in it, and tasks
 * opened again. All functions are local and blocking, and throw FILE_SYSTEM with the path.
 */
import { readdirSync, statSync, type Dirent } from "node:fs";
import { isPshmemError } from "../errors.ts";
import { TaskDirectory } from "./directory.ts";
import { drawJobNumber } from "../node/job-number.ts";
import { attempt } from "./files.ts";
import { newBatchName } from "./owner.ts";
import { OPEN, type TaskState } from "./states.ts";

/** A task found in a directory. */
export interface FoundTask {
  readonly name: string;
  readonly state: TaskState;
}

/** What a directory holds. */
export interface Survey {
  /** By name. */
  readonly tasks: readonly FoundTask[];
  /** What is wrong with the state files that cannot be read. */
  readonly faults: readonly string[];
}

/** What became of the tasks that were to be opened. */
export interface Reopening {
  readonly opened: readonly string[];
  /** Those that a job has, or may have. */
  readonly kept: readonly string[];
}

/** Every directory with a state file is a task; anything else is passed over. */
export function surveyTasks(root: string): Survey {
  const { directory, names } = openDirectory(root);
  const tasks: FoundTask[] = [];
  const faults: string[] = [];
  for (const [task, name] of names.entries()) {
    try {
      const state = directory.find(task);
      if (state !== null) tasks.push({ name, state });
    } catch (error) {
      if (!isPshmemError(error)) throw error;
      faults.push(error.message);
    }
  }
  return { tasks, faults };
}

/**
 * Writes OPEN for every task that is in one of `states`. Each is claimed first, as a worker claims it, so that none is taken from a job that
 * runs; `force` takes jobs on other machines for gone.
 */
export function reopenTasks(root: string, states: ReadonlySet<TaskState>, force: boolean): Reopening {
  const { directory, names } = openDirectory(root);
  const wanted = new Set(
    surveyTasks(root).tasks.flatMap(({ name, state }) => (states.has(state) ? [name] : [])),
  );
  const opened: string[] = [];
  const kept: string[] = [];
  for (const [task, name] of names.entries()) {
    if (!wanted.has(name)) continue;
    if (!directory.acquire(task, force)) kept.push(name);
    else if (states.has(directory.read(task))) {
      directory.settle(task, OPEN);
      opened.push(name);
    } else directory.drop(task);
  }
  directory.rest();
  return { opened, kept };
}

function openDirectory(root: string): { directory: TaskDirectory; names: string[] } {
  const entries = attempt("read", root, () => readdirSync(root, { withFileTypes: true }))!;
  const names = entries.filter((entry) => isDirectory(root, entry)).map((entry) => entry.name);
  names.sort();
  return { directory: new TaskDirectory(root, names, newBatchName(drawJobNumber()), 0), names };
}

/** Or a link to one; a link that leads nowhere is none. */
function isDirectory(root: string, entry: Dirent): boolean {
  if (!entry.isSymbolicLink()) return entry.isDirectory();
  try {
    return statSync(`${root}/${entry.name}`).isDirectory();
  } catch {
    return false;
  }
}
