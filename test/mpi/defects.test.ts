/** The defects of the Python original under MPI: for each that can show there a test named after it. */
import { describeFaults } from "../faults.ts";

describeFaults(["mpich", "openmpi"], (family) => family === "Defects of the Python original");
