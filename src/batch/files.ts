/**
 * The few file operations of the batch. All are local and blocking; each turns a failure into FILE_SYSTEM with the path.
 *
 * What they do is complete for every process when they return, whatever becomes of the one that did it. None calls fsync(2): after a
 * crash of the machine a file may be as it was some seconds before, as the file system's own rules say.
 */
import {
  closeSync,
  linkSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  readSync,
  renameSync,
  statSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from "node:fs";
import { PshmemError } from "../errors.ts";

/** A state file is far shorter. */
const room = Buffer.alloc(64);

/** The text of a file, or null if there is none. @throws FILE_SYSTEM */
export function readText(path: string): string | null {
  return attempt("read", path, () => readShort(path) ?? readFileSync(path, "utf8"), "ENOENT");
}

/** Creates a directory and those above it. @throws FILE_SYSTEM */
export function makeDirectories(path: string): void {
  attempt("create", path, () => mkdirSync(path, { recursive: true }));
}

/** Creates a directory; nothing happens if it is there. @throws FILE_SYSTEM */
export function makeDirectory(path: string): void {
  attempt("create", path, () => mkdirSync(path), "EEXIST");
}

/** The names of what is in a directory. @throws FILE_SYSTEM */
export function namesIn(path: string): ReadonlySet<string> {
  return new Set(attempt("read", path, () => readdirSync(path)));
}

/**
 * Replaces a file as one act: a reader finds the old text or the new one. `unique` is a part of a file name that no other writer
 * uses. @throws FILE_SYSTEM
 */
export function replaceFile(path: string, text: string, unique: string): void {
  withTemporary(path, text, unique, (temporary) => {
    attempt("replace", path, () => renameSync(temporary, path));
  });
}

/**
 * Creates a file with its text as one act; false if it is there already. By link(2), which has one winner on NFS too, as open(2)
 * recommends. @throws FILE_SYSTEM
 */
export function createFile(path: string, text: string, unique: string): boolean {
  return withTemporary(path, text, unique, (temporary) => {
    // A server that lost its answer says EEXIST to its own winner; the number of links tells (open(2), under O_EXCL).
    const made =
      attempt("link", path, () => linkSync(temporary, path), "EEXIST") !== null ||
      attempt("read", temporary, () => statSync(temporary))!.nlink === 2;
    removeFile(temporary);
    return made;
  });
}

/** Creates a symbolic link with its text as one act; false if there is something already. @throws FILE_SYSTEM */
export function createLink(path: string, text: string): boolean {
  return attempt("create", path, () => symlinkSync(text, path), "EEXIST") !== null;
}

/** Gives a file, or a symbolic link, one more name as one act; false if that name is taken, null if it cannot be done. */
export function linkAlike(from: string, path: string): boolean | null {
  try {
    linkSync(from, path);
    return true;
  } catch (error) {
    return errorCode(error) === "EEXIST" ? false : null;
  }
}

/** The text of a symbolic link, "" of anything else, or null if there is nothing. @throws FILE_SYSTEM */
export function readLink(path: string): string | null {
  return attempt("read", path, () => linkText(path), "ENOENT");
}

/** Whether there is anything of this name. @throws FILE_SYSTEM */
export function isThere(path: string): boolean {
  // Makes no exception, which costs more than the call.
  return Boolean(attempt("read", path, () => lstatSync(path, { throwIfNoEntry: false })));
}

/** Moves a file, or a link, in the place of whatever is there. @throws FILE_SYSTEM */
export function moveFile(from: string, to: string): void {
  attempt("move", from, () => renameSync(from, to));
}

/** Removes a file; nothing happens if there is none. @throws FILE_SYSTEM */
export function removeFile(path: string): void {
  attempt("remove", path, () => unlinkSync(path), "ENOENT");
}

/** The system's code in an error, such as "ENOENT". Local. */
export function errorCode(error: unknown): unknown {
  return error instanceof Error && "code" in error ? error.code : undefined;
}

/** Local. Whether `act` comes to its end. For what may fail without harm. */
export function succeeds(act: () => void): boolean {
  try {
    act();
    return true;
  } catch {
    return false;
  }
}

function linkText(path: string): string {
  try {
    return readlinkSync(path);
  } catch (error) {
    if (errorCode(error) === "EINVAL") return "";
    throw error;
  }
}

/** The text of a short file, read at once; null of a longer one. */
function readShort(path: string): string | null {
  const file = openSync(path, "r");
  try {
    const bytes = readSync(file, room, 0, room.length, 0);
    return bytes < room.length ? room.toString("utf8", 0, bytes) : null;
  } finally {
    closeSync(file);
  }
}

function withTemporary<T>(path: string, text: string, unique: string, use: (temporary: string) => T): T {
  const temporary = `${path}.${unique}.temp`;
  try {
    attempt("write", temporary, () => writeFileSync(temporary, text, { flag: "wx" }));
    return use(temporary);
  } catch (error) {
    try {
      unlinkSync(temporary);
    } catch {
      // It was never made, or cannot be removed either: the first error says more.
    }
    throw error;
  }
}

/** Local. What `act` returns; null if it fails with the code that is `expected`. @throws FILE_SYSTEM what else `act` fails with */
export function attempt<T>(verb: string, path: string, act: () => T, expected?: string): T | null {
  try {
    return act();
  } catch (cause) {
    if (expected !== undefined && errorCode(cause) === expected) return null;
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new PshmemError(
      "FILE_SYSTEM",
      `cannot ${verb} ${path}: ${why}. Check the directory, its rights and its space`,
      {
        path,
        cause,
      },
    );
  }
}
