/** The short benchmark as a program: every rank of a job imports it, and so does `pshmem bench` in its own process. */
import { MPIBatch } from "../batch/batch.ts";
import type { Communicator } from "../comm/contract.ts";
import { MPILock } from "../lock/lock.ts";
import { MPIShared } from "../shared/shared.ts";
import { world } from "../world.ts";
import { bytesText, spreadOf, timeText } from "./spread.ts";

/** How often each is measured, and how long (ms) that takes about. */
const ROUNDS = 15;
const ROUND_MS = 10;
/** How long (ms) it is done before: the compiler wants thousands of operations, and a core for itself. */
const WARM_MS = 300;
/** A batch has a word for each of its tasks. */
const MOST_OPS = 100_000;

/** Something that is measured. */
interface Item {
  readonly title: string;
  /** Every rank does as many operations by itself, and those of all count. */
  readonly shared?: boolean;
  /** Collective: so many operations; returns the time they took on this rank, in ms. */
  turn(ops: number): number;
  /** Local. */
  close?(): void;
}

type Maker = (comm: Communicator) => Item;

/** Local. */
function timed(ops: number, act: () => void): number {
  const start = performance.now();
  for (let i = 0; i < ops; i++) act();
  return performance.now() - start;
}

function barrier(comm: Communicator): Item {
  return { title: "barrier", turn: (ops) => timed(ops, () => comm.barrier()) };
}

function set(bytes: number): Maker {
  return (comm) => {
    const array = new MPIShared([bytes / Float64Array.BYTES_PER_ELEMENT], "float64", comm);
    const data = comm.rank === 0 ? new Float64Array(array.size) : null;
    const title = `set, ${bytesText(bytes)}`;
    return { title, turn: (ops) => timed(ops, () => array.set(data)), close: () => array.close() };
  };
}

function create(comm: Communicator): Item {
  const act = () => new MPIShared([1000], "float64", comm).close();
  return { title: "create + close, 8000 B", turn: (ops) => timed(ops, act) };
}

function lockBy(title: string, everyone: boolean): Maker {
  return (comm) => {
    const lock = new MPILock(comm);
    const act = () => {
      lock.lock();
      lock.unlock();
    };
    const turn = (ops: number) => (everyone || comm.rank === 0 ? timed(ops, act) : 0);
    return { title, shared: everyone, turn, close: () => lock.close() };
  };
}

function claim(comm: Communicator): Item {
  return {
    title: "claim + done, all ranks",
    shared: true,
    turn(ops) {
      using batch = new MPIBatch(comm, 1, ops * comm.size);
      comm.barrier();
      return timed(ops, () => batch.setTaskState(batch.nextTask()!, MPIBatch.DONE));
    },
  };
}

const ITEMS: readonly Maker[] = [
  barrier,
  ...[8, 2 ** 13, 2 ** 20, 2 ** 26].map(set),
  create,
  lockBy("lock + unlock, free", false),
  lockBy("lock + unlock, all ranks", true),
  claim,
];

/** Collective: the time of one operation in each round, in ms; the same on all ranks. */
function measure(item: Item, comm: Communicator): readonly number[] {
  const turn = (ops: number): number => {
    comm.barrier();
    return comm.allreduce(item.turn(ops), "max");
  };
  // The machine may have been busy with something else; the quickest of a few turns tells.
  const quickest = (ops: number): number => Math.min(turn(ops), turn(ops), turn(ops));
  for (let spent = 0, ms = 0, few = 1; spent < WARM_MS; spent += ms) {
    ms = turn(few);
    if (ms < ROUND_MS && few < MOST_OPS) few *= 2;
  }
  let ops = 1;
  for (let ms = quickest(ops); ms < ROUND_MS / 2 && ops < MOST_OPS; ms = quickest(ops)) {
    ops = Math.min(MOST_OPS, Math.ceil(ops * Math.min(10, ROUND_MS / Math.max(ms, ROUND_MS / 100))));
  }
  const counted = item.shared ? ops * comm.size : ops;
  return Array.from({ length: ROUNDS }, () => turn(ops) / counted);
}

function row(title: string, values: readonly number[]): string {
  const { q1, median, q3 } = spreadOf(values);
  return `${title.padEnd(26)}${timeText(median).padStart(10)}   ${timeText(q1)} … ${timeText(q3)}`;
}

/** Collective: prints a row for each item on rank 0. */
function bench(comm: Communicator): void {
  const say = (text: string) => {
    if (comm.rank === 0) console.log(text);
  };
  const { nodeCount } = comm.topology;
  say(`${comm.backend}, ranks: ${comm.size}, nodes: ${nodeCount}`);
  say(`${"one operation".padEnd(26)}${"median".padStart(10)}   quartiles of ${ROUNDS} rounds`);
  for (const make of ITEMS) {
    const item = make(comm);
    say(row(item.title, measure(item, comm)));
    item.close?.();
  }
}

bench(world());
