/** Where benchmarks run: a backend, a number of ranks, and their nodes. */
import type { MpiName } from "../test/mpi/launch.ts";

/** All settings, in the order of the table. */
export const SETTINGS = {
  "threads-1": { title: "threads, 1 rank", ranks: 1, mpi: null, nodes: "one" },
  "threads-2": { title: "threads, 2 ranks", ranks: 2, mpi: null, nodes: "one" },
  "threads-3": { title: "threads, 3 ranks", ranks: 3, mpi: null, nodes: "one" },
  "threads-4": { title: "threads, 4 ranks", ranks: 4, mpi: null, nodes: "one" },
  "threads-8": { title: "threads, 8 ranks", ranks: 8, mpi: null, nodes: "one" },
  "openmpi-1": { title: "Open MPI, 1 rank", ranks: 1, mpi: "Open MPI", nodes: "one" },
  "openmpi-2": { title: "Open MPI, 2 ranks", ranks: 2, mpi: "Open MPI", nodes: "one" },
  "mpich-1": { title: "MPICH, 1 rank", ranks: 1, mpi: "MPICH", nodes: "one" },
  "mpich-2": { title: "MPICH, 2 ranks", ranks: 2, mpi: "MPICH", nodes: "one" },
  "openmpi-3": { title: "Open MPI, 3 ranks", ranks: 3, mpi: "Open MPI", nodes: "one" },
  "openmpi-4": { title: "Open MPI, 4 ranks", ranks: 4, mpi: "Open MPI", nodes: "one" },
  "mpich-3": { title: "MPICH, 3 ranks", ranks: 3, mpi: "MPICH", nodes: "one" },
  "mpich-4": { title: "MPICH, 4 ranks", ranks: 4, mpi: "MPICH", nodes: "one" },
  "mpich-nodes": {
    title: "MPICH, 2 simulated nodes, 1 + 1 ranks",
    ranks: 2,
    mpi: "MPICH",
    nodes: "simulated",
  },
  "openmpi-cluster": {
    title: "Open MPI, 2 namespaces, 1 + 1 ranks",
    ranks: 2,
    mpi: "Open MPI",
    nodes: "cluster",
  },
  "mpich-cluster": { title: "MPICH, 2 namespaces, 1 + 1 ranks", ranks: 2, mpi: "MPICH", nodes: "cluster" },
} as const satisfies Readonly<Record<string, SettingFacts>>;

/** The name of a setting. */
export type SettingName = keyof typeof SETTINGS;

/** One node, ranks from one on: for costs over ranks. */
export const ONE_NODE_SETTINGS = (Object.keys(SETTINGS) as SettingName[]).filter(
  (name) => SETTINGS[name].nodes === "one",
);

/** What is known of a setting before it is looked for. */
export interface SettingFacts {
  readonly title: string;
  readonly ranks: number;
  readonly mpi: MpiName | null;
  readonly nodes: "one" | "simulated" | "cluster";
}
