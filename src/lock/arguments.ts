/** What users pass to locks and their kin: checked here, once. */
import { optionsOf } from "../comm/arguments.ts";
import type { Op } from "../comm/calls.ts";
import type { Engine } from "../comm/engine.ts";
import { PshmemError } from "../errors.ts";
import type { Patience } from "../node/machine.ts";
import { MOST_RANKS, RANK_WORDS, SLOTS, slotsFor } from "./layout.ts";
import type { Place } from "./queue.ts";
import { textOf } from "../shown.ts";

/** How long a call may wait. */
export interface WaitOptions {
  /** In milliseconds, from 0 to Infinity (the default). 0 takes what can be had at once, in turn, and gives up otherwise. */
  readonly timeout?: number;
  /** Ends an asynchronous wait early. A blocking call looks at it once, at the start. */
  readonly signal?: AbortSignal;
}

/** The same, read: what users give may be an object whose fields run code, which must not run once a rank stands in line. */
export interface Limits {
  readonly timeout: number;
  readonly signal: AbortSignal | undefined;
}

const ENDLESS: Limits = { timeout: Infinity, signal: undefined };

/** What every object of this kind needs to be made. */
export interface Order {
  readonly op: Op;
  readonly object: number;
  readonly root: number;
  /** What all ranks must agree on besides; see `digestOf`. */
  readonly digest?: number;
  /** What is wrong with this rank's further arguments. */
  readonly fault?: PshmemError;
}

/** What users say where they make a lock or one of its kin, for `readOptions`; what is no such thing is found later. */
export function rootAndDebug({
  root = 0,
  debug = false,
}: {
  readonly root?: number;
  readonly debug?: boolean;
}): {
  readonly root: number;
  readonly debug: boolean;
} {
  return { root, debug };
}

/** The error for an argument of the wrong type or value. */
export function badArgument(call: string, rank: number, text: string, actual: unknown): PshmemError {
  return new PshmemError("BAD_ARGUMENT", `${call}: ${text}, not ${textOf(actual)}.`, { call, rank, actual });
}

/** What is wrong with an option `debug`. */
export function debugFault(call: string, debug: unknown, rank: number): PshmemError | undefined {
  return typeof debug === "boolean"
    ? undefined
    : badArgument(call, rank, "debug must be true or false", debug);
}

/** Collective: the words of a queue, on all ranks. @throws BAD_RANK UNSUPPORTED NO_MEMORY MISMATCH, and `order.fault`. */
export function allocatePlace(engine: Engine, order: Order): Place {
  const { rank, size } = engine;
  const fault = order.fault ?? rootFault(order, engine);
  const root = fault ? 0 : order.root;
  const slots = slotsFor(size);
  const words = engine.allocateWords({ ...order, root, fault }, RANK_WORDS, SLOTS + slots);
  return { words, rank, size, root, slots, losses: engine.losses };
}

function rootFault({ op, root }: Order, { rank, size }: Engine): PshmemError | undefined {
  if (!Number.isInteger(root) || root < 0 || root >= size) {
    const text = `${op}: root must be a rank from 0 to ${size - 1}, not ${textOf(root)}.`;
    return new PshmemError("BAD_RANK", text, { call: op, rank, expected: `0 … ${size - 1}`, actual: root });
  }
  if (size > MOST_RANKS) {
    const text = `${op}: a lock serves at most ${MOST_RANKS} ranks, not ${size}. Split the communicator first.`;
    return new PshmemError("UNSUPPORTED", text, { call: op, rank, expected: MOST_RANKS, actual: size });
  }
  return undefined;
}

/** Local: reads each option once. @throws BAD_ARGUMENT ABORTED, the latter when the signal has fired already */
export function limitsOf(call: string, rank: number, options: WaitOptions | null | undefined): Limits {
  if (options === undefined || options === null) return ENDLESS;
  const { timeout = Infinity, signal } = optionsOf(call, options);
  if (typeof timeout !== "number" || !(timeout >= 0)) {
    throw badArgument(
      call,
      rank,
      "timeout must be a number of milliseconds, 0 or more, or Infinity",
      timeout,
    );
  }
  if (signal !== undefined && !(signal instanceof AbortSignal))
    throw badArgument(call, rank, "signal must be an AbortSignal", signal);
  if (signal?.aborted) throw aborted(call, rank, signal);
  return { timeout, signal };
}

/** Local: how long a wait that begins now may last, with the signal to listen to. */
export function patienceOf({ timeout }: Limits, signal: AbortSignal): Patience {
  return { deadline: performance.now() + timeout, signal };
}

/** The error for a wait that a signal ended. */
export function aborted(call: string, rank: number, signal: AbortSignal | undefined): PshmemError {
  const cause: unknown = signal?.reason;
  return new PshmemError("ABORTED", `${call}: rank ${rank} gave up, as its AbortSignal asked for.`, {
    call,
    rank,
    cause,
  });
}
