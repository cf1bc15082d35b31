/**
 * The state file of a task in hand. It says RUNNING for one task as for the next: so when a task ends its file is kept aside
 * and moved to the task that is taken next. That is one act, of a file that is whole, where a new one costs an inode and a block.
 *
 * A file is never two tasks' at once, so that who writes into it, as people do, changes one state. What somebody wrote into it
 * makes it of no use; so does whatever else fails.
 */
import { linkAlike, moveFile, readText, removeFile, succeeds } from "./files.ts";

/** One rank's state file of a task in hand. All members are local and blocking, and throw nothing. */
export class RunningFile {
  readonly #spare: string;
  readonly #text: string;
  /** The state file that this rank has written last for a task in hand. */
  #shown: string | null = null;
  #hasSpare = false;

  /** `spare` is the path for the file between two tasks; `text` is what is in it. */
  constructor(spare: string, text: string) {
    this.#spare = spare;
    this.#text = text;
  }

  /** Puts the file in the place of a state file; false if there is none, and another has to be written. */
  show(path: string): boolean {
    this.#shown = path;
    if (!this.#hasSpare) return false;
    let isWhole = false;
    const moved = succeeds(() => {
      isWhole = readText(this.#spare) === this.#text;
      if (isWhole) moveFile(this.#spare, path);
    });
    if (moved && isWhole) this.#hasSpare = false;
    else this.rest();
    return moved && isWhole;
  }

  /** Keeps a state file that `replace` is about to replace, if it is the one of the task in hand. @throws what `replace` throws */
  keep(path: string, replace: () => void): void {
    if (path === this.#shown) {
      this.#shown = null;
      this.#hasSpare = linkAlike(path, this.#spare) === true;
    }
    try {
      replace();
    } catch (error) {
      // It is the task's still.
      this.rest();
      throw error;
    }
  }

  /** Removes the file, if no task has it. */
  rest(): void {
    if (this.#hasSpare) succeeds(() => removeFile(this.#spare));
    this.#hasSpare = false;
  }
}
