/** The MPI library in use, ready to be called. */
import type { AbiTable, Handle } from "./abi/types.ts";
import { bindCalls } from "./calls.ts";
import { checked, type CheckedCalls } from "./check.ts";
import { findLibrary } from "./find.ts";
import { identify, type Identity } from "./identify.ts";
import { native, type NativeLibrary } from "../native/native.ts";

/** A library that has been found, recognised and bound. */
export interface MpiLibrary extends Identity {
  readonly path: string;
  readonly abi: AbiTable;
  readonly calls: CheckedCalls;
}

/** Local. @throws BAD_LAUNCH */
export function openMpiLibrary(env: Readonly<Record<string, string | undefined>>): MpiLibrary {
  const { path, library } = findLibrary(env);
  return bound(path, library);
}

/** Local, on another thread: the library which this process has loaded from this path. @throws BAD_LAUNCH */
export function libraryAt(path: string): MpiLibrary {
  return bound(path, native().load(path, true));
}

function bound(path: string, library: NativeLibrary): MpiLibrary {
  const identity = identify(library, path);
  return { ...identity, path, calls: checked(bindCalls(library, identity.abi, path), identity.abi) };
}

/** A place for MPI to write a handle to, and to read it from. */
export class HandleCell {
  /** To be passed where C wants a pointer to a handle. */
  readonly pointer: Int32Array | BigInt64Array;

  constructor(abi: AbiTable) {
    this.pointer = abi.handleType === "int" ? new Int32Array(1) : new BigInt64Array(1);
    // Touching the buffer moves a small array out of the garbage collector's reach: MPI may keep the pointer.
    void this.pointer.buffer;
  }

  get value(): Handle {
    return Number(this.pointer[0]);
  }
}
