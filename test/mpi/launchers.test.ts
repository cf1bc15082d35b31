/** A world is found or refused, with what was tried and what to do: never a copy of rank 0 for each process, never a hang. */
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { candidates } from "../../dist/mpi/find.js";
import { runJob } from "../job.ts";
import { whyNotIsolated } from "./isolated.ts";
import { ON_LINUX, cannotRun, describeEachMpi, describeMpi, launchLine, type MpiName } from "./launch.ts";

const program = new URL("./programs/where.mjs", import.meta.url).pathname;
const JOB_MS = 60_000;

/** What this test's own start may have put into the environment. */
const CLEAN = { MPI_DISABLE: undefined, PSHMEM_MPI_LIBRARY: undefined };

type Environment = Readonly<Record<string, string>>;

const serially = (env: Environment) =>
  runJob(process.execPath, [program], { env: { ...CLEAN, ...env }, jobMs: JOB_MS });

/** A library of each, by the name that a loader finds it under. */
const LIBRARY: Readonly<Record<MpiName, string>> = { MPICH: "libmpich.so.12", "Open MPI": "libmpi.so.40" };

describe("an environment that lies", () => {
  const lies: readonly { mpi: MpiName; env: Environment; says: string }[] = [
    { mpi: "Open MPI", env: { OMPI_COMM_WORLD_SIZE: "4" }, says: "OMPI_COMM_WORLD_SIZE=4" },
    {
      mpi: "Open MPI",
      env: { OMPI_COMM_WORLD_SIZE: "4", OMPI_COMM_WORLD_RANK: "1" },
      says: "OMPI_COMM_WORLD_SIZE=4",
    },
    { mpi: "MPICH", env: { PMI_SIZE: "4" }, says: "PMI_SIZE=4" },
    { mpi: "MPICH", env: { PMI_SIZE: "3", PMI_RANK: "2" }, says: "PMI_SIZE=3" },
  ];
  for (const { mpi, env, says } of lies) {
    describeMpi(mpi, () => {
      it(`${Object.entries(env).join(" ")} without a launcher is refused`, async () => {
        const { code, stderr, stdout } = await serially(env);
        expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
        expect(stderr).toContain("code: 'BAD_LAUNCH'");
        expect(stderr).toContain(`the launcher says ${says}, but ${mpi}`);
        expect(stderr).toContain("finds a world of 1");
      });
    });
  }
});

describeEachMpi((mpi) => {
  const under = (env: Environment) => {
    const [command, ...options] = launchLine(mpi, 3);
    return runJob(command, [...options, process.execPath, program], {
      env: { ...CLEAN, ...env },
      jobMs: JOB_MS,
    });
  };

  it("finds its world", async () => {
    const { code, stdout } = await under({});
    expect(code).toBe(0);
    expect(stdout.trim().split("\n").toSorted()).toEqual([0, 1, 2].map((rank) => `rank ${rank} of 3 on mpi`));
  });

  it("leaves each rank a world of its own with MPI_DISABLE", async () => {
    const { code, stdout } = await under({ MPI_DISABLE: "1" });
    expect(code).toBe(0);
    expect(stdout.trim().split("\n")).toEqual(Array.from({ length: 3 }, () => "rank 0 of 1 on serial"));
  });

  it("refuses a library that cannot be loaded, and tells which", async () => {
    const { code, stdout, stderr } = await under({ PSHMEM_MPI_LIBRARY: "/nowhere/libmpi.so" });
    expect(code).not.toBe(0);
    expect(stdout).not.toContain("rank");
    expect(stderr).toContain("code: 'BAD_LAUNCH'");
    expect(stderr).toContain("/nowhere/libmpi.so: ");
  });

  it.runIf(process.platform === "linux")("refuses a library that is none of MPI", async () => {
    const { code, stdout, stderr } = await under({ PSHMEM_MPI_LIBRARY: "libc.so.6" });
    expect(code).not.toBe(0);
    expect(stdout).not.toContain("rank");
    expect(stderr).toContain("code: 'BAD_LAUNCH'");
    expect(stderr).toContain("libc.so.6 is no MPI library that this package knows");
  });

  const other = mpi.name === "MPICH" ? "Open MPI" : "MPICH";
  describeMpi(other, () => {
    it.runIf(process.platform === "linux")(
      `its library is refused under ${mpi.name}'s launcher`,
      async () => {
        const { code, stdout, stderr } = await under({ PSHMEM_MPI_LIBRARY: LIBRARY[other] });
        expect(code).not.toBe(0);
        expect(stdout).not.toContain("rank");
        expect(stderr).toContain("code: 'BAD_LAUNCH'");
        expect(stderr).toMatch(
          new RegExp(`the launcher says \\w+=3, but ${other} \\S+ .* finds a world of 1`),
        );
      },
    );
  });
});

/** Runs its arguments where no MPI library can be loaded: an empty file lies over each. */
const WITHOUT_LIBRARIES = `
for library in $(ldconfig -p | sed -n 's/.*libmpi\\(ch\\|_abi\\)\\?\\.so.* => //p'); do
  mount --bind /dev/null "$(readlink -f "$library")" || exit 99
done
exec "$@"`;

const reason = whyNotIsolated();

if (reason) cannotRun("no MPI library", reason, ON_LINUX);
else
  it.each([{ PMI_SIZE: "2" }, { OMPI_COMM_WORLD_SIZE: "2" }])(
    "lists every library that was tried where none can be loaded: %o",
    async (env) => {
      const { code, stdout, stderr } = await runJob(
        "unshare",
        ["--mount", "sh", "-c", WITHOUT_LIBRARIES, "sh", process.execPath, program],
        { env: { ...CLEAN, ...env }, jobMs: JOB_MS },
      );
      expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
      expect(stderr).toContain("no MPI library could be loaded. Tried, in this order:");
      for (const path of candidates({ ...process.env, ...CLEAN, ...env }))
        expect(stderr).toContain(`\n  ${path}: `);
      expect(stderr).toContain("Install MPICH or Open MPI");
    },
  );

it("says what to install where koffi is missing", async () => {
  const folder = mkdtempSync(join(tmpdir(), "pshmem-without-koffi-"));
  const pkg = join(folder, "node_modules", "pshmem");
  mkdirSync(pkg, { recursive: true });
  for (const name of ["dist", "package.json"]) {
    cpSync(new URL(`../../${name}`, import.meta.url).pathname, join(pkg, name), { recursive: true });
  }
  const copy = join(folder, "where.mjs");
  cpSync(program, copy);
  writeFileSync(join(folder, "package.json"), "{}");
  const end = await runJob(process.execPath, [copy], {
    env: { ...CLEAN, PMI_SIZE: "2" },
    cwd: folder,
    jobMs: JOB_MS,
  });
  rmSync(folder, { recursive: true });
  expect(end.code).toBe(1);
  expect(end.stderr).toContain("code: 'BAD_LAUNCH'");
  expect(end.stderr).toContain("install it: npm install koffi");
});
