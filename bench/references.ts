/** References in C: built here, loaded into the ranks, run in turns with ours in the same processes. */
import { spawnSync } from "node:child_process";
import { mkdirSync, readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import koffi from "koffi";
import type { Maker } from "./case.ts";
import type { MpiName } from "../test/mpi/launch.ts";

/** Tells ranks which library of references to load. */
const VARIABLE = "PSHMEM_BENCH_REFERENCES";

const SOURCES = fileURLToPath(new URL("c/", import.meta.url));
const BUILT = fileURLToPath(new URL("../.cache/bench/", import.meta.url));

/** Compilers by what they link with; a plain `mpicc` is asked whose it is. */
const COMPILERS: Readonly<Record<MpiName | "none", readonly string[]>> = {
  MPICH: ["mpicc.mpich", "mpicc"],
  "Open MPI": ["mpicc.openmpi", "mpicc"],
  none: ["cc", "gcc", "clang"],
};

const SHOWS: Readonly<Record<MpiName | "none", RegExp>> = {
  MPICH: /mpich|lmpi/,
  "Open MPI": /open-?mpi/,
  none: /./,
};

/** The environment in which ranks find the references, and the library's file. */
export interface BuiltReferences {
  readonly env: Readonly<Record<string, string>>;
  readonly path: string;
}

/** Local: builds the references for one MPI, or those without any; else why they cannot be had. */
export function buildReferences(mpi: MpiName | null): BuiltReferences | string {
  const name = mpi ?? "none";
  const compiler = COMPILERS[name].find((command) => {
    const { stdout, status } = spawnSync(command, [mpi ? "-show" : "--version"], { encoding: "utf8" });
    return status === 0 && SHOWS[name].test(stdout);
  });
  if (!compiler) return `no compiler: ${COMPILERS[name].join(", ")}`;
  mkdirSync(BUILT, { recursive: true });
  const path = `${BUILT}references-${name.replaceAll(" ", "").toLowerCase()}.so`;
  const folders = mpi ? ["mpi", "posix"] : ["posix"];
  const sources = folders.flatMap((folder) =>
    readdirSync(SOURCES + folder).map((file) => `${SOURCES}${folder}/${file}`),
  );
  const args = ["-O3", "-fPIC", "-shared", "-pthread", "-o", path, ...sources];
  const { status, stderr } = spawnSync(compiler, args, { encoding: "utf8" });
  return status === 0 ? { path, env: { [VARIABLE]: path } } : `${compiler}: ${stderr.trim()}`;
}

/** A function of the references in C. */
export function referenceFunction(
  name: string,
  result: string,
  args: string[],
): (...args: unknown[]) => number {
  const path = process.env[VARIABLE];
  if (!path) throw new Error("the references in C were not built");
  return koffi.load(path).func(name, result, args);
}

/** The maker of a side in C: see `c/side.h`. It must run after `world()` has started MPI. */
export function inC(name: string): Maker {
  return ({ comm, folder }, size) => {
    const open = referenceFunction(`${name}_open`, "int", ["size_t", "str", "int", "int"]);
    const turn = referenceFunction(`${name}_turn`, "double", ["int"]);
    const close = referenceFunction(`${name}_close`, "void", []);
    const problem = open(size, folder, comm.rank, comm.size);
    if (problem !== 0) throw new Error(`${name}_open: problem ${problem}`);
    return { turn: (ops) => turn(ops), close: () => void close() };
  };
}
