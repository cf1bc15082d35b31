/** What a meeting comes to: who said what, whether it fits together, and the fault that all throw when it does not. */
import { ERROR_CODES, errorOf, PshmemError, type ErrorCode, type ErrorFields } from "../errors.ts";
import { CALL_NAMES, callName, agreedIn, type Op } from "./calls.ts";
import { fieldText, textOf } from "../shown.ts";

/** In place of a root: the call has none, or one that may not even be a number. */
export const NO_ROOT = -1;

/** What a rank says when entering. */
export interface Saying {
  readonly rank: number;
  readonly op: number;
  readonly object: number;
  readonly root: number;
  readonly digest: number;
  /** Its arguments in words, where the call gives them. */
  readonly about: string;
}

/** What a group of ranks said: the lowest one speaks for all that say the same. */
export interface Statement extends Saying {
  /** What the lowest rank said that does not say the same; null where all do, or where there is a fault. */
  readonly differing: Saying | null;
  /** The fault of the lowest rank that has one, as `encodeFault` gives it; before all others, that ranks have gone. */
  readonly fault: Uint8Array | null;
  /** The rank it was found on, or {@link lossOn} it; no meaning without a fault. */
  readonly faultRank: number;
  /** See `Call.isFresh`: on any of its nodes. */
  readonly isFresh: boolean;
}

/** In place of the rank at fault: it says that ranks have gone, so there are no more meetings. */
export function lossOn(rank: number): number {
  return -1 - rank;
}

/** What a leader says that takes no more part: mostly since ranks have gone. */
export function statementOfLoss(rank: number, loss: PshmemError): Statement {
  return statementPassedOn(rank, encodeFault(loss, rank));
}

/** The same with the fault of another leader, as that has told it. */
export function statementPassedOn(rank: number, fault: Uint8Array): Statement {
  const nothing = { op: 0, object: 0, root: NO_ROOT, digest: 0, about: "", differing: null, isFresh: false };
  return { ...nothing, rank, fault, faultRank: lossOn(rank) };
}

/** Whether a statement says that ranks have gone, and that there are no more meetings. */
export function isLoss({ fault, faultRank }: Statement): boolean {
  return fault !== null && faultRank < 0;
}

/**
 * Statements of two groups of ranks as one. What it comes to depends on the ranks alone, not on how they are grouped, in which order they
 * are merged, or whether some are in both groups.
 */
export function merged(a: Statement, b: Statement): Statement {
  const [low, high] = a.rank <= b.rank ? [a, b] : [b, a];
  if (isPlain(low) && isPlain(high) && isSame(low, high)) return low;
  const isFresh = a.isFresh || b.isFresh;
  if (a.fault || b.fault) {
    const worse = !b.fault || (a.fault && a.faultRank <= b.faultRank) ? a : b;
    return { ...low, differing: null, fault: worse.fault, faultRank: worse.faultRank, isFresh };
  }
  // Whoever differs from the one differs from the other too, where both say the same.
  const differing = lower(low.differing, isSame(low, high) ? high.differing : high);
  return { ...low, differing: differing && sayingOf(differing), isFresh };
}

/** Nothing is wrong, and nothing fresh: as in nearly all meetings. */
function isPlain({ fault, differing, isFresh }: Statement): boolean {
  return fault === null && differing === null && !isFresh;
}

function isSame(a: Saying, b: Saying): boolean {
  return a.op === b.op && a.object === b.object && a.root === b.root && a.digest === b.digest;
}

function lower(a: Saying | null, b: Saying | null): Saying | null {
  if (!a || !b) return a ?? b;
  return a.rank <= b.rank ? a : b;
}

function sayingOf({ rank, op, object, root, digest, about }: Saying): Saying {
  return { rank, op, object, root, digest, about };
}

/** The fault that a meeting comes to in which all ranks together say this; null if there is none. */
export function faultOf(statement: Statement): Uint8Array | null {
  const { fault, differing } = statement;
  return fault ?? (differing && encodeFault(mismatch(statement, differing), differing.rank));
}

function mismatch(a: Saying, b: Saying): PshmemError {
  const [expected, actual] = [describe(a), describe(b)];
  const how =
    expected === actual
      ? `both are in ${actual}, with different ${agreedIn(CALL_NAMES[b.op])}`
      : `rank ${a.rank} is in ${expected}, rank ${b.rank} in ${actual}`;
  return new PshmemError(
    "MISMATCH",
    `ranks ${a.rank} and ${b.rank} are not in the same call: ${how}. Every rank must make the same collective calls in the same ` +
      `order, with the same arguments where they must agree`,
    { rank: b.rank, expected, actual },
  );
}

function describe({ op, object, root, about }: Saying): string {
  const from = root >= 0 ? `, root ${root}` : "";
  return callName(CALL_NAMES[op], object) + from + (about && ` (${about})`);
}

/** Room for a fault: it travels with the call. */
const MOST_FAULT_BYTES = 900;

interface WireFault extends ErrorFields {
  readonly code: ErrorCode;
  readonly text: string;
}

/** A fault found on `rank` as bytes, short enough to travel with a call. */
export function encodeFault(error: PshmemError, rank: number): Uint8Array {
  const { code, message: text, name: _name, cause: _cause, ...fields } = error;
  const { call, bytes, available, holder, token, heldFor, task, lost } = fields;
  const attempts = [
    { ...fields, code, text, rank },
    { code, text: text.slice(0, 400), rank, call, bytes, available, holder, token, heldFor, task, lost },
    { code, text: text.slice(0, 120), rank },
  ];
  for (const attempt of attempts) {
    const encoded = encodeJson(attempt);
    if (encoded && encoded.length <= MOST_FAULT_BYTES) return encoded;
  }
  return encodeJson({ code, text: ERROR_CODES[code], rank })!;
}

/** Null for what has no JSON: `actual` can be anything that a user passes. */
function encodeJson(value: object): Uint8Array | null {
  try {
    return new TextEncoder().encode(JSON.stringify(value, spelledOut));
  } catch {
    return null;
  }
}

/** Numbers that JSON does not know, as text. */
function spelledOut(_: string, field: unknown): unknown {
  const unknown = typeof field === "bigint" || (typeof field === "number" && !Number.isFinite(field));
  return unknown ? String(field) : field;
}

/** What is no rank's own fault. */
const IMPERSONAL: ReadonlySet<ErrorCode> = new Set(["MISMATCH", "RANK_LOST"]);

/**
 * The error that every rank throws: it names the call and, where there are several ranks, the rank at fault. On that rank
 * `own`, its fault, adds the cause, which cannot travel.
 */
export function decodeFault(
  bytes: Uint8Array,
  op: Op,
  size: number,
  rank: number,
  own?: PshmemError,
): PshmemError {
  const { code, text, ...fields } = wireFault(bytes);
  const where = size > 1 && !IMPERSONAL.has(code) ? `${op}, on rank ${fields.rank}` : op;
  // Some faults name their call, since a local call throws them as they are.
  const told = text.startsWith(`${op}: `) ? text.slice(op.length + 2) : text;
  return errorOf(code, `${where}: ${told}`, {
    call: op,
    ...fields,
    cause: fields.rank === rank ? own?.cause : undefined,
  });
}

/** The fault as it was found, to be told to others again; its `rank` is whose it is. */
export function faultIn(bytes: Uint8Array): PshmemError {
  const { code, text, ...fields } = wireFault(bytes);
  return errorOf(code, text, fields);
}

/** The bytes may be shared memory, which TextDecoder refuses: decodes a private copy. */
function wireFault(bytes: Uint8Array): WireFault {
  return JSON.parse(new TextDecoder().decode(bytes.slice())) as WireFault;
}

/** Any exception as an error of ours, so that it can travel. It never throws, whatever a program has thrown: a rank that did would tell nobody. */
export function asFault(error: unknown): PshmemError {
  if (isOfClass(error, PshmemError)) return error;
  if (!isOfClass(error, Error)) return new PshmemError("BAD_ARGUMENT", textOf(error), { cause: error });
  const message = fieldText(error, "message");
  if (isOfClass(error, RangeError) && /allocation|array length|buffer/i.test(message)) {
    return new PshmemError("NO_MEMORY", `${ERROR_CODES.NO_MEMORY}: ${message}`, { cause: error });
  }
  return new PshmemError("BAD_ARGUMENT", `${fieldText(error, "name")}: ${message}`, { cause: error });
}

/** `instanceof` asks a value for its prototype, which a Proxy may refuse. */
function isOfClass<T>(value: unknown, Class: abstract new (...args: never[]) => T): value is T {
  try {
    return value instanceof Class;
  } catch {
    return false;
  }
}
