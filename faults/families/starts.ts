/** Jobs that cannot begin: a launcher of another MPI, a library that is none, an environment that means nothing. */
import type { Ending, Expected, Fault } from "../fault.ts";

/** No rank gets as far as telling anything. */
function refused(
  name: string,
  env: Readonly<Record<string, string>>,
  says: readonly string[],
  expected: (ending: Ending) => Expected,
): Fault {
  return {
    name,
    job: { env },
    run: () => {},
    expected: expected({ tells: [null, null, null], exit: "not 0", says: ["BAD_LAUNCH", ...says] }),
  };
}

const serial = (ending: Ending): Expected => ({ serial: { ...ending, tells: [null], exit: 1 } });
const ranks = (ending: Ending): Expected => ({
  threads: ending,
  "threads-nodes": ending,
  mpich: ending,
  openmpi: ending,
});
const mpi = (ending: Ending): Expected => ({ mpich: ending, openmpi: ending });

/** Jobs that cannot begin. */
export const startFaults: readonly Fault[] = [
  refused("the environment of MPICH's launcher, without it", { PMI_SIZE: "3" }, ["PMI_SIZE=3"], serial),
  refused(
    "the environment of Open MPI's launcher, without it",
    { OMPI_COMM_WORLD_SIZE: "3" },
    ["OMPI_COMM_WORLD_SIZE=3"],
    serial,
  ),
  refused(
    "the launcher of the other MPI",
    { PSHMEM_MPI_LIBRARY: "libmpi.so.40" },
    ["finds a world of 1"],
    // A rank that its launcher kills does not get to the end of the other MPI.
    (ending) => ({ mpich: { ...ending, litter: "/ompi." } }),
  ),
  refused(
    "the launcher of the other MPI",
    { PSHMEM_MPI_LIBRARY: "libmpich.so.12" },
    ["finds a world of 1"],
    (ending) => ({ openmpi: ending }),
  ),
  refused(
    "a library that is not there",
    { PSHMEM_MPI_LIBRARY: "/nowhere/libmpi.so" },
    ["/nowhere/libmpi.so"],
    mpi,
  ),
  refused(
    "a library that is none of MPI",
    { PSHMEM_MPI_LIBRARY: "libc.so.6" },
    ["no MPI library that this package knows"],
    mpi,
  ),
  refused("an unknown kind of windows", { PSHMEM_WINDOWS: "glass" }, ["PSHMEM_WINDOWS"], mpi),
  refused(
    "a number of seconds that is none",
    { PSHMEM_STALL_SECONDS: "soon" },
    ["PSHMEM_STALL_SECONDS"],
    ranks,
  ),
];
