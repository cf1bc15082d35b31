/**
 * Claims on disk: they keep two jobs on one directory from working on the same task.
 *
 * A claim is the symbolic link `claim` in the task's directory. It points at nothing: its text is the owner's record. symlink(2) makes
 * it as one act, as does link(2) of one made before (claimant.ts): one winner, and no moment at which it is there without its text; and a text of less than 60 bytes needs no block
 * on disk. An owner that is gone has a successor: whoever creates `claim.after.<id>`, where <id> is that of the dead owner's
 * record, in the same way. Owners form a chain from `claim` on, and the last one has the task. Nobody ever removes a link
 * of somebody else who may live, and nobody creates what was just removed in its place: the two steps that let two jobs in at
 * once where stale locks are broken by deleting them.
 *
 * At the end the last owner, or another rank of its batch, removes the chain, `claim` first. A rank that has read an old chain may then still create a successor in it;
 * it walks the chain again afterwards, does not find itself, since an id is never used twice in a directory, and withdraws. A job killed while it
 * removes a chain leaves a `claim.after.…` that no chain leads to, and that therefore means nothing.
 *
 * Only this package looks at these links. All functions are local and blocking, and throw FILE_SYSTEM.
 */
import type { Claimant } from "./claimant.ts";
import { isThere, readLink, removeFile } from "./files.ts";
import { areOfOneJob, lifeOf, parseOwner, type Owner } from "./owner.ts";

interface Link {
  readonly path: string;
  readonly owner: Owner;
  /** False of a file or so in its place. */
  readonly isLink: boolean;
}

/**
 * Claims a task, whose directory is given; false if another owner has it. An owner in another job on another machine may
 * live or not: `force` takes it for gone. @throws FILE_SYSTEM
 */
export function acquireClaim(directory: string, task: number, claimant: Claimant, force: boolean): boolean {
  const owner = claimant.ownerFor(task);
  // Nearly always there is no claim: so first the link is made, and only if that fails is the chain read.
  for (let last: Owner | undefined; ;) {
    const path = linkPath(directory, last);
    const made = claimant.sign(path);
    if (made && !last) return true;
    const chain = chainIn(directory);
    const found = chain.at(-1)?.owner;
    // Also where a server lost its answer, and says to its own winner that the link exists.
    if (found?.id === owner.id) return true;
    if (made) removeFile(path);
    // Nobody can come after one that is its own successor.
    const isLast = found !== undefined && chain.at(-2)?.owner.id === found.id;
    if (found && (isLast || !isGone(found, owner.batch, force))) return false;
    last = found;
  }
}

/**
 * Removes the claim that the claimant itself has on a task, or any rank of its batch; false if the last owner is somebody else. `keeps`: the
 * claimant may keep what spares its next claim an inode. @throws FILE_SYSTEM
 */
export function dropClaim(
  directory: string,
  claimant: Claimant,
  whose: "rank" | "batch",
  keeps: boolean,
): boolean {
  const chain = chainIn(directory);
  const last = chain.at(-1)?.owner;
  if (last?.batch !== claimant.batch || (whose === "rank" && !claimant.hasMade(last))) return false;
  for (const [at, { path, owner, isLink }] of chain.entries()) {
    // What is something else was not made here.
    if (isLink) claimant.withdraw(path, owner.id, keeps && at === 0);
  }
  return true;
}

function isGone(owner: Owner, batch: string, force: boolean): boolean {
  if (owner.batch === batch) return false;
  const life = lifeOf(owner);
  // A job lives on all its machines or on none, whichever of them this is.
  return life === "dead" || (life === "unknown" && force && !areOfOneJob(owner.batch, batch));
}

/** The chain of owners, oldest first. */
function chainIn(directory: string): Link[] {
  const chain: Link[] = [];
  for (;;) {
    const last = chain.at(-1)?.owner;
    const path = linkPath(directory, last);
    // Most chains are of one link.
    if (last && !isThere(path)) return chain;
    const text = readLink(path);
    if (text === null) return chain;
    const owner = parseOwner(text);
    chain.push({ path, owner, isLink: text !== "" });
    // One that nobody here has made may be its own successor.
    if (owner.id === last?.id) return chain;
  }
}

function linkPath(directory: string, last: Owner | undefined): string {
  return last ? `${directory}/claim.after.${last.id}` : `${directory}/claim`;
}
