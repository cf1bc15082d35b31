/** `pshmem info` and `pshmem selftest` under launchers. */
import { expect, it } from "vitest";
import { JOB_MS, runJob } from "../job.ts";
import { describeEachMpi, describeMpi, launchLine } from "./launch.ts";

const cli = new URL("../../dist/cli/main.js", import.meta.url).pathname;
/** What npx does: Node closes descriptors in what it starts, MPICH's socket among them. */
const BETWEEN = `
  const { status } = require("node:child_process").spawnSync(process.execPath, process.argv.slice(1), { stdio: "inherit" });
  process.exit(status ?? 1);`;

const env = { PSHMEM_MPI_LIBRARY: undefined, MPI_DISABLE: undefined };

describeEachMpi((mpi) => {
  const under = (ranks: number, args: readonly string[], more: Record<string, string> = {}) => {
    const [command, ...options] = launchLine(mpi, ranks);
    return runJob(command, [...options, process.execPath, cli, ...args], {
      env: { ...env, ...more },
      jobMs: JOB_MS,
    });
  };

  it("info tells once which MPI is in use", async () => {
    const { code, stdout } = await under(3, ["info"]);
    expect(code).toBe(0);
    expect(stdout.match(/^pshmem /gm)).toHaveLength(1);
    expect(stdout).toMatch(
      new RegExp(`^mpi library +${mpi.name} \\d+\\.\\d+\\S* \\(.*libmpi.*\\), \\w+ ABI$`, "m"),
    );
    expect(stdout).toMatch(/^mpi threads +(funneled|serialized|multiple)$/m);
    expect(stdout).toMatch(/^mpi ranks +3 on 1 node: 0 1 2$/m);
    expect(stdout).toMatch(/^mpi windows +memory: /m);
    expect(stdout).toMatch(/^mpi memory +(memfd|named): /m);
  });

  it("info is silent about MPI's ranks where MPI is disabled", async () => {
    const { code, stdout } = await under(1, ["info", "--json"], { MPI_DISABLE: "1" });
    expect(code).toBe(0);
    expect(JSON.parse(stdout).mpi).not.toHaveProperty("job");
  });

  it("a process between the launcher and each rank does no harm", async () => {
    const [command, ...options] = launchLine(mpi, 2);
    const { code, stdout, output } = await runJob(
      command,
      [...options, process.execPath, "-e", BETWEEN, cli, "info"],
      { env },
    );
    expect(code, output).toBe(0);
    expect(stdout).toMatch(/^mpi ranks +2 on 1 node: 0 1$/m);
  });

  it("the self-test passes on 4 ranks", async () => {
    const { code, stdout, output } = await under(4, ["selftest"], { PSHMEM_TEST_LARGE: "" });
    expect(code, output).toBe(0);
    expect(stdout).toMatch(/^\d+ passed, 0 failed, 1 skipped$/m);
    expect(stdout).not.toMatch(/^not ok/m);
  });
});

describeMpi("MPICH", (mpi) => {
  it("info tells how the ranks lie on nodes", async () => {
    const [command, ...options] = launchLine(mpi, 4);
    const { stdout } = await runJob(command, [...options, process.execPath, cli, "info", "--json"], {
      env: { ...env, MPIR_CVAR_NUM_CLIQUES: "2" },
    });
    expect(JSON.parse(stdout).mpi.job).toMatchObject({
      size: 4,
      nodes: [
        [0, 2],
        [1, 3],
      ],
    });
  });
});

it("info tells without a launcher which library would be used, or where it was looked for", async () => {
  const named = { ...env, PSHMEM_MPI_LIBRARY: "/nowhere/libmpi.so" };
  const { code, stdout } = await runJob(process.execPath, [cli, "info", "--json"], { env: named });
  expect(code).toBe(0);
  const { mpi } = JSON.parse(stdout);
  expect(mpi.problem).toContain("/nowhere/libmpi.so: ");
  expect(mpi.candidates[0]).toBe("/nowhere/libmpi.so");
});
