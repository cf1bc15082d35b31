import { defineConfig } from "vitest/config";
import Summary from "./test/summary.ts";

/** The tests under real MPI: they need it installed, and say so where it is not. */
const MPI = ["test/mpi/**/*.test.ts", "test/cluster/**/*.test.ts"];

export default defineConfig({
  test: {
    // Workers and child processes load the built package; the tests must share those very modules.
    server: { deps: { external: [/\/dist\//] } },
    setupFiles: ["test/coverage.ts"],
    pool: "forks",
    reporters: ["default", new Summary()],
    testTimeout: 60_000,
    hookTimeout: 120_000,
    projects: [
      {
        extends: true,
        test: { name: "node", include: ["test/**/*.test.ts"], exclude: MPI, maxWorkers: 2 },
      },
      {
        extends: true,
        // One job at a time, after all others: each has more ranks than most machines have cores.
        test: {
          name: "mpi",
          include: MPI,
          maxWorkers: 1,
          sequence: { groupOrder: 1 },
          // What runs here need not be measured: coverage counts what a machine without MPI runs too.
          env: { NODE_V8_COVERAGE: "" },
        },
      },
    ],
  },
});
