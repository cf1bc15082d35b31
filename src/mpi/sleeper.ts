/** Sleeping on words that processes share: `futex` on Linux, `os_sync_wait_on_address` on macOS. `Atomics.wait` refuses such memory. */
import { setTimeout as delay } from "node:timers/promises";
import type { Sleeper } from "../node/bells.ts";
import { posix } from "../native/posix.ts";

/** `futex(2)`: without FUTEX_PRIVATE_FLAG, since the word belongs to several processes. */
const FUTEX_WAIT = 0;
const FUTEX_WAKE = 1;
const SYS_FUTEX: Readonly<Record<string, number>> = {
  x64: 202,
  arm64: 98,
  riscv64: 98,
  s390x: 238,
  ppc64: 221,
  loong64: 98,
};

/** `os_sync_wait_on_address.h`: the word is shared between processes; the clock that does not stop. */
const OS_SYNC_SHARED = 1;
const OS_CLOCK_MACH_ABSOLUTE_TIME = 32;

/** A sleep without a limit is a long one that is begun again. */
const LONGEST_MS = 60_000;

/** The same for one whose thread Node waits for before it exits. */
const LONGEST_TASK_MS = 50;

/** {@link Sleeper} for the platform. @throws nothing; an unknown platform sleeps by short naps */
export const processSleeper: Sleeper = {
  sleep(words, index, expected, ms) {
    const { syscall, os_sync_wait_on_address_with_timeout: wait } = posix();
    const limit = Math.min(ms, LONGEST_MS);
    if (syscall) syscall(...futexWait(words, index, expected, timespec(limit)));
    else wait!(...darwinWait(words, index, expected, limit));
  },

  // Not until the word has changed: a thread that was woken may find it as it was, since a blocking call has armed the bell anew.
  async sleepAsync(words, index, expected, ms) {
    if (Atomics.load(words, index) !== expected) return;
    const end = performance.now() + ms;
    const task = taskOn(words, index, expected, ms);
    if (task.end <= end) await task.over;
    else await firstOf(task.over, ms);
  },

  wake(words, index) {
    const { syscall, os_sync_wake_by_address_all: wakeAll } = posix();
    const word = words.subarray(index, index + 1);
    if (syscall) syscall(SYS_FUTEX[process.arch], word, FUTEX_WAKE, 0x7fff_ffff, null, null, 0);
    else wakeAll!(word, Int32Array.BYTES_PER_ELEMENT, OS_SYNC_SHARED);
  },

  giveWay() {
    posix().sched_yield();
  },
};

/** A thread of Node's pool that sleeps for this one. */
interface Task {
  readonly word: Int32Array;
  /** When it ends at the latest, on the clock of `performance`. */
  readonly end: number;
  readonly over: Promise<void>;
}

/** The pool has four threads, which file reads want too: all that wait for one word share one of them. */
const tasks = new Set<Task>();

function taskOn(words: Int32Array, index: number, expected: number, ms: number): Task {
  const word = words.subarray(index, index + 1);
  for (const task of tasks) if (isSame(task.word, word)) return task;
  const limit = Math.min(ms, LONGEST_TASK_MS);
  const { syscall_task: syscall, os_sync_wait_on_address_with_timeout_task: wait } = posix();
  const call = syscall
    ? syscall(...futexWait(words, index, expected, timespec(limit)))
    : wait!(...darwinWait(words, index, expected, limit));
  const over = call.then(() => {}).finally(() => tasks.delete(task));
  const task: Task = { word, end: performance.now() + limit, over };
  tasks.add(task);
  return task;
}

function isSame(a: Int32Array, b: Int32Array): boolean {
  return a.buffer === b.buffer && a.byteOffset === b.byteOffset;
}

/** Resolves with the promise, or after so many ms. */
async function firstOf(promise: Promise<void>, ms: number): Promise<void> {
  const timer = new AbortController();
  const { signal } = timer;
  await Promise.race([promise, delay(ms, undefined, { signal }).catch(() => {})]);
  timer.abort();
}

/** Seconds and nanoseconds, as `struct timespec` has them: outside the heap, where nothing moves while another thread reads it. */
function timespec(ms: number): BigInt64Array {
  const time = new BigInt64Array(new ArrayBuffer(2 * BigInt64Array.BYTES_PER_ELEMENT));
  time[0] = BigInt(Math.floor(ms / 1000));
  time[1] = BigInt(Math.floor((ms % 1000) * 1e6));
  return time;
}

function futexWait(words: Int32Array, index: number, expected: number, time: BigInt64Array) {
  const word = words.subarray(index, index + 1);
  return [SYS_FUTEX[process.arch], word, FUTEX_WAIT, expected, time, null, 0] as const;
}

function darwinWait(words: Int32Array, index: number, expected: number, ms: number) {
  const word = words.subarray(index, index + 1);
  const ns = Math.floor(ms * 1e6);
  return [word, expected >>> 0, 4, OS_SYNC_SHARED, OS_CLOCK_MACH_ABSOLUTE_TIME, ns] as const;
}
