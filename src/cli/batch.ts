/** `pshmem batch`: how far a batch on disk has come, and tasks of it opened again. */
import { parseArgs } from "node:util";
import {
  DONE,
  FAILED,
  INVALID,
  OPEN,
  RUNNING,
  stateToString,
  stringToState,
  type TaskState,
} from "../batch/states.ts";
import { reopenTasks, surveyTasks, type Survey } from "../batch/survey.ts";
import { PshmemError } from "../errors.ts";
import { readOptions } from "./arguments.ts";
import { HELP } from "./help.ts";

const BATCH_OPTIONS = {
  list: { type: "string" },
  reopen: { type: "string" },
  force: { type: "boolean" },
  help: { type: "boolean", short: "h" },
} as const;

/** Those that are counted in any case; INVALID is rare. */
const SHOWN: readonly TaskState[] = [OPEN, RUNNING, DONE, FAILED];
const LISTED: readonly TaskState[] = [...SHOWN, INVALID];
const ENDED_OR_LEFT: readonly TaskState[] = [RUNNING, FAILED, DONE];

/**
 * Local: `pshmem batch`; resolves with the exit code: 1 if a state file cannot be read, or a task could not be opened.
 *
 * @throws BAD_ARGUMENT the command line is wrong
 * @throws FILE_SYSTEM the directory cannot be read, or written
 */
export async function batch(argv: readonly string[]): Promise<number> {
  const { values, positionals } = readOptions(() =>
    parseArgs({ args: [...argv], options: BATCH_OPTIONS, allowPositionals: true }),
  );
  if (values.help) {
    process.stdout.write(HELP.batch.text);
    return 0;
  }
  const [root, extra] = positionals;
  if (root === undefined) throw new PshmemError("BAD_ARGUMENT", "no directory given");
  if (extra !== undefined) throw new PshmemError("BAD_ARGUMENT", `unexpected argument '${extra}'`);
  const listed = values.list === undefined ? null : statesFrom("--list", values.list, LISTED);
  const reopened = values.reopen === undefined ? null : statesFrom("--reopen", values.reopen, ENDED_OR_LEFT);
  const isLeft = reopened !== null && reopen(root, reopened, values.force ?? false);
  const survey = surveyTasks(root);
  process.stdout.write(listed ? namesOf(survey, listed) : countsOf(survey));
  for (const fault of survey.faults) process.stderr.write(`pshmem: ${fault}\n`);
  return isLeft || survey.faults.length > 0 ? 1 : 0;
}

/** True if a task could not be opened. */
function reopen(root: string, states: ReadonlySet<TaskState>, force: boolean): boolean {
  const { opened, kept } = reopenTasks(root, states, force);
  process.stderr.write(`pshmem: ${opened.length} tasks are OPEN again\n`);
  if (kept.length === 0) return false;
  const advice = force ? "" : "; --force takes those of other machines for ended";
  process.stderr.write(
    `pshmem: ${kept.length} tasks belong to jobs that run, or may run: ${kept.join(", ")}${advice}\n`,
  );
  return true;
}

function statesFrom(option: string, text: string, allowed: readonly TaskState[]): ReadonlySet<TaskState> {
  const words = allowed.map(stateToString);
  const states = text.split(",").map((word) => {
    const found = words.find((one) => one === word.toUpperCase());
    if (found !== undefined) return stringToState(found);
    const message = `${option} takes ${words.join(", ")} or several with commas between, not '${word}'`;
    throw new PshmemError("BAD_ARGUMENT", message, { expected: words, actual: word });
  });
  return new Set(states);
}

function namesOf({ tasks }: Survey, states: ReadonlySet<TaskState>): string {
  return tasks.flatMap(({ name, state }) => (states.has(state) ? [`${name}\n`] : [])).join("");
}

function countsOf({ tasks, faults }: Survey): string {
  const shown = tasks.some(({ state }) => state === INVALID) ? LISTED : SHOWN;
  const rows = shown.map(
    (one) => [stateToString(one), tasks.filter(({ state }) => state === one).length] as const,
  );
  const unread = faults.length > 0 ? [["unreadable", faults.length] as const] : [];
  return [...rows, ...unread, ["all", tasks.length + faults.length] as const]
    .map(([name, count]) => `${name.padEnd(10)} ${count}\n`)
    .join("");
}
