/**
 * `npm run soak -- --minutes 60 --backend mpich|openmpi|threads [-n 2] [--nodes 2]`: a long job that makes, uses and closes everything
 * there is, and measures what its ranks use. Ends with code 0 if all of it stayed flat. `--nodes` needs MPICH or threads.
 */
import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { findMpi, launchLine, TYPESCRIPT, type MpiName } from "../test/mpi/launch.ts";

const MAIN = fileURLToPath(new URL("../dist/cli/main.js", import.meta.url));
const PROGRAM = fileURLToPath(new URL("./rank.ts", import.meta.url));

/** What a job may take beyond its minutes (ms) before it counts as hung. */
const SLACK_MS = 120_000;

const MPIS: Readonly<Record<string, MpiName>> = { mpich: "MPICH", openmpi: "Open MPI" };

const { values } = parseArgs({
  options: {
    minutes: { type: "string", default: "60" },
    backend: { type: "string", default: "threads" },
    ranks: { type: "string", short: "n", default: "2" },
    nodes: { type: "string", default: "1" },
  },
});

function lineOf(backend: string, ranks: string, nodes: string): readonly string[] {
  if (backend === "threads") return [process.execPath, MAIN, "run", "-n", ranks, "--nodes", nodes];
  const name = MPIS[backend];
  if (!name) throw new Error(`no backend ${backend}: give threads, mpich or openmpi`);
  const mpi = findMpi(name);
  if (typeof mpi === "string") throw new Error(mpi);
  return [...launchLine(mpi, Number(ranks)), ...TYPESCRIPT];
}

const { minutes, backend, ranks, nodes } = values;
const [command, ...args] = [...lineOf(backend, ranks, nodes), PROGRAM, minutes];
const env = { ...process.env, ...(nodes === "1" ? {} : { MPIR_CVAR_NUM_CLIQUES: nodes }) };
const child = spawn(command, args, { env, stdio: ["ignore", "inherit", "inherit"] });
const limit = setTimeout(
  () => {
    console.error(`the soak hangs: it is not over after ${minutes} minutes and ${SLACK_MS / 1000} seconds`);
    child.kill("SIGTERM");
    process.exitCode = 1;
  },
  Number(minutes) * 60_000 + SLACK_MS,
);
child.on("close", (code) => {
  clearTimeout(limit);
  process.exitCode ||= code ?? 1;
});
