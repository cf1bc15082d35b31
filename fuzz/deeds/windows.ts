/** One-sided memory: results that do not depend on who comes first, and calls that are refused. */
import type { ErrorCode, Scalar, Window } from "../../dist/index.js";
import { verdict, type Site } from "../site.ts";
import { badRank, shown } from "../values.ts";
import type { Deed } from "./deed.ts";

const DTYPES = ["int32", "uint32", "int16", "uint8", "float64", "float32", "int64", "uint64"] as const;
type Kind = (typeof DTYPES)[number];

/** A window with what is known of it. */
interface Opened {
  readonly window: Window<Kind>;
  readonly dtype: Kind;
  readonly counts: readonly number[];
}

/** Below 100, so that every dtype holds it. */
function element(dtype: Kind, n: number): Scalar<Kind> {
  return dtype === "int64" || dtype === "uint64" ? BigInt(n) : n;
}

const BAD: readonly (readonly [ErrorCode, unknown, unknown])[] = [
  ["BAD_DTYPE", "int7", 1],
  ["BAD_DTYPE", null, 1],
  ["BAD_ARGUMENT", "int32", -1],
  ["BAD_ARGUMENT", "int32", 1.5],
  ["BAD_ARGUMENT", "int32", NaN],
  ["BAD_ARGUMENT", "int32", "4"],
  ["BAD_ARGUMENT", "int32", null],
];

/** Collective: all ranks refuse a window that one of them cannot have. */
function refusedWindow(site: Site): void {
  const { random, comm, rank } = site;
  const [code, dtype, count] = random.pick(BAD);
  const bad = site.spoiled(false, true);
  const differs = random.once(3) && site.size > 1;
  site.tell(`${shown(dtype)} × ${shown(count)} on ${shown(bad)}, another dtype on rank 0: ${differs}`);
  const good = differs && rank === 0 ? "float32" : "int8";
  const call = () =>
    comm.allocateWindow((bad[rank] ? dtype : good) as Kind, (bad[rank] ? count : 1) as number);
  if (!differs && !bad.includes(true)) return call().close();
  site.check(
    "allocateWindow",
    call,
    verdict(
      bad.map((one) => (one ? code : null)),
      !differs,
      () => null,
    ),
  );
}

function useWindow(site: Site): void {
  const { random, comm, rank } = site;
  const dtype = random.pick(DTYPES);
  const counts = site.each((own) => own.pick([1, 2, 5, 40]));
  site.tell(`${dtype} × ${counts.join()}`);
  using window = comm.allocateWindow<Kind>(dtype, counts[rank]);
  const opened: Opened = { window, dtype, counts };
  site.same(
    "counts",
    site.each((_, one) => window.countOf(one)),
    counts,
  );
  if (random.once(2)) putAround(site, opened);
  if (random.once(2)) addUp(site, opened);
  if (random.once(2)) swap(site, opened);
  refuse(site, opened);
  // A rank that has closed still serves the others.
  window.close();
  site.check("get after close", () => window.get(0), { code: "FREED" });
  site.check("local after close", () => window.local, { code: "FREED" });
}

/** Each rank fills the memory of another one. */
function putAround(site: Site, { window, counts, dtype }: Opened): void {
  const { comm, rank, size, random } = site;
  const shift = random.below(size);
  site.tell(`put with shift ${shift}`);
  const [to, from] = [(rank + shift) % size, (rank + size - shift) % size];
  const values = (by: number, count: number) =>
    Array.from({ length: count }, (_, i) => element(dtype, by + i));
  window.put(to, 0, values(rank, counts[to]));
  window.flush(random.once(2) ? to : undefined);
  comm.barrier();
  window.sync();
  const wanted = values(from, counts[rank]);
  site.same("local", Array.from<unknown>(window.local), wanted);
  site.same("get", Array.from<unknown>(window.get(to, 0, counts[to])), values(rank, counts[to]));
  comm.barrier();
  window.put(to, counts[to] - 1, element(dtype, 0));
  window.put(
    to,
    0,
    values(0, counts[to]).map(() => element(dtype, 0)),
  );
  window.flush();
  comm.barrier();
}

/** Every rank adds to one element: each sees another sum, and together they are all there. */
function addUp(site: Site, { window, counts, dtype }: Opened): void {
  const { comm, rank, size, random } = site;
  const target = random.below(size);
  const at = counts[target] - 1;
  site.tell(`add to rank ${target}`);
  const seen = comm.allgather(window.fetchAndOp(target, at, element(dtype, rank + 1), "sum"));
  const order = seen
    .map((before, one) => ({ before: Number(before), by: one + 1 }))
    .toSorted((a, b) => a.before - b.before);
  let sum = 0;
  for (const { before, by } of order) {
    site.same("a sum on the way", before, sum);
    sum += by;
  }
  site.same("the sum", Number(window.get(target, at)[0]), sum);
  comm.barrier();
  if (rank === target) window.fetchAndOp(target, at, element(dtype, 0), "replace");
  comm.barrier();
  site.same("no_op", Number(window.fetchAndOp(target, at, element(dtype, 7), "no_op")), 0);
  comm.barrier();
}

/** One rank and no more gets in. */
function swap(site: Site, { window, dtype }: Opened): void {
  const { comm, rank, size, random } = site;
  const target = random.below(size);
  site.tell(`compare and swap on rank ${target}`);
  const before = window.compareAndSwap(target, 0, element(dtype, 0), element(dtype, rank + 1));
  const winners = comm.allgather(Number(before)).flatMap((one, who) => (one === 0 ? [who] : []));
  site.same("winners", winners.length, 1);
  site.same("the element", Number(window.get(target, 0)[0]), winners[0] + 1);
  comm.barrier();
  if (rank === winners[0]) window.put(target, 0, element(dtype, 0));
  window.flush();
  comm.barrier();
}

/** Local. */
function refuse(site: Site, { window, counts, dtype }: Opened): void {
  const { random, size } = site;
  const nobody = badRank(random, size);
  const one = element(dtype, 1);
  site.tell(`refused: rank ${shown(nobody)}`);
  site.check("get", () => window.get(nobody), { code: "BAD_RANK" });
  site.check("put", () => window.put(nobody, 0, one), { code: "BAD_RANK" });
  site.check("fetchAndOp", () => window.fetchAndOp(nobody, 0, one), { code: "BAD_RANK" });
  site.check("countOf", () => window.countOf(nobody), { code: "BAD_RANK" });
  const target = random.below(size);
  const beyond = random.pick<unknown>([counts[target], -1, 0.5, NaN, "0", null, {}, 2 ** 40]) as number;
  site.check("get beyond", () => window.get(target, beyond), { code: "OUT_OF_BOUNDS" });
  site.check("put beyond", () => window.put(target, beyond, one), { code: "OUT_OF_BOUNDS" });
  site.check("swap beyond", () => window.compareAndSwap(target, beyond, one, one), { code: "OUT_OF_BOUNDS" });
  const odd = random.pick<unknown>([
    "1",
    null,
    undefined,
    true,
    {},
    dtype.endsWith("nt64") ? 1 : 1n,
  ]) as number;
  site.check("put of no element", () => window.put(target, 0, odd), { code: "BAD_DTYPE" });
  site.check("fetchAndOp of no element", () => window.fetchAndOp(target, 0, odd), { code: "BAD_DTYPE" });
  site.check("no operation", () => window.fetchAndOp(target, 0, one, "add" as "sum"), {
    code: "BAD_ARGUMENT",
  });
}

export const windowDeeds: readonly Deed[] = [
  { name: "window", weight: 4, run: useWindow },
  { name: "refused window", weight: 2, run: refusedWindow },
];
