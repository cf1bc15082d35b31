/** The sleepers, with real sleeps: what a wait leaves behind. */
import { AsyncLocalStorage, createHook } from "node:async_hooks";
import { afterAll, describe, expect, it } from "vitest";
import { bellBytes, Bells, type Sleeper } from "../../dist/node/bells.js";
import { ALONE, BellPace, eagernessFor } from "../../dist/node/pace.js";
import { Until } from "../../dist/node/script.js";
import { processSleeper } from "../../dist/mpi/sleeper.js";
import { serialSleeper } from "../../dist/serial/sleeper.js";
import { threadSleeper } from "../../dist/threads/sleeper.js";
import { UNWATCHED } from "../../dist/node/watch.js";

function makePace(sleeper: Sleeper) {
  const words = new Int32Array(new SharedArrayBuffer(bellBytes(2)));
  const bells = new Bells(words, sleeper);
  return {
    bells,
    pace: new BellPace(
      bells,
      1,
      { poll: () => false, slice: Infinity, longSlice: Infinity },
      ALONE,
      UNWATCHED,
    ),
  };
}

/** What keeps a program alive while it sleeps: timers, and calls that a thread of Node's pool makes. */
const KEEPERS = ["Timeout", "syscall", "os_sync_wait_on_address_with_timeout"];

const within = new AsyncLocalStorage<Set<number>>();
const hook = createHook({
  init: (id, type) => void (KEEPERS.includes(type) && within.getStore()?.add(id)),
  destroy: (id) => void keepers.delete(id),
}).enable();
afterAll(() => hook.disable());

/** Those made within it and not given up; the test runner has its own, which come and go. */
const keepers = new Set<number>();

const never = new Until(() => false);

describe.each(Object.entries({ threadSleeper, serialSleeper, processSleeper }))("%s", (_, sleeper) => {
  it("an asynchronous wait ends when it is rung, and not for another's ring", async () => {
    const { bells, pace } = makePace(sleeper);
    let open = false;
    const wait = pace.runAsync(new Until(() => open));
    open = true;
    bells.ring(0);
    const early = await Promise.race([
      wait,
      new Promise((resolve) => setTimeout(resolve, 20, "still waits")),
    ]);
    expect(early).toBe("still waits");
    bells.ring(1);
    expect(await wait).toBe("done");
  });

  it("several waits of one rank are woken by one ring", async () => {
    const { bells, pace } = makePace(sleeper);
    let open = false;
    const waits = [1, 2, 3].map(() => pace.runAsync(new Until(() => open)));
    await new Promise((resolve) => setTimeout(resolve, 5));
    open = true;
    bells.ring(1);
    expect(await Promise.all(waits)).toEqual(["done", "done", "done"]);
  });

  it("a promised wait is not left asleep by a ring that a blocking call of the same rank has taken", async () => {
    const { bells, pace } = makePace(sleeper);
    let open = false;
    const wait = pace.runAsync(new Until(() => open));
    await new Promise((resolve) => setTimeout(resolve, 5));
    pace.run(
      new Until(() => {
        const isArmed = open;
        open = true;
        if (!isArmed) bells.ring(1);
        return isArmed;
      }),
    );
    expect(await wait).toBe("done");
  });

  it("an abort ends the wait, and nothing is left that keeps the program alive", async () => {
    const { pace } = makePace(sleeper);
    const controller = new AbortController();
    const wait = within.run(keepers, () => pace.runAsync(never, { signal: controller.signal }));
    await Promise.resolve();
    expect(keepers.size).toBeGreaterThan(0);
    controller.abort();
    expect(await wait).toBe("aborted");
    // Their ends are told once the stack is empty.
    await new Promise((resolve) => setImmediate(resolve));
    expect(keepers).toEqual(new Set());
  });

  it("a timeout ends both kinds of wait", async () => {
    const { pace } = makePace(sleeper);
    expect(pace.run(never, { deadline: performance.now() + 5 })).toBe("timeout");
    expect(await pace.runAsync(never, { deadline: performance.now() + 5 })).toBe("timeout");
  });
});

it("a rank alone that would sleep for ever is told so", () => {
  const { pace } = makePace(serialSleeper);
  expect(() => pace.run(never)).toThrow(expect.objectContaining({ code: "DEADLOCK" }));
});

it("ranks look long when each has a core, and always give way before they sleep", () => {
  expect(eagernessFor(4, 4).looks).toBeGreaterThan(eagernessFor(5, 4).looks);
  for (const ranks of [4, 5]) expect(eagernessFor(ranks, 4).turns).toBeGreaterThan(0);
});
