/** Values that users pass, as text for errors. */
import { inspect, types } from "node:util";

/** Local: any value as a short text. It never throws: some objects have no text, and some fail in making one. */
export function textOf(value: unknown): string {
  try {
    return String(value);
  } catch {
    return `an ${typeof value} without text`;
  }
}

/** Local: a field of an error as a text, whatever a program has made of it. It never throws. */
export function fieldText(error: Error, field: "name" | "message" | "stack"): string {
  try {
    return textOf(error[field]);
  } catch {
    return `(the error's ${field} cannot be read)`;
  }
}

/** Local: an uncaught error in full, with its stack and its cause; where it cannot be read, what of it can. It never throws. */
export function errorText(error: unknown): string {
  try {
    return inspect(error);
  } catch {
    if (!types.isNativeError(error)) return textOf(error);
    return `${fieldText(error, "name")}: ${fieldText(error, "message")}\n    (the rest of this error cannot be read)`;
  }
}

/** The most values that a text lists. */
const MOST_LISTED = 16;

/** Local: the first values of a list in brackets, for there may be a million or no end of them; anything else as {@link textOf} does. */
export function listText(list: unknown): string {
  if (!isIterable(list)) return textOf(list);
  const shown: string[] = [];
  for (const value of list) {
    shown.push(shown.length < MOST_LISTED ? textOf(value) : "…");
    if (shown.length > MOST_LISTED) break;
  }
  return `[${shown.join(", ")}]`;
}

function isIterable(value: unknown): value is Iterable<unknown> {
  return typeof value === "object" && value !== null && Symbol.iterator in value;
}
