/** Collectives that carry values, with good and bad arguments. */
import type { AnyTypedArray, ErrorCode } from "../../dist/index.js";
import { otherThan } from "../random.ts";
import { allSame, rootFault, verdict, type Outcome, type Site } from "../site.ts";
import { anyValue, badRank, shown, unsendable } from "../values.ts";
import type { Deed } from "./deed.ts";

/** A root for each rank: all the same, or one or all wrong, or one another rank. */
export function rootsFor(site: Site): number[] {
  const root = site.random.below(site.size);
  const other = otherThan(site.random, site.size, root);
  const odd = other !== null && site.random.once(3) ? other : badRank(site.random, site.size);
  const roots = site.random.once(2) ? site.each(() => root) : site.spoiled(root, odd);
  site.tell(`roots ${shown(roots)}`);
  return roots;
}

/** A value for each rank, now and then one that cannot be sent. */
function valuesFor(site: Site): { values: unknown[]; bad: boolean[] } {
  const bad = site.random.once(3) ? site.spoiled(false, true) : site.each(() => false);
  const values = site.each((random, rank) => (bad[rank] ? unsendable(random) : anyValue(random)));
  site.tell(`values ${shown(values)}`);
  return { values, bad };
}

/** What a collective with a root comes to; `brings` says whose value is looked at. */
function rooted(
  site: Site,
  roots: readonly number[],
  bad: readonly boolean[],
  brings: (rank: number) => boolean,
  value: () => unknown,
): Outcome {
  const fault = (rank: number): ErrorCode | null =>
    rootFault(roots[rank], site.size) ?? (brings(rank) && bad[rank] ? "NOT_CLONEABLE" : null);
  return verdict(
    site.each((_, rank) => fault(rank)),
    allSame(roots),
    value,
  );
}

function bcast(site: Site): void {
  const roots = rootsFor(site);
  const { values, bad } = valuesFor(site);
  const { comm, rank } = site;
  const expected = rooted(
    site,
    roots,
    bad,
    (one) => one === roots[one],
    () => values[roots[0]],
  );
  site.check("bcast", () => comm.bcast(values[rank], roots[rank]), expected);
}

function gather(site: Site): void {
  const roots = rootsFor(site);
  const { values, bad } = valuesFor(site);
  const { comm, rank } = site;
  const all = () => (rank === roots[0] ? values : null);
  const expected = rooted(site, roots, bad, () => true, all);
  site.check("gather", () => comm.gather(values[rank], roots[rank]), expected);
}

function allgather(site: Site): void {
  const { values, bad } = valuesFor(site);
  const faults = bad.map((one): ErrorCode | null => (one ? "NOT_CLONEABLE" : null));
  site.check(
    "allgather",
    () => site.comm.allgather(values[site.rank]),
    verdict(faults, true, () => values),
  );
}

/** A list for each rank, one value for each receiver; `spoilt` lists have a wrong length, or hold what cannot be sent. */
function listsFor(site: Site): { lists: unknown[]; faults: (ErrorCode | null)[] } {
  const how = site.random.pick<ErrorCode>(["BAD_ARGUMENT", "NOT_CLONEABLE"]);
  const faults = site.random.once(3) ? site.spoiled<ErrorCode | null>(null, how) : site.each(() => null);
  const lists = site.each((random, rank) => {
    const list = Array.from({ length: site.size }, () => anyValue(random));
    if (faults[rank] === "NOT_CLONEABLE") list[random.below(site.size)] = unsendable(random);
    if (faults[rank] !== "BAD_ARGUMENT") return list;
    return random.pick<unknown>([
      [...list, 1],
      list.slice(1),
      null,
      undefined,
      5,
      "ab",
      { length: site.size },
      new Map(),
    ]);
  });
  site.tell(`lists ${shown(lists)}`);
  return { lists, faults };
}

function scatter(site: Site): void {
  const roots = rootsFor(site);
  const { lists, faults } = listsFor(site);
  const { comm, rank, size } = site;
  const fault = (one: number) => rootFault(roots[one], size) ?? (one === roots[one] ? faults[one] : null);
  const own = () => (lists[roots[0]] as unknown[])[rank];
  const expected = verdict(
    site.each((_, one) => fault(one)),
    allSame(roots),
    own,
  );
  site.check("scatter", () => comm.scatter(lists[rank] as unknown[], roots[rank]), expected);
}

function alltoall(site: Site): void {
  const { lists, faults } = listsFor(site);
  const own = () => lists.map((list) => (list as unknown[])[site.rank]);
  site.check("alltoall", () => site.comm.alltoall(lists[site.rank] as unknown[]), verdict(faults, true, own));
}

/** A hole in a list is undefined to everybody. */
function sparse(site: Site): void {
  // oxlint-disable-next-line unicorn/no-new-array -- all of it is holes
  const list: unknown[] = new Array(site.size);
  site.tell("lists of holes");
  site.check("alltoall", () => site.comm.alltoall(list), { value: Array.from(list) });
  site.check("scatter", () => site.comm.scatter(list), { value: undefined });
}

const BUFFERS = [Int8Array, Uint16Array, Int32Array, Float64Array, BigInt64Array, Uint8ClampedArray] as const;

function filled(make: (typeof BUFFERS)[number], length: number, by: number): AnyTypedArray {
  const buffer = new make(length);
  return buffer instanceof BigInt64Array ? buffer.fill(BigInt(by)) : buffer.fill(by);
}

function bcastInto(site: Site): void {
  const { random, rank, comm, size } = site;
  const roots = rootsFor(site);
  const make = random.pick(BUFFERS);
  const length = random.pick([0, 1, 10, 500, 20_000]);
  const lengths = random.once(3) ? site.spoiled(length, length + 1) : site.each(() => length);
  const wrong = random.once(4) ? site.spoiled(false, true) : site.each(() => false);
  site.tell(`${make.name} of ${shown(lengths)}, no buffer ${shown(wrong)}`);
  const fault = (one: number) => rootFault(roots[one], size) ?? (wrong[one] ? "BAD_ARGUMENT" : null);
  const expected = verdict(
    site.each((_, one) => fault(one)),
    allSame(roots) && allSame(lengths),
    () => undefined,
  );
  const buffer = wrong[rank]
    ? random.pick([null, undefined, 5, [1], new DataView(new ArrayBuffer(8))])
    : null;
  const own = filled(make, lengths[rank], rank + 1);
  site.check(
    "bcastInto",
    () => comm.bcastInto((wrong[rank] ? buffer : own) as AnyTypedArray, roots[rank]),
    expected,
  );
  const after = "value" in expected ? roots[0] : rank;
  site.same("the buffer", own, filled(make, lengths[rank], after + 1));
}

function barrier(site: Site): void {
  site.tell("barrier");
  site.check("barrier", () => site.comm.barrier(), { value: undefined });
}

/** What is called while the promise is open takes its turn. */
async function barrierAsync(site: Site): Promise<void> {
  site.tell("barrierAsync, and a call meanwhile");
  const under = site.comm.barrierAsync();
  if (site.random.once(2)) site.check("bcast meanwhile", () => site.comm.bcast(1), { value: 1 });
  await site.checkAsync("barrierAsync", () => under, { value: undefined });
}

/** Promises on two communicators, asked for in an order that differs between ranks. */
async function barriersAcross(site: Site): Promise<void> {
  const isTurned = site.each((random) => random.once(2));
  site.tell(`barriers of two communicators, the other way round on ${shown(isTurned)}`);
  const dup = site.comm.dup();
  const comms = isTurned[site.rank] ? [dup, site.comm] : [site.comm, dup];
  const under = comms.map((comm) => comm.barrierAsync());
  await Promise.all(under);
  dup.free();
}

export const collectiveDeeds: readonly Deed[] = [
  { name: "bcast", weight: 3, run: bcast },
  { name: "gather", weight: 2, run: gather },
  { name: "allgather", weight: 2, run: allgather },
  { name: "scatter", weight: 2, run: scatter },
  { name: "alltoall", weight: 2, run: alltoall },
  { name: "sparse lists", weight: 1, run: sparse },
  { name: "bcastInto", weight: 2, run: bcastInto },
  { name: "barrier", weight: 1, run: barrier },
  { name: "barrierAsync", weight: 1, run: barrierAsync },
  { name: "barriers across", weight: 1, run: barriersAcross },
];
