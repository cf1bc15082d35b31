/** Sleeping and waking: the shipped bells and pace, through every order in which their accesses can fall. */
import { describe, expect, it } from "vitest";
import { bellBytes, Bells, type Sleeper } from "../../dist/node/bells.js";
import type { Machine } from "../../dist/node/machine.js";
import { ALONE, BellPace } from "../../dist/node/pace.js";
import { Until } from "../../dist/node/script.js";
import { explore, type Found, type World } from "./node-schedules.ts";
import { UNWATCHED } from "../../dist/node/watch.js";

/** Thrown to leave a program after its one access. */
const ENOUGH = Symbol("enough");

/** What a program waits for and tells of. */
const CHANGES = 40;
const ANSWERS = 41;
const WORDS = 48;

type BellsClass = new (words: Int32Array, sleeper: Sleeper) => Bells;
type Program = (thread: Thread) => void;

/**
 * A rank whose program is run from its start at every step: accesses already made give what they gave, one more is made. So the
 * code under test can be stopped between any two of its accesses, though it is written to run through.
 */
class Thread implements Sleeper {
  readonly giveWay = null;
  readonly log: number[] = [];
  finished = false;
  /** The index of the word on which it sleeps. */
  asleep = -1;
  readonly bells: Bells;
  readonly pace: BellPace;
  readonly #world: Threads;
  readonly #program: Program;
  #position = 0;
  #budget = 0;
  /** Accesses before the present wait, and whether it has slept: then it begins to wait anew. */
  #before = 0;
  #slept = false;

  constructor(place: number, program: Program, bells: BellsClass, world: Threads) {
    this.#program = program;
    this.#world = world;
    this.bells = new bells(world.memory, this);
    this.pace = new BellPace(
      this.bells,
      place,
      { poll: () => this.#poll(), slice: Infinity, longSlice: Infinity },
      ALONE,
      UNWATCHED,
    );
  }

  advance(): void {
    this.#position = 0;
    this.#budget = 1;
    this.#slept = false;
    try {
      this.#program(this);
      this.finished = true;
    } catch (error) {
      if (error !== ENOUGH) throw error;
    }
  }

  /** Waits until a word has come to a value. */
  await(index: number, value: number): void {
    this.#before = this.#position;
    this.pace.run(new Until(() => Atomics.load(this.#world.memory, index) >= value));
  }

  access(perform: () => number): number {
    if (this.#position === this.log.length) {
      if (this.#budget === 0) throw ENOUGH;
      this.#budget--;
      this.log.push(perform());
    }
    return this.log[this.#position++];
  }

  sleep(words: Int32Array, index: number, expected: number): void {
    this.access(() => {
      if (words[index] !== expected) return 0;
      this.asleep = index;
      throw ENOUGH;
    });
    this.#slept = true;
  }

  async sleepAsync(): Promise<void> {
    throw new Error("no program of this search waits so");
  }

  wake(_: Int32Array, index: number): void {
    this.access(() => this.#world.wake(index));
  }

  woken(): void {
    this.asleep = -1;
    this.log.push(1);
  }

  #poll(): boolean {
    if (!this.#slept || this.#position < this.log.length) return false;
    // A wait that has slept is where it was when it began: nothing is remembered of the sleep.
    this.log.length = this.#before;
    throw ENOUGH;
  }
}

class Threads implements World {
  readonly memory = new Int32Array(WORDS);
  readonly threads: readonly Thread[];

  constructor(programs: readonly Program[], bells: BellsClass) {
    this.threads = programs.map((program, place) => new Thread(place, program, bells, this));
  }

  get finished(): boolean {
    return this.threads.every((thread) => thread.finished);
  }

  choices(): string[] {
    return this.threads.flatMap(({ finished, asleep }, place) =>
      finished || asleep >= 0 ? [] : [`${place}`],
    );
  }

  take(choice: string): void {
    const { load, store, add } = Atomics;
    const thread = this.threads[Number(choice)];
    const through = (perform: (words: Int32Array, index: number, value: number) => number) =>
      ((words: Int32Array, index: number, value: number) =>
        thread.access(() => perform(words, index, value))) as never;
    Object.assign(Atomics, { load: through(load), store: through(store), add: through(add) });
    try {
      thread.advance();
    } finally {
      Object.assign(Atomics, { load, store, add });
    }
  }

  wake(index: number): number {
    for (const thread of this.threads) if (thread.asleep === index) thread.woken();
    return 0;
  }

  key(): string {
    const threads = this.threads.map(({ log, asleep, finished }) => `${log.join()}/${asleep}/${finished}`);
    return `${this.memory.join()}|${threads.join("|")}`;
  }
}

function search(programs: readonly Program[], bells: BellsClass = Bells): Found {
  return explore(() => new Threads(programs, bells));
}

/** A program's own access to the words. */
function tell({ bells }: Thread, index: number, world: () => Int32Array, place: number): void {
  Atomics.add(world(), index, 1);
  bells.ring(place);
}

/** Programs with the memory of the world they are in. */
function scenario(...programs: ((thread: Thread, change: (index: number, place: number) => void) => void)[]) {
  return (bells?: BellsClass, tells = tell): Found =>
    explore(() => {
      const world: Threads = new Threads(
        programs.map((program) => (thread: Thread) => {
          program(thread, (index, place) => tells(thread, index, () => world.memory, place));
        }),
        bells ?? Bells,
      );
      return world;
    });
}

const oneWaker = scenario(
  (thread) => thread.await(CHANGES, 1),
  (_, change) => change(CHANGES, 0),
);

const twoWakers = scenario(
  (thread) => {
    thread.await(CHANGES, 1);
    thread.await(CHANGES, 2);
  },
  (_, change) => change(CHANGES, 0),
  (_, change) => change(CHANGES, 0),
);

const pingPong = scenario(
  (thread, change) => {
    thread.await(CHANGES, 1);
    change(ANSWERS, 1);
    thread.await(CHANGES, 2);
  },
  (thread, change) => {
    change(CHANGES, 0);
    thread.await(ANSWERS, 1);
    change(CHANGES, 0);
  },
);

/** Place 1 sends place 0 to rest for what takes long; its helper, place 2, comes at any time. */
const resting = scenario(
  (thread) => {
    thread.await(CHANGES, 1);
    thread.await(CHANGES, 2);
  },
  ({ bells }, change) => {
    bells.sendToRest(0, 1);
    bells.endRest(0);
    change(CHANGES, 0);
    bells.sendToRest(0, 1);
    change(CHANGES, 0);
  },
  ({ bells }) => bells.wakeResting(1),
);

describe("no wake-up is lost", () => {
  it.each(Object.entries({ oneWaker, twoWakers, pingPong, resting }))("%s", (_, run) => {
    const { failure, ends, states } = run();
    expect(failure).toBeNull();
    expect(ends).toBeGreaterThan(0);
    expect(states).toBeGreaterThan(10);
  });

  it("a rank that waits for nothing that comes is found asleep", () => {
    expect(search([(thread) => thread.await(CHANGES, 1)]).failure).toMatch(/wake-up was lost/);
  });
});

/** The sleeper arms its bell after its last look. */
class LateBells extends Bells {
  override arm(): void {}
  override sleep(place: number, ms: number): void {
    super.arm(place);
    super.sleep(place, ms);
  }
}

/** The waker wakes first, and then says so. */
class EagerBells extends Bells {
  readonly #words: Int32Array;
  readonly #sleeper: Sleeper;
  constructor(words: Int32Array, sleeper: Sleeper) {
    super(words, sleeper);
    this.#words = words;
    this.#sleeper = sleeper;
  }
  override ring(place: number): void {
    if (Atomics.load(this.#words, place * 16) === 0) return;
    this.#sleeper.wake(this.#words, place * 16);
    Atomics.store(this.#words, place * 16, 0);
  }
}

/** The waker only writes the bell. */
class DumbBells extends Bells {
  constructor(words: Int32Array, sleeper: Sleeper) {
    super(words, { ...sleeper, sleep: sleeper.sleep.bind(sleeper), wake: () => {} });
  }
}

/** Rings before the change. */
const tellEarly: typeof tell = ({ bells }, index, world, place) => {
  bells.ring(place);
  Atomics.add(world(), index, 1);
};

describe("the search finds what is broken", () => {
  it.each(Object.entries({ LateBells, EagerBells, DumbBells }))("%s", (_, bells) => {
    expect(oneWaker(bells).failure).toMatch(/wake-up was lost/);
  });

  it("a change after the ring", () => {
    expect(oneWaker(Bells, tellEarly).failure).toMatch(/wake-up was lost/);
  });
});

/** A pace whose sleeps are told and end at once, for no reason. */
function restless(slice = Infinity, turns = 0, longSlice = slice) {
  const sleeps: number[] = [];
  const given: number[] = [];
  let polls = 0;
  const sleep = (_words: Int32Array, _index: number, _expected: number, ms: number) => void sleeps.push(ms);
  const sleepAsync = async (...args: Parameters<Sleeper["sleepAsync"]>) => sleep(...args);
  const bells = new Bells(new Int32Array(bellBytes(1) / 4), {
    sleep,
    sleepAsync,
    wake: () => {},
    giveWay: turns > 0 ? () => void given.push(polls) : null,
  });
  const progress = { poll: () => polls++ < 0, slice, longSlice };
  const pace = new BellPace(bells, 0, progress, { looks: 2, turns }, UNWATCHED);
  return { pace, bells, sleeps, polls: () => polls, given };
}

/** Done at the step of this number. */
function doneAt(step: number): Machine {
  let steps = 0;
  return new Until(() => ++steps >= step);
}

const never = new Until(() => false);

/** Both ways of waiting. */
const WAYS = {
  run: async (pace: BellPace, machine: Machine, patience?: Parameters<BellPace["run"]>[1]) =>
    pace.run(machine, patience),
  runAsync: (pace: BellPace, machine: Machine, patience?: Parameters<BellPace["run"]>[1]) =>
    pace.runAsync(machine, patience),
};

it("BellPace.run gives way before it sleeps, after looks of its own, and looks after each turn given", () => {
  const { pace, sleeps, given } = restless(Infinity, 3);
  expect(pace.run(doneAt(6))).toBe("done");
  expect([given, sleeps]).toEqual([[2, 3, 4], []]);
});

it("BellPace.run sleeps at once while it is sent to rest, and looks as ever once that is over", () => {
  const { pace, bells, sleeps, given } = restless(Infinity, 3);
  bells.sendToRest(0, 1);
  /** How often it had given way, and slept, at each look. */
  const looks: string[] = [];
  const machine = new Until(() => {
    looks.push(`${given.length} ${sleeps.length}`);
    if (sleeps.length === 2) bells.wakeResting(1);
    return given.length === 3;
  });
  expect(pace.run(machine)).toBe("done");
  // A look before each sleep, one more when the bell is armed; then, awake, looks of its own and turns.
  expect(looks).toEqual(["0 0", "0 0", "0 1", "0 1", "0 2", "0 2", "0 2", "1 2", "2 2", "3 2"]);
});

describe.each(Object.entries(WAYS))("BellPace.%s", (_, wait) => {
  it("polls several times before each nap where arrivals do not ring, once where they do", async () => {
    const [napping, rung] = [restless(7), restless()];
    for (const { pace, sleeps, polls } of [napping, rung]) {
      expect(await wait(pace, doneAt(40))).toBe("done");
      expect(sleeps.length).toBeGreaterThan(5);
      expect(polls() / sleeps.length > 4).toBe(pace === napping.pace);
    }
  });

  it("looks again whenever a sleep ends, for whatever reason", async () => {
    const { pace, sleeps, polls } = restless();
    expect(await wait(pace, doneAt(20))).toBe("done");
    expect(sleeps.length).toBeGreaterThan(3);
    expect(sleeps.every((ms) => ms === Infinity)).toBe(true);
    expect(polls()).toBeGreaterThan(sleeps.length);
  });

  it("does not sleep when there is nothing to wait for", async () => {
    const { pace, sleeps } = restless();
    expect(await wait(pace, doneAt(1))).toBe("done");
    expect(sleeps).toEqual([]);
  });

  it("ends at the deadline, and never sleeps beyond it", async () => {
    const { pace, sleeps } = restless();
    const deadline = performance.now() + 5;
    expect(await wait(pace, never, { deadline })).toBe("timeout");
    expect(performance.now()).toBeGreaterThanOrEqual(deadline);
    expect(sleeps.every((ms) => ms > 0 && ms <= 5)).toBe(true);
  });

  it("looks once even when the deadline has passed", async () => {
    const { pace, sleeps } = restless();
    expect(await wait(pace, never, { deadline: 0 })).toBe("timeout");
    expect(await wait(pace, doneAt(1), { deadline: 0 })).toBe("done");
    expect(sleeps).toEqual([]);
  });

  it("sleeps no longer than others may wait for it to poll, and at first much less", async () => {
    const { pace, sleeps } = restless(7);
    expect(await wait(pace, doneAt(40))).toBe("done");
    expect(sleeps[0]).toBeLessThan(1);
    expect(sleeps).toEqual(sleeps.toSorted((a, b) => a - b));
    expect(sleeps.at(-1)).toBeGreaterThanOrEqual(7);
    expect(sleeps.at(-1)).toBeLessThanOrEqual(3 * 7);
  });

  it("sleeps longer the longer it has waited, but never longer than that allows", async () => {
    const { pace, sleeps } = restless(4, 0, 16);
    expect(await wait(pace, doneAt(400))).toBe("done");
    expect(sleeps).toEqual(sleeps.toSorted((a, b) => a - b));
    expect(sleeps.at(-1)).toBe(16);
    const young = sleeps.filter((ms) => ms <= 4);
    expect(young.at(-1)).toBe(4);
    expect(sleeps[young.length]).toBeLessThan(4.1);
  });

  it("sees a signal that is aborted already, but not before it has looked", async () => {
    const { pace } = restless();
    const signal = AbortSignal.abort();
    expect(await wait(pace, never, { signal })).toBe("aborted");
    expect(await wait(pace, doneAt(1), { signal })).toBe("done");
  });

  it("passes on what the machine throws", async () => {
    const { pace } = restless();
    const broken: Machine = {
      step: () => {
        throw new Error("broken");
      },
    };
    await expect(wait(pace, broken)).rejects.toThrow("broken");
  });
});
