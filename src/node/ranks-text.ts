/** Naming ranks in a text. */

/** Ranks that a text names. */
const MOST_NAMED = 8;

/** Local: `rank 2`, `ranks 2, 3`, or the first of many and how many there are. */
export function ranksText(ranks: readonly number[]): string {
  const more = ranks.length > MOST_NAMED ? ` … (${ranks.length})` : "";
  return `${ranks.length === 1 ? "rank" : "ranks"} ${ranks.slice(0, MOST_NAMED).join(", ")}${more}`;
}
