/** Long data copied by two threads of one process: this one, and a helper that sleeps while there is nothing to copy. */
import { Worker } from "node:worker_threads";
import type { Slab } from "../array/slab.ts";
import { DONE, Handout, LEFT } from "../node/handout.ts";
import type { Copier, Ground } from "../node/reach.ts";
import { CopyTask, makeControl, MOST_AXES, wordsIn } from "./copy-task.ts";
import { addressOf, groundAddress } from "./reach.ts";

/** What the helper is started with. */
export type CopierStart = SharedArrayBuffer;

/** Looks at whether the helper is through, some 50 µs, before the owner sleeps: that takes as long. */
const LOOKS = 5000;

/**
 * {@link Copier} with a helper, which is started by the first copy. Until it runs, and wherever it has no core, this thread copies what is to be
 * copied: the helper takes parts as it comes to them.
 */
export class PairedCopier implements Copier {
  readonly borrowsCore: boolean;
  #pair: Pair | null | undefined;

  constructor(borrowsCore: boolean) {
    this.borrowsCore = borrowsCore;
  }

  copy(source: Uint8Array, memory: Ground, slab: Slab): boolean {
    if (slab.shape.length > MOST_AXES) return false;
    this.#pair ??= startPair();
    if (!this.#pair) return false;
    this.#pair.copy(source, memory, slab);
    return true;
  }
}

/** Null where no thread can be started, which some ways to run Node forbid. */
function startPair(): Pair | null {
  try {
    return new Pair();
  } catch {
    return null;
  }
}

/** The owner's side of two threads. */
class Pair {
  readonly #words: Int32Array;
  readonly #handout: Handout;
  readonly #task: CopyTask;

  constructor() {
    const control: CopierStart = makeControl();
    this.#words = new Int32Array(control, 0, Math.max(LEFT, DONE) + 1);
    this.#handout = new Handout(wordsIn(control));
    this.#task = new CopyTask(control);
    const file = new URL("./copier-thread.js", import.meta.url);
    const worker = new Worker(file, { workerData: control, execArgv: [], name: "pshmem copier" });
    worker.unref();
    // A helper that has not come to run takes no parts: its owner copies all, as it would without.
    worker.on("error", () => {});
  }

  copy(source: Uint8Array, memory: Ground, slab: Slab): void {
    this.#handout.begin(this.#task.write(addressOf(source), groundAddress(memory), slab));
    Atomics.notify(this.#words, LEFT);
    for (let part = this.#handout.take(); part >= 0; part = this.#handout.take()) this.#task.copy(part);
    for (let looks = LOOKS, done = this.#handout.awaited(); done !== null; done = this.#handout.awaited()) {
      if (looks-- <= 0) Atomics.wait(this.#words, DONE, done);
    }
  }
}
