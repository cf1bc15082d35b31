/**
 * The links by which one rank claims tasks on disk.
 *
 * A file system may take far longer to make a new inode than to give one it has another name. So the link of a claim that has ended is
 * not removed but moved aside, as this rank's spare, and the next claim is made by giving it its new name: by link(2), as one
 * act with one winner, like symlink(2).
 *
 * All claims made from one inode bear one id, and an id must never be seen twice in one task's directory (see claimfile.ts). Tasks are mostly
 * claimed in rising order: an id is used for as long as they are.
 *
 * The spare is a shortcut and no more: anybody may remove it at any time, and where it cannot be made claims are made by symlink(2).
 */
import { createLink, linkAlike, moveFile, removeFile, succeeds } from "./files.ts";
import { newOwner, ownerPrefix, ownerText, type Owner } from "./owner.ts";

/** One rank of one batch as it claims tasks. All members are local and blocking. */
export class Claimant {
  /** The same on all ranks of one batch object and on no others. */
  readonly batch: string;
  readonly #rank: number;
  readonly #spare: string;
  #owner: Owner;
  /** The highest task for which `owner` was asked for, since it is a new one. */
  #highest = -1;
  #hasSpare = false;
  /** A spare could not be made, or not be used: it is not tried again. */
  #inVain = false;

  /** `rank` tells the ranks of the batch apart; `spare` is the path for this rank's spare. */
  constructor(spare: string, batch: string, rank: number) {
    this.batch = batch;
    this.#rank = rank;
    this.#spare = spare;
    this.#owner = newOwner(batch, rank);
  }

  /** Who claims a task: an owner that has never claimed it before. Stays until the next call. */
  ownerFor(task: number): Owner {
    if (task <= this.#highest) {
      this.rest();
      this.#owner = newOwner(this.batch, this.#rank);
    }
    this.#highest = task;
    return this.#owner;
  }

  /** Whether an owner is this claimant, in whichever of its claims. */
  hasMade({ id }: Owner): boolean {
    return id.startsWith(ownerPrefix(this.batch, this.#rank));
  }

  /** Creates a link with the record of the owner as one act; false if there is something already. @throws FILE_SYSTEM */
  sign(path: string): boolean {
    const made = this.#hasSpare ? linkAlike(this.#spare, path) : null;
    if (made === null && this.#hasSpare) this.#inVain = true;
    if (made !== false) this.rest();
    return made ?? createLink(path, ownerText(this.#owner));
  }

  /** Removes a link of a task's claims; `id` is that of its record. `keeps`: as a spare, if it can be one. @throws FILE_SYSTEM */
  withdraw(path: string, id: string, keeps: boolean): void {
    if (keeps && !this.#inVain && !this.#hasSpare && id === this.#owner.id) {
      this.#hasSpare = succeeds(() => moveFile(path, this.#spare));
      if (this.#hasSpare) return;
      this.#inVain = true;
    }
    removeFile(path);
  }

  /** Removes the spare. Throws nothing. */
  rest(): void {
    if (this.#hasSpare) succeeds(() => removeFile(this.#spare));
    this.#hasSpare = false;
  }
}
