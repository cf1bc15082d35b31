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

/** How long an asynchronous sleeper leaves the event loop to itself between two looks, in ms: first and most. */
const FIRST_LOOK_MS = 0.1;
const LAST_LOOK_MS = 5;

/** {@link Sleeper} for the platform. @throws nothing; an unknown platform sleeps by short naps */
export const processSleeper: Sleeper = {
  sleep(words, index, expected, ms) {
    const limit = Math.min(ms, LONGEST_MS);
    if (process.platform === "linux") futexWait(words, index, expected, limit);
    else darwinWait(words, index, expected, limit);
  },

  async sleepAsync(words, index, expected, ms) {
    // No system call can call back into the event loop: look now and then, less and less often.
    const end = performance.now() + ms;
    for (
      let pause = FIRST_LOOK_MS;
      Atomics.load(words, index) === expected;
      pause = Math.min(2 * pause, LAST_LOOK_MS)
    ) {
      const left = end - performance.now();
      if (left <= 0) return;
      await delay(Math.min(pause, left));
    }
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

/** Seconds and nanoseconds, as `struct timespec` has them; used again by each sleep of this thread. */
const timespec = new BigInt64Array(2);

function futexWait(words: Int32Array, index: number, expected: number, ms: number): void {
  timespec[0] = BigInt(Math.floor(ms / 1000));
  timespec[1] = BigInt(Math.floor((ms % 1000) * 1e6));
  posix().syscall!(
    SYS_FUTEX[process.arch],
    words.subarray(index, index + 1),
    FUTEX_WAIT,
    expected,
    timespec,
    null,
    0,
  );
}

function darwinWait(words: Int32Array, index: number, expected: number, ms: number): void {
  const word = words.subarray(index, index + 1);
  const ns = Math.floor(ms * 1e6);
  posix().os_sync_wait_on_address_with_timeout!(
    word,
    expected >>> 0,
    4,
    OS_SYNC_SHARED,
    OS_CLOCK_MACH_ABSOLUTE_TIME,
    ns,
  );
}
