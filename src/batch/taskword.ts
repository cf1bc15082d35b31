/**
 * What is known of a task, in one shared word:
 *   bits 0–2   the state
 *   bit  3     a worker of this batch is at work on it
 *   bit  4     another job is at work on it, or its files could not be read; looked at again when nothing else is left
 *   both       it is busy: a rank of this batch is at its files, see custody.ts; the state is what it will be
 *   bits 5–7   it has been handed out as RUNNING, DONE, FAILED once
 *   bits 8–31  a count of changes, so that a word seen again is the same word
 *
 * Every function here is pure; a word is changed by compare-exchange only, so a stale idea of it never gets in.
 */
import { DONE, FAILED, INVALID, OPEN, RUNNING, type TaskState } from "./states.ts";

/** A state in which a task can be handed out. */
export type Door = Exclude<TaskState, typeof INVALID>;

/** The doors, in no order that matters: the lowest task is handed out, through whichever door. */
export const DOORS: readonly Door[] = [OPEN, RUNNING, DONE, FAILED];

const STATE = 0b111;
/** By what stands in bits 0–2; INVALID, −1, leaves all three set. */
const STATES: readonly (TaskState | undefined)[] = [OPEN, RUNNING, DONE, FAILED];
const LIVE = 1 << 3;
const HELD = 1 << 4;
const THROUGH = 0b111 << 5;
const CHANGES = ~0xff;
const ONE_CHANGE = 1 << 8;

/** How a task is handed out: to be worked on at once… */
export const AT_ONCE = LIVE;
/** …or once its files are looked at. */
export const BUSY = LIVE | HELD;

/** The state in a word. */
export function stateOf(word: number): TaskState {
  return STATES[word & STATE] ?? INVALID;
}

/** True if a worker of this batch is at work on the task, or if it is busy. */
export function isLive(word: number): boolean {
  return (word & LIVE) !== 0;
}

/** True if the task is not offered for now, because of what was found on disk, or if it is busy. */
export function isHeld(word: number): boolean {
  return (word & HELD) !== 0;
}

/** True if a rank of this batch is at the task's files. */
export function isBusy(word: number): boolean {
  return isLive(word) && isHeld(word);
}

/**
 * True if such a rank has yet to bring the files to the state of the word. RUNNING is not counted: nearly always that is a task which the
 * rank takes, or leaves.
 */
export function isPending(word: number): boolean {
  return isBusy(word) && stateOf(word) !== RUNNING;
}

/** The door through which the task may be handed out, or null. Each door but OPEN lets a task through once. */
export function doorOf(word: number): Door | null {
  const state = stateOf(word);
  if (word & (LIVE | HELD) || state === INVALID) return null;
  return state === OPEN || !(word & passed(state)) ? state : null;
}

/** The word of a task at the start. */
export function firstWord(state: TaskState): number {
  return state & STATE;
}

/** Handed out to a worker; `hold` is {@link AT_ONCE} or {@link BUSY}. */
export function claimed(word: number, hold = AT_ONCE): number {
  const state = stateOf(word);
  const through = state === OPEN || state === INVALID ? 0 : passed(state);
  return changed(word, RUNNING, (word & ~HELD) | hold | through);
}

/** A rank begins with its files, to bring it to a state; or it says to the one that is at them which state that is. */
export function busy(word: number, state: TaskState): number {
  return changed(word, state, word | BUSY);
}

/** Its files say that it is the worker's. */
export function confirmed(word: number): number {
  return changed(word, RUNNING, word & ~HELD);
}

/** Set to a state by hand. A task at work that is said to be RUNNING keeps its word: its worker knows it by that when it leaves it. */
export function withState(word: number, state: TaskState): number {
  if (state === RUNNING && isLive(word)) return word;
  return changed(word, state, word & ~BUSY);
}

/** In nobody's hands any more, in the state that it says. */
export function abandoned(word: number): number {
  return changed(word, stateOf(word), word & ~BUSY);
}

/** Handed back untouched: as it was `before` it was claimed, but for the state found on disk. `held`: not to be offered for now. */
export function restored(word: number, before: number, state: TaskState, held: boolean): number {
  return changed(word, state, held ? before | HELD : before);
}

/** The same, through the doors that another word has been through. */
export function throughAs(word: number, other: number): number {
  return (word & ~THROUGH) | (other & THROUGH);
}

function passed(state: Door): number {
  return 1 << (4 + state);
}

function changed(word: number, state: TaskState, flags: number): number {
  return ((word & CHANGES) + ONE_CHANGE) | (flags & ~CHANGES & ~STATE) | (state & STATE) | 0;
}
