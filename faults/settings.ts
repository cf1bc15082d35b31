/** Where faults happen: the backends. */
import type { MpiName } from "../test/mpi/launch.ts";

/** Ranks of a job; a job on the serial backend has one. */
export const RANKS = 3;

interface SettingFacts {
  readonly title: string;
  readonly mpi: MpiName | null;
  /** Options of the launcher. */
  readonly options: readonly string[];
}

/** All settings, in the order of the table. */
export const SETTINGS = {
  serial: { title: "serial", mpi: null, options: [] },
  threads: { title: "threads", mpi: null, options: [] },
  "threads-nodes": { title: "threads, 2 nodes", mpi: null, options: ["--nodes", "2"] },
  mpich: { title: "MPICH", mpi: "MPICH", options: [] },
  openmpi: { title: "Open MPI", mpi: "Open MPI", options: [] },
  "openmpi-recovery": {
    title: "Open MPI --enable-recovery",
    mpi: "Open MPI",
    options: ["--enable-recovery"],
  },
} as const satisfies Readonly<Record<string, SettingFacts>>;

/** The name of a setting. */
export type SettingName = keyof typeof SETTINGS;

/** All names. */
export const ALL_SETTINGS = Object.keys(SETTINGS) as SettingName[];

/** Local: how many ranks a job has. */
export function ranksOf(setting: SettingName): number {
  return setting === "serial" ? 1 : RANKS;
}
