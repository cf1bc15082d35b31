/** Medians and their spread. */

/** A median with the quartiles around it. */
export interface Spread {
  readonly q1: number;
  readonly median: number;
  readonly q3: number;
}

/** The quartiles of some numbers, by linear interpolation. */
export function spreadOf(values: readonly number[]): Spread {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (part: number): number => {
    const place = part * (sorted.length - 1);
    const low = Math.floor(place);
    const rest = place - low;
    return sorted[low] + (rest === 0 ? 0 : rest * (sorted[low + 1] - sorted[low]));
  };
  return { q1: at(0.25), median: at(0.5), q3: at(0.75) };
}
