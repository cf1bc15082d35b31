/** The defects of the Python original that can show without MPI: for each a test named after it. */
import { describeFaults } from "../faults.ts";

describeFaults(
  ["serial", "threads", "threads-nodes"],
  (family) => family === "Defects of the Python original",
);
