/**
 * The one file that imports koffi: loading libraries, binding C functions, seeing native memory. Everything else uses the small
 * interface below, so that another foreign-function module could take koffi's place.
 */
import { createRequire } from "node:module";
import { PshmemError } from "../errors.ts";

/** A C function after binding. */
export type NativeFunction = (...args: readonly unknown[]) => number;

/** The same, run by a thread of Node's pool. Memory that is passed must stay where it is until the promise resolves. */
export type NativeTask = (...args: readonly unknown[]) => Promise<number>;

/** A loaded library. */
export interface NativeLibrary {
  /** Binds a C function. Types: `int`, `intptr_t`, `int64_t`, `size_t`, `str`, and `void *` for typed arrays and null. */
  bind(name: string, result: string, args: readonly string[]): NativeFunction;
  /** Binds it as a task. */
  bindTask(name: string, result: string, args: readonly string[]): NativeTask;
  /** The address of an exported variable; null if there is none of this name. */
  address(name: string): number | null;
  /** Whether it exports a function of this name. */
  has(name: string): boolean;
}

/** What this package needs of a foreign-function module. */
export interface Native {
  /** `null`: the running program itself, which has libc in it. `global` makes its symbols visible to what it loads later. */
  load(path: string | null, global: boolean): NativeLibrary;
  /** Whether so much memory can be seen in one piece. @throws UNSUPPORTED */
  checkView(bytes: number): void;
  /** Memory at an address as an ArrayBuffer, no copy; it must stay mapped as long as the buffer lives. */
  view(address: number, bytes: number): ArrayBuffer;
  /** The C library's `errno` after the last call. */
  errno(): number;
  readonly version: string;
}

/** The part of koffi in use; its own types speak of `any` throughout. */
interface Koffi {
  readonly version: string;
  load(path: string | null, options: { global: boolean }): KoffiLibrary;
  view(address: bigint, bytes: number): ArrayBuffer;
  address(symbol: unknown): bigint;
  errno(): number;
}

interface KoffiLibrary {
  func(name: string, result: string, args: readonly string[]): KoffiFunction;
  symbol(name: string, type: string): unknown;
}

type KoffiFunction = NativeFunction & { async(...args: readonly unknown[]): void };

/** The largest ArrayBuffer over native memory before Node 22: a larger one ends the process. */
const LARGEST_VIEW_NODE_20 = 2 ** 32;

let loaded: Native | undefined;

/** Local: koffi, loaded at the first use. @throws BAD_LAUNCH when it cannot be loaded */
export function native(): Native {
  loaded ??= wrap(requireKoffi());
  return loaded;
}

function requireKoffi(): Koffi {
  // Beside this package, or beside the program that uses it.
  const places = [
    import.meta.url,
    ...[process.argv[1], `${process.cwd()}/index.js`].filter((path) => path !== undefined),
  ];
  const failures: string[] = [];
  for (const place of places) {
    try {
      return createRequire(place)("koffi") as Koffi;
    } catch (error) {
      failures.push((error as Error).message.split("\n")[0]);
    }
  }
  const text = `native memory and MPI are reached through koffi, which cannot be loaded (${failures[0]}); install it: npm install koffi`;
  throw new PshmemError("BAD_LAUNCH", text, { expected: "koffi", actual: failures });
}

function wrap(koffi: Koffi): Native {
  return {
    version: koffi.version,
    load: (path, global) => wrapLibrary(koffi, koffi.load(path, { global })),
    errno: () => koffi.errno(),
    view: (address, bytes) => koffi.view(BigInt(address), bytes),
    checkView(bytes) {
      if (bytes <= LARGEST_VIEW_NODE_20 || Number(process.versions.node.split(".")[0]) >= 22) return;
      const text = `${bytes} bytes in one array are more than Node 20 can see of native memory; use Node 22 or later`;
      throw new PshmemError("UNSUPPORTED", text, { bytes, available: LARGEST_VIEW_NODE_20 });
    },
  };
}

function wrapLibrary(koffi: Koffi, library: KoffiLibrary): NativeLibrary {
  const symbol = (name: string) => {
    try {
      return library.symbol(name, "int");
    } catch {
      return null;
    }
  };
  return {
    bind: (name, result, args) => library.func(name, result, args),
    bindTask(name, result, args) {
      const call = library.func(name, result, args);
      return (...values) =>
        new Promise((resolve, reject) => {
          call.async(...values, (error: unknown, value: number) => (error ? reject(error) : resolve(value)));
        });
    },
    has: (name) => symbol(name) !== null,
    address(name) {
      const found = symbol(name);
      return found === null ? null : Number(koffi.address(found));
    },
  };
}
