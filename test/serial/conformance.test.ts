import { describeConformance } from "../conformance/describe.ts";

// A program without a launcher; tsx where Node cannot read TypeScript itself, or not all of it.
const typescript = ["--import", "tsx"];

describeConformance("serial", [process.execPath, ...typescript]);
describeConformance("serial by MPI_DISABLE", [process.execPath, ...typescript], {
  env: { MPI_DISABLE: "1" },
});
if (process.platform === "linux") {
  describeConformance("serial, read-only arrays", [process.execPath, ...typescript], {
    env: { PSHMEM_GUARD: "1" },
  });
}
