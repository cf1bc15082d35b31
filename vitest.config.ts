import { defineConfig } from "vitest/config";
import Summary from "./test/summary.ts";

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    // These need MPI installed, and many minutes: see vitest.mpi.config.ts.
    exclude: ["test/mpi/**", "test/cluster/**"],
    // Workers and child processes load the built package; the tests must share those very modules.
    server: { deps: { external: [/\/dist\//] } },
    setupFiles: ["test/coverage.ts"],
    pool: "forks",
    maxWorkers: 2,
    reporters: ["default", new Summary()],
    testTimeout: 60_000,
    hookTimeout: 120_000,
  },
});
