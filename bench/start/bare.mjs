/** As ours.mjs, with the least that a program in JavaScript can do under MPI: koffi, MPI_Init, MPI_Barrier. Arguments: which MPI; a module to import first, if any. */
import koffi from "koffi";

/** The first of these libraries that is there. */
function first([name, ...others]) {
  try {
    return koffi.load(name);
  } catch (error) {
    if (others.length === 0) throw error;
    return first(others);
  }
}

/** In Open MPI a communicator is an address, and that of the world has the number 0 in Fortran; in MPICH it is a number. */
const WORLDS = {
  "Open MPI": () => {
    const library = first(["libmpi.so.40", "libmpi.so.80"]);
    const toC = library.func("MPI_Comm_f2c", "void *", ["int"]);
    return { library, type: "void *", world: () => toC(0), rank: process.env.OMPI_COMM_WORLD_RANK };
  },
  MPICH: () => {
    const library = first(["libmpich.so.12", "libmpi.so.12"]);
    return { library, type: "int", world: () => 0x44000000, rank: process.env.PMI_RANK };
  },
};

// Else it crashes now and then, as ours would; see docs/known-issues.md.
process.env.UCX_MEM_EVENTS ??= "no";
if (process.argv[3]) await import(process.argv[3]);
const { library, type, world, rank } = WORLDS[process.argv[2]]();
library.func("MPI_Init", "int", ["void *", "void *"])(null, null);
library.func("MPI_Barrier", "int", [type])(world());
const now = Date.now();
if (rank === "0") console.log(`through ${now}`);
library.func("MPI_Finalize", "int", [])();
