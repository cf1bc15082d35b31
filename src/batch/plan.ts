/** The arguments of a batch, checked. All functions are local. */
import { resolve } from "node:path";
import { optionsOf } from "../comm/arguments.ts";
import { digestOf } from "../comm/calls.ts";
import { PshmemError, type ErrorCode, type ErrorFields } from "../errors.ts";
import { isTaskState, unknownState, type TaskState } from "./states.ts";
import { textOf } from "../shown.ts";

/** The options of a batch. All ranks give the same, but for `initState` and `debug`. */
export interface BatchOptions {
  /**
   * The states at the start, one for each task; only the root's are looked at. Default: all OPEN. An INVALID task is offered to nobody. With
   * a directory, which must be new, they are written to it; the next job that begins on it opens what is INVALID.
   */
  readonly initState?: ArrayLike<number> | null;
  /** A directory in which the states are kept as well; it must allow hard links and symbolic ones. Needs `taskFsNames`. */
  readonly taskFsRoot?: string | null;
  /** The name of each task's directory under `taskFsRoot`. */
  readonly taskFsNames?: readonly string[] | null;
  /** The rank in whose memory the states are. Default 0. */
  readonly root?: number;
  /** Print a line on standard output for every task taken or set. */
  readonly debug?: boolean;
}

/** What a rank means to make. */
export interface BatchPlan {
  readonly workerSize: number;
  readonly nTask: number;
  readonly root: number;
  /** Absolute. */
  readonly fsRoot: string | null;
  readonly names: readonly string[] | null;
  readonly debug: boolean;
  /** Of all that must be the same on every rank. */
  readonly digest: number;
}

/** What no directory's name has; halves of a pair of UTF-16 would all become the same character. */
const NO_NAME = /[/\0]|\p{Surrogate}/u;

/** The most tasks of a batch. */
const MOST_TASKS = 0x7fff_ffff;

/** Checks everything but the initial states. @throws BAD_ARGUMENT BAD_WORKER_SIZE BAD_RANK BAD_TASK BAD_TASK_NAME */
export function planBatch(
  size: number,
  workerSize: number,
  nTask: number,
  options: BatchOptions | null | undefined,
): BatchPlan {
  const given = optionsOf("new MPIBatch", options);
  const { taskFsRoot: fsRoot = null, taskFsNames = null, root = 0, debug = false } = given;
  // A copy: the caller's list may change later.
  const names: readonly string[] | null = Array.isArray(taskFsNames) ? [...taskFsNames] : taskFsNames;
  checkRoot(root, size);
  checkWorkerSize(workerSize, size);
  checkCount(nTask);
  checkDirectory(fsRoot, names);
  if (names !== null) checkNames(names, nTask);
  if (typeof debug !== "boolean")
    fail("BAD_ARGUMENT", `debug is ${textOf(debug)}; give true or false`, { actual: debug });
  const digest = digestOf(nTask, workerSize, fsRoot ?? "", names?.join("/") ?? "");
  return { workerSize, nTask, root, fsRoot: fsRoot === null ? null : resolve(fsRoot), names, debug, digest };
}

/** The states at the start as the root gives them. @throws BAD_STATE */
export function checkStates(states: ArrayLike<number>, nTask: number): TaskState[] {
  if (states.length !== nTask) {
    const text = `initState has ${textOf(states.length)} entries for ${nTask} tasks; give one for each`;
    fail("BAD_STATE", text, { expected: nTask, actual: states.length });
  }
  return Array.from(states, (state, task) => {
    if (isTaskState(state)) return state;
    throw unknownState(state, task);
  });
}

/** @throws BAD_TASK */
export function checkTask(task: number, nTask: number): void {
  if (Number.isInteger(task) && task >= 0 && task < nTask) return;
  const range = nTask === 0 ? "this batch has none" : `this batch has 0 to ${nTask - 1}`;
  fail("BAD_TASK", `there is no task ${textOf(task)}: ${range}`, { actual: task, task });
}

function checkRoot(root: number, size: number): void {
  if (Number.isInteger(root) && root >= 0 && root < size) return;
  const text = `root is ${textOf(root)}; give a rank of the communicator, 0 to ${size - 1}`;
  fail("BAD_RANK", text, { actual: root, expected: `0 to ${size - 1}` });
}

function checkWorkerSize(workerSize: number, size: number): void {
  if (Number.isInteger(workerSize) && workerSize > 0 && size % workerSize === 0) return;
  const fitting = Array.from({ length: size }, (_, i) => i + 1).filter((i) => size % i === 0);
  const text = `a worker cannot have ${textOf(workerSize)} of ${size} ranks; give one of ${fitting.join(", ")}`;
  fail("BAD_WORKER_SIZE", text, { actual: workerSize, expected: fitting });
}

function checkCount(nTask: number): void {
  if (Number.isInteger(nTask) && nTask >= 0 && nTask <= MOST_TASKS) return;
  fail("BAD_ARGUMENT", `nTask is ${textOf(nTask)}; give a whole number from 0 to ${MOST_TASKS}`, {
    actual: nTask,
  });
}

function checkDirectory(fsRoot: unknown, names: unknown): void {
  if (fsRoot !== null && (typeof fsRoot !== "string" || fsRoot === "" || fsRoot.includes("\0"))) {
    fail("BAD_ARGUMENT", `taskFsRoot is ${quoted(fsRoot)}; give the path of a directory`, {
      actual: fsRoot,
    });
  }
  if (fsRoot !== null && names === null) {
    fail("BAD_ARGUMENT", "taskFsRoot is given without taskFsNames; name the directory of each task", {});
  }
  if (fsRoot === null && names !== null) {
    fail(
      "BAD_ARGUMENT",
      "taskFsNames is given without taskFsRoot; say in which directory the tasks' are",
      {},
    );
  }
  if (names !== null && !Array.isArray(names)) {
    fail("BAD_ARGUMENT", `taskFsNames is of type ${typeof names}; give an array of names`, {
      actual: typeof names,
    });
  }
}

function checkNames(names: readonly unknown[], nTask: number): void {
  if (names.length !== nTask) {
    const text = `there are ${names.length} names for ${nTask} tasks; give one for each`;
    fail("BAD_TASK", text, { expected: nTask, actual: names.length });
  }
  const seen = new Map<unknown, number>();
  for (const [task, name] of names.entries()) {
    const shown = quoted(name);
    if (typeof name !== "string" || name === "" || name === "." || name === ".." || NO_NAME.test(name)) {
      fail("BAD_TASK_NAME", `the name of task ${task} is ${shown}; give a plain directory name`, {
        task,
        actual: shown,
      });
    }
    if (seen.has(name)) {
      fail(
        "BAD_TASK_NAME",
        `tasks ${seen.get(name)} and ${task} are both named ${shown}; names must differ`,
        {
          task,
          actual: shown,
        },
      );
    }
    seen.set(name, task);
  }
}

/** A text in quotes, anything else as it is. */
function quoted(value: unknown): string {
  return typeof value === "string" ? JSON.stringify(value) : textOf(value);
}

function fail(code: ErrorCode, text: string, fields: ErrorFields): never {
  throw new PshmemError(code, text, fields);
}
