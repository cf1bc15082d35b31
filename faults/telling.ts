/** What a rank tells of a call, as one line. */
import { inspect } from "node:util";
import { isPshmemError } from "../dist/index.js";

/** The fields that are told where an error has them. */
const FIELDS = ["rank", "lost", "holder", "queue", "task"] as const;

/** What came of `act`: its value, or its error with those fields that matter. */
export function outcomeOf(act: () => unknown): string {
  try {
    return valueText(act());
  } catch (error) {
    return errorText(error);
  }
}

/** A value that a rank has got; `returns` for none. */
export function valueText(value: unknown): string {
  if (value === undefined) return "returns";
  return typeof value === "string" ? value : inspect(value, { breakLength: Infinity });
}

/** An error by its code and fields; one that is none of ours by its name and text. */
export function errorText(error: unknown): string {
  if (!isPshmemError(error)) return String(error);
  // Who finds a loss first is chance.
  const chance = error.code === "RANK_LOST" ? "rank" : null;
  const fields = FIELDS.filter((name) => error[name] !== undefined && name !== chance);
  return [error.code, ...fields.map((name) => `${name} ${String(error[name])}`)].join(" ");
}
