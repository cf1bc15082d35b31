/**
 * What a rank keeps in the directory of the first task of a batch between two tasks, so that no inode need be made for the next one: see
 * claimant.ts and runningfile.ts. (In the root, whoever lists the tasks there would find it.) Whoever misses it can do without, so anybody
 * may remove it at any time.
 */
import { readLink, removeFile, succeeds } from "./files.ts";
import { lifeOf, parseOwner } from "./owner.ts";

const CLAIM = ".pshmem-claim.";
const STATE = ".pshmem-state.";

/** The path for a rank's spare link. Local. */
export function spareClaim(directory: string, batch: string, rank: number): string {
  return `${directory}/${CLAIM}${batch}.${rank}`;
}

/** The path for a rank's spare state file. Local. */
export function spareState(directory: string, batch: string, rank: number): string {
  return `${directory}/${STATE}${batch}.${rank}`;
}

/**
 * Removes what jobs have left that were killed between two tasks; `names` are those in the directory. The link beside a state file tells whose it is:
 * what belongs to another machine, or to nobody, goes too. Local, blocking; throws nothing.
 */
export function clearSpares(directory: string, names: Iterable<string>): void {
  for (const name of names) {
    const rank = /^\.pshmem-(?:claim|state)\.([\w-]+\.\d+)$/.exec(name)?.[1];
    if (rank) succeeds(() => clearSpare(`${directory}/${CLAIM}${rank}`, `${directory}/${name}`));
  }
}

function clearSpare(link: string, path: string): void {
  const text = readLink(link);
  if (!text || lifeOf(parseOwner(text)) !== "alive") removeFile(path);
}
