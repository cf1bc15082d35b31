/** Values that users pass, as text for errors. */

/** Local: any value as a short text. It never throws: some objects have no text, and some fail in making one. */
export function textOf(value: unknown): string {
  try {
    return String(value);
  } catch {
    return `an ${typeof value} without text`;
  }
}
