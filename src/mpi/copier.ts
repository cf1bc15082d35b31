/** Long data copied by two threads of one process: this one, and a helper that sleeps while there is nothing to copy. */
import { Worker } from "node:worker_threads";
import type { Slab } from "../array/slab.ts";
import { addressOf, groundAddress } from "../native/reach.ts";
import type { Bells } from "../node/bells.ts";
import { DONE, Handout, LEFT } from "../node/handout.ts";
import type { Copier, Ground } from "../node/reach.ts";
import type { Place } from "./attendant.ts";
import { CopyTask, makeControl, MOST_AXES, wordsIn } from "./copy-task.ts";

/** What the helper is started with. */
export interface CopierStart {
  readonly control: SharedArrayBuffer;
  readonly bells: Place;
  /** Whose helper it is. */
  readonly place: number;
}

/** The ranks of a node, for the copier of one of them. */
export interface CopierSite {
  readonly bells: Bells;
  readonly bellPlace: Place;
  readonly place: number;
  /** The places of world ranks. */
  readonly placeOf: ReadonlyMap<number, number>;
  /** Whether a helper has no core but those of ranks that wait. */
  readonly isFull: boolean;
}

/** Looks at whether the helper is through, some 50 µs, before the owner sleeps: that takes as long. */
const LOOKS = 5000;

/**
 * {@link Copier} with a helper, which is started by the first copy. Until it runs, and wherever it has no core, this thread copies what is to be
 * copied: the helper takes parts as it comes to them.
 *
 * Where each core has a rank, those that wait are sent to rest meanwhile. The helper, once it finds nothing left, wakes them, on the core that it is about to
 * leave: a rank that this thread wakes when all is copied would often come to run on this thread's core, and keep it from going on.
 */
export class PairedCopier implements Copier {
  readonly #site: CopierSite;
  #pair: Pair | null | undefined;

  constructor(site: CopierSite) {
    this.#site = site;
  }

  copy(source: Uint8Array, memory: Ground, slab: Slab, waiting: readonly number[]): boolean {
    if (slab.shape.length > MOST_AXES) return false;
    if (this.#pair === undefined) this.#pair = startPair(this.#site);
    if (!this.#pair) return false;
    const { bells, place, placeOf, isFull } = this.#site;
    const resting = isFull ? waiting : [];
    for (const rank of resting) bells.sendToRest(placeOf.get(rank)!, place);
    try {
      this.#pair.copy(source, memory, slab);
    } finally {
      for (const rank of resting) bells.endRest(placeOf.get(rank)!);
    }
    return true;
  }
}

/** Null where no thread can be started, which some ways to run Node forbid. */
function startPair(site: CopierSite): Pair | null {
  try {
    return new Pair(site);
  } catch {
    return null;
  }
}

/** The owner's side of two threads. */
class Pair {
  readonly #words: Int32Array;
  readonly #handout: Handout;
  readonly #task: CopyTask;

  constructor({ bellPlace, place }: CopierSite) {
    const control = makeControl();
    this.#words = new Int32Array(control, 0, Math.max(LEFT, DONE) + 1);
    this.#handout = new Handout(wordsIn(control));
    this.#task = new CopyTask(control);
    const file = new URL("./copier-thread.js", import.meta.url);
    const workerData: CopierStart = { control, bells: bellPlace, place };
    const worker = new Worker(file, { workerData, execArgv: [], name: "pshmem copier" });
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
