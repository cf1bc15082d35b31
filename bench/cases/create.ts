/** Making arrays and closing them, and how many can be open. */
import { MPIShared } from "pshmem";
import type { Case } from "../case.ts";
import { together } from "../timing.ts";

const MIB = 1024 * 1024;
const SMALL = 8000;

/** An array made and closed at once. */
export const create: Case = {
  id: "create",
  title: "create + close",
  unit: "time",
  sizeIs: "bytes",
  sizes: [SMALL, 64 * MIB],
  settings: ["threads-2", "openmpi-2", "mpich-2"],
  value: "each",
  ours: ({ comm }, bytes) =>
    together(comm, () => new MPIShared([bytes / Float64Array.BYTES_PER_ELEMENT], "float64", comm).close()),
  references: [
    {
      name: "Python original",
      where: "python",
      make: "create",
      settings: ["openmpi-2", "mpich-2"],
      goal: (bytes) => (bytes === SMALL ? 10 : 3),
    },
  ],
};

/** What is to be reached, and a little more. */
const ENOUGH = 10_000;
const TRIED = 10_500;

/** Arrays open at once. */
export const openAtOnce: Case = {
  id: "open",
  title: "arrays open at once",
  unit: "arrays",
  sizeIs: "none",
  sizes: [0],
  settings: ["openmpi-2", "mpich-2"],
  value: "worst",
  once: 1,
  bound: { least: ENOUGH },
  ours: ({ comm }) => ({
    turn() {
      const open = Array.from({ length: TRIED }, () => new MPIShared([1], "float64", comm));
      for (const array of open) array.close();
      return open.length;
    },
  }),
  references: [{ name: "Python original", where: "python", make: "open_at_once" }],
};
