/** A barrier: what everything else is made of. */
import type { Case } from "../case.ts";
import { inC } from "../references.ts";
import { together } from "../timing.ts";

export const barrier: Case = {
  id: "barrier",
  title: "barrier",
  unit: "time",
  sizeIs: "none",
  sizes: [0],
  settings: [
    "threads-2",
    "threads-4",
    "openmpi-2",
    "mpich-2",
    "openmpi-4",
    "mpich-4",
    "mpich-nodes",
    "openmpi-cluster",
    "mpich-cluster",
  ],
  value: "each",
  ours: ({ comm }) => together(comm, () => comm.barrier()),
  references: [
    {
      name: "C: MPI_Barrier",
      where: "rank",
      make: inC("barrier"),
      settings: [
        "openmpi-2",
        "mpich-2",
        "openmpi-4",
        "mpich-4",
        "mpich-nodes",
        "openmpi-cluster",
        "mpich-cluster",
      ],
    },
  ],
};
