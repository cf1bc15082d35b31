/** Ranks in different calls, or in the same call of different objects: all of them are told, and all can go on. */
import { MPIBatch, MPICounter, MPILock, MPIShared, type Communicator } from "../../dist/index.js";
import type { Site } from "../site.ts";
import { shown } from "../values.ts";
import type { Deed } from "./deed.ts";

/** Calls that are right by themselves, no two of which fit together. */
const CALLS: Readonly<Record<string, (comm: Communicator) => unknown>> = {
  barrier: (comm) => comm.barrier(),
  bcast: (comm) => comm.bcast(1),
  "bcast of much": (comm) => comm.bcast(new Uint8Array(100_000), comm.size - 1),
  gather: (comm) => comm.gather("x"),
  "gather of much": (comm) => comm.gather(new Uint8Array(5_000), comm.size - 1),
  allgather: (comm) => comm.allgather(1),
  scatter: (comm) => comm.scatter(Array.from({ length: comm.size })),
  alltoall: (comm) => comm.alltoall(Array.from({ length: comm.size })),
  reduce: (comm) => comm.reduce(1),
  allreduce: (comm) => comm.allreduce(1, "max"),
  scan: (comm) => comm.scan(1),
  exscan: (comm) => comm.exscan(1),
  bcastInto: (comm) => comm.bcastInto(new Int8Array(3)),
  allreduceInto: (comm) => comm.allreduceInto(new Int8Array(3)),
  split: (comm) => comm.split(0),
  splitShared: (comm) => comm.splitShared(),
  dup: (comm) => comm.dup(),
  free: (comm) => comm.free(),
  allocateWindow: (comm) => comm.allocateWindow("int8", 1),
  MPIShared: (comm) => new MPIShared([3], "int8", comm),
  MPILock: (comm) => new MPILock(comm),
  MPICounter: (comm) => new MPICounter(comm),
  MPIBatch: (comm) => new MPIBatch(comm, 1, 3),
};

/** Calls of one kind that differ in what must agree. */
const VARIANTS: readonly (readonly [string, (comm: Communicator, odd: boolean) => unknown])[] = [
  ["roots of a bcast", (comm, odd) => comm.bcast(1, Number(odd))],
  ["operations", (comm, odd) => comm.allreduce(1, odd ? "max" : "sum")],
  ["kinds of operands", (comm, odd) => comm.allreduce<unknown>(odd ? 1n : 1)],
  ["lengths", (comm, odd) => comm.allreduce(new Float64Array(odd ? 3 : 4))],
  ["buffers", (comm, odd) => comm.bcastInto(odd ? new Int8Array(4) : new Int32Array(1))],
  ["dtypes of windows", (comm, odd) => comm.allocateWindow(odd ? "int8" : "uint8", 1)],
  ["shapes", (comm, odd) => new MPIShared(odd ? [6] : [2, 3], "int8", comm)],
  ["dtypes", (comm, odd) => new MPIShared([2], odd ? "int8" : "bool", comm)],
  ["roots of a lock", (comm, odd) => new MPILock(comm, { root: Number(odd) })],
  ["numbers of tasks", (comm, odd) => new MPIBatch(comm, 1, odd ? 2 : 3)],
];

/** One rank is somewhere else. */
function inAnotherCall(site: Site): void {
  const { comm, random, rank, size } = site;
  const names = Object.keys(CALLS);
  const [usual, odd] = random.shuffled(names);
  const calls = site.each(() => usual);
  calls[random.below(size)] = odd;
  if (random.once(2)) calls[random.below(size)] = random.pick(names);
  site.tell(calls.join(", "));
  if (new Set(calls).size > 1) site.check(calls[rank], () => CALLS[calls[rank]](comm), { code: "MISMATCH" });
  goOn(site);
}

function inAnotherForm(site: Site): void {
  const { comm, random, rank, size } = site;
  if (size === 1) return;
  const victim = random.below(size);
  const [name, call] = random.pick(VARIANTS);
  site.tell(`${name}, rank ${victim} differs`);
  site.check(name, () => call(comm, rank === victim), { code: "MISMATCH" });
  goOn(site);
}

/** Two arrays that look alike. */
function inAnotherObject(site: Site): void {
  const { comm, random, rank, size } = site;
  if (size === 1) return;
  const victim = random.below(size);
  const isSet = site.each((own) => own.once(2));
  site.tell(`rank ${victim} writes another array; by set ${shown(isSet)}`);
  using a = new MPIShared([2], "int8", comm);
  using b = new MPIShared([2], "int8", comm);
  const mine = rank === victim ? b : a;
  const write = () => (isSet[rank] ? mine.set([1, 2]) : mine.assign([0], rank === 0 ? [1, 2] : null));
  site.check("a write", write, { code: "MISMATCH" });
  a.set([3, 4], { fromRank: size - 1 });
  site.same("the array", [...a.data, ...b.data], [3, 4, 0, 0]);
}

/** The communicator works, and so does what is made on it. */
function goOn(site: Site): void {
  const { comm, size } = site;
  site.check("allreduce after it", () => comm.allreduce(1), { value: size });
  using counter = new MPICounter(comm);
  site.holds("a counter after it", counter.next() < size);
  comm.barrier();
}

export const mismatchDeeds: readonly Deed[] = [
  { name: "another call", weight: 4, run: inAnotherCall },
  { name: "another form", weight: 2, run: inAnotherForm },
  { name: "another object", weight: 1, run: inAnotherObject },
];
