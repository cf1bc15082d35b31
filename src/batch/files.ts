/** The few file operations of the batch. All are local and blocking; each turns a failure into FILE_SYSTEM with the path. */
import {
  existsSync,
  linkSync,
  mkdirSync,
  readFileSync,
  renameSync,
  statSync,
  unlinkSync,
  writeFileSync,
} from "node:fs";
import { PshmemError } from "../errors.ts";

/** The text of a file, or null if there is none. @throws FILE_SYSTEM */
export function readText(path: string): string | null {
  // Asking first spares the exception, which costs more than the call.
  return existsSync(path) ? attempt("read", path, () => readFileSync(path, "utf8"), "ENOENT") : null;
}

/** Creates a directory and those above it. @throws FILE_SYSTEM */
export function makeDirectory(path: string): void {
  attempt("create", path, () => mkdirSync(path, { recursive: true }));
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
      statSync(temporary).nlink === 2;
    removeFile(temporary);
    return made;
  });
}

/** Removes a file; nothing happens if there is none. @throws FILE_SYSTEM */
export function removeFile(path: string): void {
  attempt("remove", path, () => unlinkSync(path), "ENOENT");
}

/** The system's code in an error, such as "ENOENT". Local. */
export function errorCode(error: unknown): unknown {
  return error instanceof Error && "code" in error ? error.code : undefined;
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

/** What `act` returns; null if it fails with the code that is `expected`. */
function attempt<T>(verb: string, path: string, act: () => T, expected?: string): T | null {
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
