/**
 * Whether one-sided operations between nodes work here: some libraries have none, some lose updates, and most leave a target
 * alone that computes. Every wait of the first step has a time limit; the steps after it trust what the first has shown.
 */
import type { MpiWorld } from "./job.ts";
import type { HandleCell } from "./library.ts";
import { posix } from "../native/posix.ts";
import type { Started } from "./rma-access.ts";
import type { RmaMemory } from "./rma-memory.ts";

/** What a trial can find wrong, from the worst on; ranks agree on the first of them that any has found. */
const FINDINGS = [
  "one-sided operations between nodes do not complete",
  "one-sided operations between nodes give wrong results",
  "one-sided operations wait while their target computes",
] as const;

/** What was found; null when all is well. */
export type Finding = (typeof FINDINGS)[number] | null;

/** How long a single operation may take. The targets wait in MPI, so a working one takes microseconds. */
const LONGEST_OPERATION_MS = 2000;
/** Updates of each kind that each rank makes to the same word. */
const UPDATES = 8;
/** How long the target computes, when the origin begins, and by when it must have its answer; how often this is tried. */
const COMPUTING_MS = 30;
const BEGIN_MS = 5;
const ANSWER_MS = 12;
const COMPUTING_ROUNDS = 3;

/** Bytes of the ground each rank offers: contended words, then a slot for each rank. */
const CONTENDED_BYTES = 64;
const SLOT_BYTES = 64;
/** In the contended line: a word of four bytes and one of eight. */
const LONG_AT = 8;
/** In a slot: a word for the bounded step, bytes for put and get, a run of words. */
const BYTES_AT = 8;
const BYTES = 40;
const RUN_AT = 48;
/** As many words as a lock reads or writes at once. */
const RUN = 3;

/** What operations that did not complete may still use, at any time until the process ends. */
const abandoned: unknown[] = [];

/** Collective, blocking for a bounded time; `memory` is of no more use after a finding. `computing` asks whether a target that computes answers too. */
export function tryRma(world: MpiWorld, memory: RmaMemory, computing: boolean): Finding {
  const ground = memory.heap.allocate(CONTENDED_BYTES + SLOT_BYTES * world.size, [world.rank]);
  const trial = new Trial(world, memory, memory.publish(ground));
  const finding = trial.run(computing);
  if (finding === null) ground.close();
  else if (finding === FINDINGS[0]) abandoned.push(trial, ground);
  else memory.access.free();
  return finding;
}

class Trial {
  readonly #world: MpiWorld;
  readonly #memory: RmaMemory;
  readonly #addresses: readonly number[];
  readonly #started: Started[] = [];

  /** Collective: tells where this rank's ground is. */
  constructor(world: MpiWorld, memory: RmaMemory, address: number) {
    this.#world = world;
    this.#memory = memory;
    const halves = world.allgather([address % 2 ** 31, Math.floor(address / 2 ** 31)]);
    this.#addresses = world.nodeOf.map((_, rank) => halves[2 * rank] + halves[2 * rank + 1] * 2 ** 31);
  }

  run(computing: boolean): Finding {
    const steps = [
      () => this.#bounded(),
      () => this.#transfers(),
      () => this.#contends(),
      () => this.#agrees(),
    ];
    const rounds = Array.from({ length: computing ? COMPUTING_ROUNDS : 0 }, () => () => this.#computes());
    for (const step of [...steps, ...rounds]) {
      const found = Math.min(...this.#world.allgather([codeOf(attempt(step))]));
      if (found < FINDINGS.length) return FINDINGS[found];
    }
    return null;
  }

  /** Adds to a word on another node, then reads it: accumulate operations of one rank on one word keep their order. */
  #bounded(): Finding {
    const { access, ops } = this.#memory;
    const mark = BigInt(this.#world.rank + 1);
    const [partner, slot] = this.#partner();
    this.#started.push(
      access.startFetch(partner, slot, mark, ops.SUM),
      access.startFetch(partner, slot, 0n, ops.NO_OP),
    );
    const end = performance.now() + LONGEST_OPERATION_MS;
    for (const { request } of this.#started) if (!this.#awaits(request, end)) return FINDINGS[0];
    const [before, after] = this.#started.map(({ result }) => result[0]);
    return before === 0n && after === mark ? null : FINDINGS[1];
  }

  #awaits(request: HandleCell, end: number): boolean {
    const { calls, abi } = this.#world.library;
    const [flag, status] = [new Int32Array(1), new Int32Array(abi.statusWords)];
    for (;;) {
      calls.MPI_Test(request.pointer, flag, status);
      if (flag[0] !== 0) return true;
      if (performance.now() > end) return false;
      posix().sched_yield();
    }
  }

  #transfers(): Finding {
    const { access } = this.#memory;
    const [partner, slot] = this.#partner();
    const sent = Uint8Array.from({ length: BYTES }, (_, i) => this.#world.rank + i);
    access.put(partner, slot + BYTES_AT, sent);
    access.flush(partner);
    const back = new Uint8Array(new ArrayBuffer(BYTES));
    access.get(partner, slot + BYTES_AT, back);
    return back.every((byte, i) => byte === sent[i]) && this.#runs() ? null : FINDINGS[1];
  }

  /** Whether words written at once can be read at once. */
  #runs(): boolean {
    const { access, ops } = this.#memory;
    const [partner, slot] = this.#partner();
    const sent = Int32Array.from({ length: RUN }, (_, i) => this.#world.rank - i);
    const back = new Int32Array(RUN);
    access.fetchRun(partner, slot + RUN_AT, sent, ops.REPLACE);
    access.fetchRun(partner, slot + RUN_AT, back, ops.NO_OP);
    return back.every((word, i) => word === sent[i]);
  }

  /** All ranks update the same words by different operations at once. */
  #contends(): Finding {
    const { access, ops } = this.#memory;
    const [word, long] = [this.#addresses[0], this.#addresses[0] + LONG_AT];
    for (let i = 0; i < UPDATES; i++) {
      access.fetch(4, 0, word, 1, ops.SUM);
      for (let seen = 0, old; (old = access.swap(4, 0, word, seen, seen + 1)) !== seen; seen = old);
      for (let seen = 0n, old; (old = access.swap(8, 0, long, seen, seen + 1n)) !== seen; seen = old);
    }
    return null;
  }

  /** When all have done so, no update may have been lost. */
  #agrees(): Finding {
    const { access, ops } = this.#memory;
    const [sum] = this.#read(this.#addresses[0]);
    const sumLong = access.fetch(8, 0, this.#addresses[0] + LONG_AT, 0n, ops.NO_OP);
    const updates = UPDATES * this.#world.size;
    return sum === 2 * updates && sumLong === BigInt(updates) ? null : FINDINGS[1];
  }

  /** As a lock looks at its words, from one of rank 0 on. */
  #read(address: number): Int32Array {
    const run = new Int32Array(RUN);
    this.#memory.access.fetchRun(0, address, run, this.#memory.ops.NO_OP);
    return run;
  }

  /** Rank 0 computes outside MPI; the first rank of another node asks it for words. */
  #computes(): Finding {
    const { rank, nodeOf } = this.#world;
    const origin = nodeOf.findIndex((node) => node !== nodeOf[0]);
    this.#world.barrier();
    const start = performance.now();
    const compute = (ms: number) => {
      while (performance.now() < start + ms);
    };
    if (rank === 0) compute(COMPUTING_MS);
    if (rank !== origin) return null;
    compute(BEGIN_MS);
    this.#read(this.#addresses[0]);
    return performance.now() < start + BEGIN_MS + ANSWER_MS ? null : FINDINGS[2];
  }

  /** A rank on another node, and this rank's slot in its ground. */
  #partner(): readonly [rank: number, address: number] {
    const { rank, nodeOf } = this.#world;
    const others = nodeOf.flatMap((node, other) => (node === nodeOf[rank] ? [] : [other]));
    const partner = others[rank % others.length];
    return [partner, this.#addresses[partner] + CONTENDED_BYTES + rank * SLOT_BYTES];
  }
}

/** What MPI reports is a result too, and a wrong one. */
function attempt(step: () => Finding): Finding {
  try {
    return step();
  } catch {
    return FINDINGS[1];
  }
}

function codeOf(finding: Finding): number {
  return finding === null ? FINDINGS.length : FINDINGS.indexOf(finding);
}
