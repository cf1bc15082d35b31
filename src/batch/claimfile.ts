/**
 * Claims on disk: they keep two jobs on one directory from working on the same task.
 *
 * A claim is the file `claim` in the task's directory, created by link(2) with the owner's record in it: one winner, and no
 * moment at which it is there without its text. An owner that is gone has a successor: whoever creates `claim.after.<id>`,
 * where <id> is that of the dead owner's record, again by link(2). Owners form a chain from `claim` on, and the last one has the
 * task. Nobody ever removes a file of somebody else who may live, and nobody creates what was just removed in its place: the two
 * steps that let two jobs in at once where stale locks are broken by deleting them.
 *
 * At the end the last owner removes the chain, `claim` first. A rank that has read an old chain may then still create a successor in it;
 * it walks the chain again afterwards, does not find itself, since an id is never used twice, and withdraws. A job killed while it
 * removes a chain leaves a `claim.after.…` that no chain leads to, and that therefore means nothing.
 *
 * Only this package looks at these files. All functions are local and blocking, and throw FILE_SYSTEM.
 */
import { join } from "node:path";
import { createFile, readText, removeFile } from "./files.ts";
import { lifeOf, newOwner, parseOwner, type Owner } from "./owner.ts";

interface Link {
  readonly path: string;
  readonly owner: Owner;
}

/**
 * Claims a task's directory for a batch; false if another owner has it. An owner on another machine may live or not: `force` takes it
 * for gone. @throws FILE_SYSTEM
 */
export function acquireClaim(directory: string, batch: string, force: boolean): boolean {
  const owner = newOwner(batch);
  const text = `${JSON.stringify(owner)}\n`;
  for (;;) {
    const chain = chainIn(directory);
    const last = chain.at(-1)?.owner;
    if (last && !isGone(last, batch, force)) return false;
    const path = linkPath(directory, last);
    if (!createFile(path, text, owner.id)) continue;
    if (!last || chainIn(directory).at(-1)?.owner.id === owner.id) return true;
    removeFile(path);
  }
}

/**
 * Removes the claim of a batch on a task. One that another batch has left behind goes too, unless its owner is known to live.
 * @throws FILE_SYSTEM
 */
export function dropClaim(directory: string, batch: string): void {
  const chain = chainIn(directory);
  if (chain.length === 0) return;
  const mine = chain.at(-1)!.owner.batch === batch;
  if (!mine && !acquireClaim(directory, batch, true)) return;
  for (const { path } of mine ? chain : chainIn(directory)) removeFile(path);
}

function isGone(owner: Owner, batch: string, force: boolean): boolean {
  if (owner.batch === batch) return false;
  const life = lifeOf(owner);
  return life === "dead" || (life === "unknown" && force);
}

/** The chain of owners, oldest first. */
function chainIn(directory: string): Link[] {
  const chain: Link[] = [];
  for (;;) {
    const path = linkPath(directory, chain.at(-1)?.owner);
    const text = readText(path);
    if (text === null) return chain;
    chain.push({ path, owner: parseOwner(text) });
  }
}

function linkPath(directory: string, last: Owner | undefined): string {
  return join(directory, last ? `claim.after.${last.id}` : "claim");
}
