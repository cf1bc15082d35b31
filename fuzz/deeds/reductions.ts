/** Reductions of every kind of operand by every operation, with ranks that do not fit together. */
import type { AnyTypedArray, ErrorCode, ReduceOp } from "../../dist/index.js";
import { anyKind, combined, isNumbers, operandFault, operandOf, OPS } from "../reduction.ts";
import { allSame, rootFault, verdict, type Outcome, type Site } from "../site.ts";
import { shown } from "../values.ts";
import { rootsFor } from "./collectives.ts";
import type { Deed } from "./deed.ts";

/** What the ranks bring, and whether it fits together. */
interface Brought {
  readonly ops: readonly ReduceOp[];
  readonly values: readonly unknown[];
  readonly faults: readonly (ErrorCode | null)[];
  readonly agree: boolean;
}

const NO_OPERANDS: readonly unknown[] = [
  "text",
  null,
  undefined,
  {},
  new Map(),
  new DataView(new ArrayBuffer(4)),
  [1, "b"],
];

/** Kinds whose operands differ in what they are made of, though both are good. */
function bring(site: Site): Brought {
  const { random } = site;
  const op = random.pick(OPS);
  const oddOp = random.pick<unknown>([
    "sum",
    "bxor",
    "add",
    null,
    3,
    Object.create(null),
    Symbol("op"),
  ]) as ReduceOp;
  const ops = random.once(4) ? site.spoiled(op, oddOp) : site.each(() => op);
  const kind = anyKind(random);
  const odd = anyKind(random);
  const kinds = random.once(5) ? site.spoiled(kind, odd) : site.each(() => kind);
  const junk = random.once(6) ? site.spoiled(false, true) : site.each(() => false);
  const values = site.each((own, rank) => (junk[rank] ? own.pick(NO_OPERANDS) : operandOf(kinds[rank], own)));
  site.tell(`${shown(ops)} of ${shown(values)}`);
  const faults = values.map((value, rank) => operandFault(ops[rank], value));
  return { ops, values, faults, agree: allSame(ops) && allSame(values.map(formOf)) };
}

/** Equal for operands that can be combined. */
function formOf(value: unknown): string {
  if (value instanceof Uint8Array) return `bytes ${value.length}`;
  if (ArrayBuffer.isView(value)) return `${value.constructor.name} ${value.byteLength}`;
  return Array.isArray(value) ? `(${value.map(formOf).join(" ")})` : typeof value;
}

function outcome({ ops, values, faults, agree }: Brought, upTo: number, first = 0): Outcome {
  return verdict(faults, agree, () => combined(ops[0], values.slice(first, upTo)));
}

function reduce(site: Site): void {
  const roots = rootsFor(site);
  const brought = bring(site);
  const { values, ops, agree } = brought;
  const { comm, rank, size } = site;
  const faults = site.each((_, one) => brought.faults[one] ?? rootFault(roots[one], size));
  const result = () => (rank === roots[0] ? combined(ops[0], values) : null);
  const expected = verdict(faults, agree && allSame(roots), result);
  site.check("reduce", () => comm.reduce(values[rank], ops[rank], roots[rank]), expected);
}

function allreduce(site: Site): void {
  const brought = bring(site);
  const { values, ops } = brought;
  const { comm, rank, size } = site;
  site.check("allreduce", () => comm.allreduce(values[rank], ops[rank]), outcome(brought, size));
}

function scan(site: Site): void {
  const brought = bring(site);
  const { values, ops } = brought;
  const { comm, rank } = site;
  site.check("scan", () => comm.scan(values[rank], ops[rank]), outcome(brought, rank + 1));
}

function exscan(site: Site): void {
  const brought = bring(site);
  const { values, ops, faults, agree } = brought;
  const { comm, rank } = site;
  const before = () => (rank === 0 ? null : combined(ops[0], values.slice(0, rank)));
  site.check("exscan", () => comm.exscan(values[rank], ops[rank]), verdict(faults, agree, before));
}

function allreduceInto(site: Site): void {
  const brought = bring(site);
  const { values, ops, faults } = brought;
  const { comm, rank, size } = site;
  const all = values.map((value, one) => faults[one] ?? (isNumbers(value) ? null : "BAD_ARGUMENT"));
  const own = isNumbers(values[rank]) ? (values[rank] as Float64Array).slice() : values[rank];
  const expected = verdict(all, brought.agree, () => undefined);
  const result = "value" in expected ? combined(ops[0], values.slice(0, size)) : null;
  site.check("allreduceInto", () => comm.allreduceInto(own as AnyTypedArray, ops[rank]), expected);
  // A Buffer stays one; its bytes are compared.
  if (result) site.same("the buffer", Array.from(own as Float64Array), Array.from(result as Float64Array));
}

export const reductionDeeds: readonly Deed[] = [
  { name: "reduce", weight: 2, run: reduce },
  { name: "allreduce", weight: 2, run: allreduce },
  { name: "scan", weight: 2, run: scan },
  { name: "exscan", weight: 2, run: exscan },
  { name: "allreduceInto", weight: 2, run: allreduceInto },
];
