/** Memory that cannot be had. */
import { closeSync, openSync } from "node:fs";
import { totalmem } from "node:os";
import { MPIShared, type Communicator } from "../../dist/index.js";
import { everywhere, onRanks, type Ending, type Fault } from "../fault.ts";
import { outcomeOf } from "../telling.ts";

/** Local: all descriptors that this process may still have. */
function takeDescriptors(): number[] {
  const taken: number[] = [];
  for (;;) {
    try {
      taken.push(openSync("/dev/null", "r"));
    } catch {
      return taken;
    }
  }
}

/** Local: what comes of making something twice in a block by itself, and twice in a chunk of rank 2, which has lent none before. */
function makeTwice(comm: Communicator): string {
  const array = () => new MPIShared([100_000], "float64", comm).close();
  const turned = () => comm.split(0, -comm.rank).free();
  return [...new Set([array, array, turned, turned].map(outcomeOf))].join(", ");
}

const SCARCE: Ending = { tells: "NO_MEMORY rank 1; then returns" };

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
  {
    name: "no descriptors on rank 1 to map others' memory with: it goes on when there are some again",
    job: { under: ["prlimit", "--nofile=256"] },
    run(comm) {
      const taken = comm.rank === 1 ? takeDescriptors() : [];
      const scarce = makeTwice(comm);
      for (const descriptor of taken) closeSync(descriptor);
      return `${scarce}; then ${makeTwice(comm)}`;
    },
    expected: { mpich: SCARCE, openmpi: SCARCE },
  },
];
