/** Checks of the arguments that communicators and windows take. Each gives the fault or nothing, so that it can be agreed on. */
import { constants } from "node:buffer";
import { itemSize, lanesOf, type DType } from "../array/dtype.ts";
import { errorOf, PshmemError } from "../errors.ts";
import { availableBytes } from "../node/available.ts";
import { ANY_SOURCE, ANY_TAG, MAX_TAG } from "./contract.ts";
import { textOf } from "../shown.ts";
import { asFault } from "./verdict.ts";

/** The first fault there is. */
export function firstFault(...faults: readonly (PshmemError | undefined)[]): PshmemError | undefined {
  return faults.find((fault) => fault !== undefined);
}

/** Throws a fault in a call, if there is one. */
export function throwFault(fault: PshmemError | undefined, call: string): void {
  if (fault) throw errorIn(call, fault);
}

/** A fault as the error of a local call, which its text names. */
export function errorIn(call: string, fault: PshmemError): PshmemError {
  const { code, message, cause, expected, actual, lost } = fault;
  return errorOf(code, `${call}: ${message}`, { expected, actual, call, cause, ...(lost && { lost }) });
}

/** What an error carries of a value that should be a number: an object's `toJSON` is a program's, and would run while ranks meet. */
function plain(value: unknown): unknown {
  return typeof value === "object" || typeof value === "function" ? textOf(value) : value;
}

/** `name` says which argument: root, dest, source. */
export function faultOfRank(name: string, rank: unknown, size: number): PshmemError | undefined {
  if (Number.isInteger(rank) && (rank as number) >= 0 && (rank as number) < size) return undefined;
  const text = `${name} is ${textOf(rank)}; it must be a rank of the communicator, 0 to ${size - 1}`;
  return new PshmemError("BAD_RANK", text, {
    expected: `0 to ${size - 1}`,
    actual: plain(rank),
  });
}

export function faultOfSource(source: unknown, size: number): PshmemError | undefined {
  return source === ANY_SOURCE ? undefined : faultOfRank("source", source, size);
}

/** `name` says which argument: tag, sendTag. */
export function faultOfTag(name: string, tag: unknown, any: boolean): PshmemError | undefined {
  if (any && tag === ANY_TAG) return undefined;
  if (Number.isInteger(tag) && (tag as number) >= 0 && (tag as number) <= MAX_TAG) return undefined;
  const text = `${name} is ${textOf(tag)}; it must be an integer from 0 to ${MAX_TAG}`;
  return new PshmemError("BAD_TAG", text, { actual: plain(tag) });
}

export function faultOfInteger(name: string, value: unknown, least: number): PshmemError | undefined {
  if (Number.isSafeInteger(value) && (value as number) >= least) return undefined;
  const wanted = Number.isFinite(least) ? `an integer of at least ${least}` : "an integer";
  return new PshmemError("BAD_ARGUMENT", `${name} is ${textOf(value)}; it must be ${wanted}`, {
    actual: plain(value),
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

/** What is read from where there are no options. */
const NO_OPTIONS = Object.freeze({});

/**
 * Local: options to read from. Left out, or null, they are none; what else is no object, or is a list, was meant for another parameter.
 * A getter may throw anything: a collective reads its options where that becomes a fault, as in {@link readOptions}.
 *
 * @throws BAD_ARGUMENT
 */
export function optionsOf<O extends object>(call: string, options: O | null | undefined): Partial<O> {
  if (options === undefined || options === null) return NO_OPTIONS;
  if (typeof options === "object" && !Array.isArray(options) && !ArrayBuffer.isView(options)) return options;
  const actual = typeof options === "object" ? "a list" : textOf(options);
  const text = `${call}: the options are ${actual}; give an object with each by its name, or leave them out`;
  throw new PshmemError("BAD_ARGUMENT", text, { call, actual });
}

/** Local: what `read` takes from options; where it cannot, what it takes from none, and the fault for all ranks to be told. */
export function readOptions<O extends object, T>(
  call: string,
  options: O | null | undefined,
  read: (options: Partial<O>) => T,
): { readonly given: T; readonly fault?: PshmemError } {
  try {
    return { given: read(optionsOf(call, options)) };
  } catch (error) {
    return { given: read(NO_OPTIONS), fault: asFault(error) };
  }
}

/** `name` says which argument. */
export function faultOfFunction(name: string, value: unknown): PshmemError | undefined {
  if (typeof value === "function") return undefined;
  return new PshmemError("BAD_ARGUMENT", `${name} is ${textOf(value)}; it must be a function`, {
    actual: textOf(value),
  });
}

export function faultOfList(name: string, values: unknown, size: number): PshmemError | undefined {
  if (Array.isArray(values) && values.length === size) return undefined;
  const actual = Array.isArray(values) ? values.length : typeof values;
  const text = `${name} must be an array with one value for each of the ${size} ranks, not ${actual}`;
  return new PshmemError("BAD_ARGUMENT", text, { expected: size, actual });
}
