/** Very many objects: neither those that are open nor those that were use up numbers of MPI, descriptors or memory. */
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";
import { JOB_MS, runJob } from "../job.ts";
import {
  ON_LINUX,
  cannotRun,
  describeEachMpi,
  describeMpi,
  launchLine,
  TYPESCRIPT,
  type Mpi,
} from "./launch.ts";
import type { Cycled, Opened } from "./programs/many.ts";

const PROGRAM = fileURLToPath(new URL("programs/many.ts", import.meta.url));
const TIMEOUT = JOB_MS + 30_000;
/** What most systems allow a process, as a hard limit: Node raises a soft one. The ranks inherit it from the launcher. */
const WITH_USUAL_LIMIT = ["-c", 'ulimit -n 1024 && exec "$@"', "sh"];

const CYCLES = 100_000;
/**
 * On simulated nodes ranks spin within MPI; where other programs want the cores too, 100 000 cycles take longer than a
 * job may.
 */
const CYCLES_ACROSS = 20_000;

/** The last large block that was closed can keep its descriptor, and stay mapped, until the next is made or closed. */
const FEW = 2;
/** The JavaScript heap comes and goes by mappings of its own, less than a hundred; one of each large array would be a thousand. */
const MAPPINGS = 300;
/** KiB: on one node less than one for each cycle, with room for what the JavaScript heap keeps in reserve. */
const RESIDENT = 64 * 1024;
/** KiB: 20 bytes for each cycle on one node, 140 across nodes; an object takes several hundred. */
const HEAP = 2 * 1024;

async function run<T>(mpi: Mpi, args: readonly string[], env: Readonly<Record<string, string>>): Promise<T> {
  const [node, ...options] = TYPESCRIPT;
  const command = [...launchLine(mpi, 2), node, "--expose-gc", ...options, PROGRAM, ...args];
  const { code, stdout, output } = await runJob("sh", [...WITH_USUAL_LIMIT, ...command], {
    env: { PSHMEM_WINDOWS: "", PSHMEM_PROGRESS: "", ...env },
  });
  expect(code, output).toBe(0);
  return JSON.parse(stdout.split("\n").find((line) => line.startsWith("{"))!);
}

function testMany(mpi: Mpi, where: string, count: number, env: Readonly<Record<string, string>>): void {
  it(
    `${where}: 10 000 arrays, 1000 locks and 1000 batches are open at once`,
    { timeout: TIMEOUT },
    async () => {
      const { arrays, locks, batches } = await run<Opened>(mpi, ["open"], env);
      expect({ arrays, locks, batches }).toEqual({ arrays: 10_000, locks: 1000, batches: 1000 });
    },
  );

  it(`${where}: ${count} objects made and closed leave nothing behind`, { timeout: TIMEOUT }, async () => {
    const { cycles, before, after } = await run<Cycled>(mpi, ["cycles", String(count)], env);
    expect(cycles).toBe(count);
    expect(after.descriptors).toBeLessThanOrEqual(before.descriptors + FEW);
    expect(after.shared).toBeLessThanOrEqual(before.shared + FEW);
    expect(after.mappings).toBeLessThanOrEqual(before.mappings + MAPPINGS);
    expect(after.resident).toBeLessThanOrEqual(before.resident + RESIDENT);
    expect(after.heap).toBeLessThanOrEqual(before.heap + HEAP);
  });
}

if (process.platform === "linux") {
  describeEachMpi((mpi) => testMany(mpi, "one node", CYCLES, {}));
  describeMpi("MPICH", (mpi) => {
    for (const windows of ["rma", "messages"]) {
      const env = { MPIR_CVAR_NUM_CLIQUES: "2", PSHMEM_WINDOWS: windows };
      testMany(mpi, `two nodes, ${windows}`, CYCLES_ACROSS, env);
    }
  });
} else
  cannotRun(
    "many objects",
    "descriptors and mappings are counted in /proc: run the tests on Linux",
    ON_LINUX,
  );
