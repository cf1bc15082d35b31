import { mergeConfig, type UserConfig } from "vitest/config";
import base from "./vitest.config.ts";

const config = base as UserConfig;

/** The tests under real MPI: one job at a time, since each has more ranks than most machines have cores. */
export default {
  ...mergeConfig(config, {}),
  test: {
    ...config.test,
    include: ["test/mpi/**/*.test.ts", "test/cluster/**/*.test.ts"],
    exclude: [],
    maxWorkers: 1,
  },
};
