/**
 * Every error the package throws: one class, a stable `code`, typed fields. The text says what was wrong, where, and what to
 * do about it; programs branch on `code`, never on the text.
 */

/** The stable codes, each with the situation it stands for. */
export const ERROR_CODES = {
  BAD_ARGUMENT: "an argument has the wrong type or value",
  BAD_SHAPE: "a shape is negative, fractional, ragged or too large, or data does not have the shape it must",
  BAD_DTYPE: "a dtype is unknown or does not match",
  BAD_DIMENSIONS: "data, offset or index has the wrong number of dimensions",
  OUT_OF_BOUNDS: "an index, or a region, reaches outside the array or window",
  BAD_SLICE: "a slice text or step cannot be read",
  READ_ONLY: "a read-only view was written to",
  BAD_RANK: "a rank (root, source, destination, fromRank) is not in the communicator",
  BAD_TAG: "a message tag is negative, fractional or too large",
  BAD_NODE_COMM: "a communicator given for reuse does not describe the nodes",
  NO_SOURCE: "no rank passed data where exactly one must",
  MANY_SOURCES: "several ranks passed data where exactly one must",
  OVERLAP: "several ranks wrote the same elements where each must have its own",
  NOT_CLONEABLE:
    "a value cannot be sent: structuredClone would refuse it, or it is a SharedArrayBuffer or an object of Node such as a Blob",
  MISMATCH: "ranks are in different collective calls, or in the same one with different arguments",
  FREED: "a communicator, window, array, lock or batch was used after it was freed or closed",
  DEADLOCK: "the call would wait for ever",
  RANK_LOST: "a rank that must take part has ended or died",
  NO_MEMORY: "memory could not be had",
  LOCK_HELD: "this rank holds or awaits the lock already",
  LOCK_NOT_HELD: "this rank does not hold the lock",
  TIMEOUT: "the time allowed for a wait ran out",
  ABORTED: "an AbortSignal ended a wait",
  BAD_WORKER_SIZE: "the worker size does not divide the number of ranks",
  BAD_TASK: "a task index is not in the batch, or names and tasks differ in number",
  BAD_TASK_NAME: "a task name cannot be a directory name",
  BAD_STATE: "a task state is unknown",
  BAD_STATE_FILE: "a task's state file cannot be read as a state",
  FILE_SYSTEM: "a file operation failed",
  TASK_FAILED: "a task failed on some rank of its group",
  MPI: "MPI reported an error",
  BAD_LAUNCH: "the program was started in a way that cannot give it a world",
  UNSUPPORTED: "this cannot be done on this Node, platform or backend",
} as const;

/** A stable error code; {@link ERROR_CODES} says what each stands for. */
export type ErrorCode = keyof typeof ERROR_CODES;

/** What an error can carry beside its text; every field survives the trip to other ranks. One given as undefined is not set. */
export interface ErrorFields {
  /** The rank (of the communicator in use) on which the fault was found. */
  readonly rank?: number;
  /** The call in which it was found, for example `MPIShared.set`. */
  readonly call?: string;
  readonly expected?: unknown;
  readonly actual?: unknown;
  /** Bytes wanted. */
  readonly bytes?: number;
  /** Bytes available. */
  readonly available?: number;
  /** The rank that holds a lock. */
  readonly holder?: number;
  /** The ranks that wait for a lock, first in line first. */
  readonly queue?: readonly number[];
  /** The token of a lock's holder, or the last one given out. */
  readonly token?: number;
  /** Milliseconds since a lock's holder got it. */
  readonly heldFor?: number;
  /** A task index. */
  readonly task?: number;
  /** A file or directory. */
  readonly path?: string;
  /** The ranks (of the communicator in use) that have gone. */
  readonly lost?: readonly number[];
}

/**
 * The base class of the package's errors.
 *
 * @throws nothing itself; thrown by every member that documents a code.
 */
export class PshmemError extends Error implements ErrorFields {
  override readonly name: string = "PshmemError";
  readonly code: ErrorCode;
  // Declared only: a field that is not set must not show as undefined when the error is printed.
  declare readonly rank?: number;
  declare readonly call?: string;
  declare readonly expected?: unknown;
  declare readonly actual?: unknown;
  declare readonly bytes?: number;
  declare readonly available?: number;
  declare readonly holder?: number;
  declare readonly queue?: readonly number[];
  declare readonly token?: number;
  declare readonly heldFor?: number;
  declare readonly task?: number;
  declare readonly path?: string;
  declare readonly lost?: readonly number[];

  constructor(code: ErrorCode, message: string, fields: ErrorFields & { cause?: unknown } = {}) {
    const { cause, ...rest } = fields;
    super(message, cause === undefined ? undefined : { cause });
    this.code = code;
    Object.assign(this, Object.fromEntries(Object.entries(rest).filter(([, value]) => value !== undefined)));
  }
}

/**
 * A rank that must take part has ended or died: the code is RANK_LOST, `lost` names the ranks. What was under way ends with it on every rank
 * that is left, and so does each later collective of a communicator with such a rank.
 */
export class RankLostError extends PshmemError {
  override readonly name = "RankLostError";
  declare readonly lost: readonly number[];

  constructor(message: string, fields: ErrorFields & { readonly lost: readonly number[]; cause?: unknown }) {
    super("RANK_LOST", message, fields);
  }
}

/** Local: an error of the class that stands for its code. */
export function errorOf(
  code: ErrorCode,
  message: string,
  fields: ErrorFields & { cause?: unknown },
): PshmemError {
  return code === "RANK_LOST"
    ? new RankLostError(message, { ...fields, lost: fields.lost ?? [] })
    : new PshmemError(code, message, fields);
}

/** True for an error of this package, and, with a code, for one of that code. Local. */
export function isPshmemError(error: unknown, code?: ErrorCode): error is PshmemError {
  return error instanceof PshmemError && (code === undefined || error.code === code);
}
