/** A barrier: what everything else is made of. */
import type { Case } from "../case.ts";
import { inC } from "../references.ts";
import { SETTINGS, type SettingName } from "../settings.ts";
import { together } from "../timing.ts";

const ALL = Object.keys(SETTINGS) as SettingName[];

export const barrier: Case = {
  id: "barrier",
  title: "barrier",
  unit: "time",
  sizeIs: "none",
  sizes: [0],
  settings: ALL,
  value: "each",
  ours: ({ comm }) => together(comm, () => comm.barrier()),
  references: [
    {
      name: "C: MPI_Barrier",
      where: "rank",
      make: inC("barrier"),
      settings: ALL.filter((name) => !name.startsWith("threads")),
    },
  ],
};
