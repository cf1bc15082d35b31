/** Memory that cannot be had. */
import { totalmem } from "node:os";
import { MPIShared } from "../../dist/index.js";
import { everywhere, onRanks, type Fault } from "../fault.ts";

/** Full memory. */
export const memoryFaults: readonly Fault[] = [
  {
    name: "an array of more bytes than there are",
    run: (comm) => new MPIShared([2 ** 52], "complex128", comm),
    expected: everywhere({ tells: "NO_MEMORY rank 0" }),
  },
  {
    name: "an array larger than the machine's memory",
    run: (comm) => new MPIShared([Math.floor((totalmem() * 1.25) / 8)], "float64", comm),
    expected: everywhere({ tells: "NO_MEMORY rank 0" }),
  },
  {
    name: "after that a small array can be had",
    run(comm) {
      try {
        return new MPIShared([2 ** 52], "complex128", comm);
      } catch {
        const shared = new MPIShared([1], "int8", comm);
        shared.set([7]);
        return shared.get(0);
      }
    },
    expected: everywhere({ tells: "7" }),
  },
  {
    name: "a /dev/shm of 64 MiB, and an array of 128 MiB",
    job: { before: "mount -t tmpfs -o size=64m tmpfs /dev/shm && export TMPDIR=/tmp || exit 99" },
    run(comm) {
      const shared = new MPIShared([2 ** 24], "float64", comm);
      shared.set(new Float64Array(2 ** 24).fill(2));
      return shared.get(2 ** 24 - 1);
    },
    expected: onRanks({ tells: "2" }),
  },
];
