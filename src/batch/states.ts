/** The states of a task: their numbers in memory and their words on disk, both as in the Python package. */
import { PshmemError } from "../errors.ts";
import { textOf } from "../shown.ts";

/** Not a state to work from: the task is offered to nobody. A job that begins on a directory opens it. */
export const INVALID = -1 as const;
/** Waits for a worker. */
export const OPEN = 0 as const;
/** A worker has it, or had it when its job ended. */
export const RUNNING = 1 as const;
/** Worked through. */
export const DONE = 2 as const;
/** Given up. */
export const FAILED = 3 as const;

/** A task state. */
export type TaskState = typeof INVALID | typeof OPEN | typeof RUNNING | typeof DONE | typeof FAILED;

const WORDS: readonly (readonly [TaskState, string])[] = [
  [INVALID, "INVALID"],
  [OPEN, "OPEN"],
  [RUNNING, "RUNNING"],
  [DONE, "DONE"],
  [FAILED, "FAILED"],
];
const TEXT_OF = new Map<unknown, string>(WORDS);
const STATE_OF = new Map<unknown, TaskState>(WORDS.map(([state, text]) => [text, state]));

/** True for one of the five states. Local. */
export function isTaskState(value: unknown): value is TaskState {
  return TEXT_OF.has(value);
}

/** The state as one word in capitals. Local. @throws BAD_STATE */
export function stateToString(state: number): string {
  const text = TEXT_OF.get(state);
  if (text === undefined) throw unknownState(state);
  return text;
}

/** The state that a word stands for. Local. @throws BAD_STATE */
export function stringToState(text: string): TaskState {
  const state = STATE_OF.get(text);
  if (state === undefined) throw unknownState(text);
  return state;
}

/** The error for something that is no state; `task` where it concerns one. Local. */
export function unknownState(actual: unknown, task?: number): PshmemError {
  const expected = WORDS.map(([state, text]) => `${text} (${state})`).join(", ");
  const whose = task === undefined ? "" : ` of task ${task}`;
  const shown = typeof actual === "string" ? JSON.stringify(actual) : textOf(actual);
  return new PshmemError("BAD_STATE", `the state${whose} is ${shown}; the states are ${expected}`, {
    actual: shown,
    expected,
    task,
  });
}
