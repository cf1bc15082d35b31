/** Checks of the arguments that communicators and windows take. Each gives the fault or nothing, so that it can be agreed on. */
import { constants } from "node:buffer";
import { itemSize, lanesOf, type DType } from "../array/dtype.ts";
import { errorOf, PshmemError } from "../errors.ts";
import { availableBytes } from "../node/available.ts";
import { ANY_SOURCE, ANY_TAG, MAX_TAG } from "./contract.ts";
import { textOf } from "../shown.ts";

/** The first fault there is. */
export function firstFault(...faults: readonly (PshmemError | undefined)[]): PshmemError | undefined {
  return faults.find((fault) => fault !== undefined);
}

/** Throws a fault in a call, if there is one. */
export function throwFault(fault: PshmemError | undefined, call: string): void {
  if (!fault) return;
  const { code, message, cause, expected, actual, lost } = fault;
  throw errorOf(code, `${call}: ${message}`, { expected, actual, call, cause, ...(lost && { lost }) });
}

/** `name` says which argument: root, dest, source. */
export function faultOfRank(name: string, rank: unknown, size: number): PshmemError | undefined {
  if (Number.isInteger(rank) && (rank as number) >= 0 && (rank as number) < size) return undefined;
  const text = `${name} is ${textOf(rank)}; it must be a rank of the communicator, 0 to ${size - 1}`;
  return new PshmemError("BAD_RANK", text, { expected: `0 to ${size - 1}`, actual: rank });
}

export function faultOfSource(source: unknown, size: number): PshmemError | undefined {
  return source === ANY_SOURCE ? undefined : faultOfRank("source", source, size);
}

export function faultOfTag(tag: unknown, any: boolean): PshmemError | undefined {
  if (any && tag === ANY_TAG) return undefined;
  if (Number.isInteger(tag) && (tag as number) >= 0 && (tag as number) <= MAX_TAG) return undefined;
  return new PshmemError("BAD_TAG", `tag is ${textOf(tag)}; it must be an integer from 0 to ${MAX_TAG}`, {
    actual: tag,
  });
}

export function faultOfInteger(name: string, value: unknown, least: number): PshmemError | undefined {
  if (Number.isSafeInteger(value) && (value as number) >= least) return undefined;
  const wanted = Number.isFinite(least) ? `an integer of at least ${least}` : "an integer";
  return new PshmemError("BAD_ARGUMENT", `${name} is ${textOf(value)}; it must be ${wanted}`, {
    actual: value,
  });
}

/** For more elements than a typed array of this Node can have, however much memory there is. */
export function faultOfLength(dtype: DType, count: number): PshmemError | undefined {
  const numbers = count * lanesOf(dtype);
  if (numbers <= constants.MAX_LENGTH) return undefined;
  const bytes = count * itemSize(dtype);
  const most = constants.MAX_LENGTH * (itemSize(dtype) / lanesOf(dtype));
  const available = Math.min(most, availableBytes());
  const text =
    `${bytes} bytes are more than one array can have on this Node, which is ${constants.MAX_LENGTH} numbers; ` +
    "make several, or use a later Node";
  return new PshmemError("NO_MEMORY", text, { bytes, available });
}

/** Options left out, or null, are none; anything else that is no object was meant for another parameter. */
export function faultOfOptions(options: unknown): PshmemError | undefined {
  if (options === undefined || typeof options === "object") return undefined;
  const text = `the options are ${textOf(options)}; give an object such as { root: 0 }, or leave them out`;
  return new PshmemError("BAD_ARGUMENT", text, { actual: options });
}

export function faultOfList(name: string, values: unknown, size: number): PshmemError | undefined {
  if (Array.isArray(values) && values.length === size) return undefined;
  const actual = Array.isArray(values) ? values.length : typeof values;
  const text = `${name} must be an array with one value for each of the ${size} ranks, not ${actual}`;
  return new PshmemError("BAD_ARGUMENT", text, { expected: size, actual });
}
