/** Values that users pass, as text for errors. */

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
