/** The last call of a job under MPI; see `itComesThrough`. */
import { describe } from "vitest";
import { itComesThrough, RANKS } from "../last-call/last-call.ts";
import { describeEachMpi, describeMpi, launchLine } from "./launch.ts";

describeEachMpi((mpi) => itComesThrough([...launchLine(mpi, RANKS), process.execPath]));

describeMpi("MPICH", (mpi) => {
  describe("on four nodes", () => {
    itComesThrough([...launchLine(mpi, RANKS), process.execPath], { MPIR_CVAR_NUM_CLIQUES: "4" });
  });
});
