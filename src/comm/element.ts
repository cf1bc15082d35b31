/** One element of a window combined with a value: the arithmetic of MPI_Fetch_and_op (MPI-4.1 §12.3.4). */
import {
  isComplex,
  newArray,
  readElement,
  writeElement,
  type Complex,
  type DType,
  type Scalar,
} from "../array/dtype.ts";
import type { AnyTypedArray, FetchOp, ReduceOp } from "./contract.ts";
import { combineAll, combineInto } from "./reduce.ts";

const ON_COMPLEX: readonly FetchOp[] = ["sum", "prod", "replace", "no_op"];
const ON_FLOATS: readonly FetchOp[] = [...ON_COMPLEX, "min", "max", "land", "lor", "lxor"];
const ON_INTEGERS: readonly FetchOp[] = [...ON_FLOATS, "band", "bor", "bxor"];

/** Local: the operations on elements of a dtype. */
export function fetchOpsOn(dtype: DType): readonly FetchOp[] {
  if (isComplex(dtype)) return ON_COMPLEX;
  return dtype.startsWith("float") ? ON_FLOATS : ON_INTEGERS;
}

/** Local: what the element becomes. Integers wrap as their dtype does; bool counts any sum above 0 as true. */
export function combineElement<D extends DType>(
  dtype: D,
  old: Scalar<D>,
  value: Scalar<D>,
  op: FetchOp,
): Scalar<D> {
  if (op === "replace") return value;
  if (op === "no_op") return old;
  if (isComplex(dtype)) return combineComplex(old as Complex, value as Complex, op) as Scalar<D>;
  if (dtype === "bool") return Boolean(combineAll<unknown>([old, value], op)) as Scalar<D>;
  if (dtype === "float16") return combineAll([old, value], op);
  return combineTyped(dtype, old, value, op);
}

function combineComplex(a: Complex, b: Complex, op: ReduceOp): Complex {
  if (op === "sum") return { re: a.re + b.re, im: a.im + b.im };
  return { re: a.re * b.re - a.im * b.im, im: a.re * b.im + a.im * b.re };
}

/** By way of arrays of the dtype, whose stores wrap and round as they should. */
function combineTyped<D extends DType>(dtype: D, old: Scalar<D>, value: Scalar<D>, op: ReduceOp): Scalar<D> {
  const [a, b] = [newArray(dtype, 1), newArray(dtype, 1)];
  writeElement(dtype, a, 0, old);
  writeElement(dtype, b, 0, value);
  combineInto(a as AnyTypedArray, b as AnyTypedArray, op);
  return readElement(dtype, a, 0);
}
