/**
 * What a rank keeps in the root of a batch between two tasks, so that no inode need be made for the next one: see claimant.ts. Whoever
 * misses it can do without, so anybody may remove it at any time.
 */
import { readLink, removeFile, succeeds } from "./files.ts";
import { lifeOf, parseOwner } from "./owner.ts";

const CLAIM = ".claim.";

/** The path for a rank's spare link. Local. */
export function spareClaim(root: string, batch: string, rank: number): string {
  return `${root}/${CLAIM}${batch}.${rank}`;
}

/** Removes what jobs have left that were killed between two tasks; `names` are those in the root. Local, blocking; throws nothing. */
export function clearSpares(root: string, names: Iterable<string>): void {
  for (const name of names) {
    if (name.startsWith(CLAIM)) succeeds(() => clearSpare(`${root}/${name}`));
  }
}

/** One of another machine goes too. */
function clearSpare(path: string): void {
  const text = readLink(path);
  if (text && lifeOf(parseOwner(text)) !== "alive") removeFile(path);
}
