/** The collective calls by number, as they stand in a rank's slot when it enters one. */

/** Number → name, as error texts print it. The numbers are private to one job; order is free. */
export const CALL_NAMES = [
  "nothing",
  "barrier",
  "bcast",
  "gather",
  "allgather",
  "scatter",
  "alltoall",
  "reduce",
  "allreduce",
  "scan",
  "exscan",
  "bcastInto",
  "allreduceInto",
  "split",
  "splitShared",
  "dup",
  "free",
  "allocateWindow",
  "new MPIShared",
  "MPIShared.set",
  "MPIShared.assign",
  "MPIShared.setAll",
  "MPIShared.sync",
  "new MPILock",
  "new MPICounter",
  "new MPISemaphore",
  "new MPICondition",
  "new MPIBatch",
  "MPIBatch.nextTask",
  "MPIBatch.run",
] as const;

/** The name of a collective call. */
export type Op = (typeof CALL_NAMES)[number];

const NUMBERS = new Map<Op, number>(CALL_NAMES.map((name, number) => [name, number]));

/** The number that stands for a call in a slot. Local. */
export function numberOf(op: Op): number {
  return NUMBERS.get(op)!;
}

/** A call with the object it belongs to, as texts name it. Local. */
export function callName(op: Op, object: number): string {
  return object > 0 ? `${op} of object ${object}` : op;
}

/**
 * What all ranks must agree on besides the root. Which of it differs, and how, is not told: its text would have to travel with every call, though
 * for most in the place of the data.
 */
const AGREED: { readonly [O in Op]?: string } = {
  reduce: "operations, types or lengths",
  allreduce: "operations, types or lengths",
  scan: "operations, types or lengths",
  exscan: "operations, types or lengths",
  allreduceInto: "operations, types or lengths",
  bcastInto: "types or lengths",
  allocateWindow: "dtypes",
  "new MPISemaphore": "permits",
  "new MPICondition": "locks",
  "new MPIBatch": "workerSize, nTask, taskFsRoot or taskFsNames",
  "MPIBatch.nextTask": "options",
  "MPIBatch.run": "retries, timeout or halt",
};

/** What may differ where ranks are in the same call. Local. */
export function agreedIn(op: Op): string {
  return AGREED[op] ?? "arguments";
}

/** FNV-1a over text: a 32-bit digest of arguments that all ranks must agree on. Local. */
export function digestOf(...parts: readonly (string | number)[]): number {
  let hash = 0x811c9dc5;
  for (const char of parts.map(String).join("\0")) {
    hash = Math.imul(hash ^ char.codePointAt(0)!, 0x01000193);
  }
  return hash | 0;
}
