/** A barrier: what everything else is made of. */
import type { Case } from "../case.ts";
import { inC } from "../references.ts";
import { bareBarriers } from "../rivals/bare-barrier.ts";
import { SETTINGS, type SettingName } from "../settings.ts";
import { together } from "../timing.ts";

/** A barrier that only looks needs a core for each rank. */
const WITH_CORES = ["threads-2", "openmpi-2", "mpich-2"] as const satisfies readonly SettingName[];

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
    // What agreement costs: ours says what each rank is about to do, and whether it fits together.
    {
      name: "bare barrier, which agrees on nothing",
      where: "rank",
      make: bareBarriers(1),
      settings: WITH_CORES,
    },
    {
      name: "two bare barriers: one more round trip",
      where: "rank",
      make: bareBarriers(2),
      settings: WITH_CORES,
    },
  ],
};
