/**
 * What a rank keeps in the root of a batch between two tasks, so that no inode need be made for the next one: see claimant.ts and
 * runningfile.ts. Whoever misses it can do without, so anybody may remove it at any time.
 */
import { readLink, removeFile, succeeds } from "./files.ts";
import { lifeOf, parseOwner } from "./owner.ts";

const CLAIM = ".pshmem-claim.";
const STATE = ".pshmem-state.";

/** The path for a rank's spare link. Local. */
export function spareClaim(root: string, batch: string, rank: number): string {
  return `${root}/${CLAIM}${batch}.${rank}`;
}

/** The path for a rank's spare state file. Local. */
export function spareState(root: string, batch: string, rank: number): string {
  return `${root}/${STATE}${batch}.${rank}`;
}

/**
 * Removes what jobs have left that were killed between two tasks; `names` are those in the root. The link beside a state file tells whose it is:
 * what belongs to another machine, or to nobody, goes too. Local, blocking; throws nothing.
 */
export function clearSpares(root: string, names: Iterable<string>): void {
  for (const name of names) {
    const rank = /^\.pshmem-(?:claim|state)\.([\w-]+\.\d+)$/.exec(name)?.[1];
    if (rank) succeeds(() => clearSpare(`${root}/${CLAIM}${rank}`, `${root}/${name}`));
  }
}

function clearSpare(link: string, path: string): void {
  const text = readLink(link);
  if (!text || lifeOf(parseOwner(text)) !== "alive") removeFile(path);
}
