/** `pshmem info`: what this installation and this machine offer. */
import { readFileSync } from "node:fs";
import { availableParallelism, totalmem } from "node:os";
import { parseArgs } from "node:util";
import { guardWanted } from "../native/guard.ts";
import { availableBytes } from "../node/available.ts";
import { findTsx, nativeTypeScript } from "../threads/program.ts";
import { readOptions } from "./arguments.ts";
import { HELP } from "./help.ts";
import type { MpiFacts, MpiProblem, Row } from "./info-mpi.ts";

/** What `pshmem info --json` prints. */
export interface Info {
  readonly version: string;
  readonly node: string;
  readonly v8: string;
  readonly platform: string;
  readonly arch: string;
  readonly cores: number;
  readonly memoryBytes: number;
  /** What a program could have now: the least of what the machine, control groups and `ulimit -v` leave. */
  readonly availableBytes: number;
  /** Whether `PSHMEM_GUARD` asks for arrays that cannot be written but through `set` and the like. */
  readonly guard: boolean;
  /** Each backend with what there is to say about it. */
  readonly backends: Readonly<Record<"serial" | "threads" | "mpi", string>>;
  /** The MPI in use, or the one that would be. */
  readonly mpi: MpiFacts | MpiProblem;
  readonly typescript: string;
  /** The variables of this environment that MPI launchers set. */
  readonly launcher: Readonly<Record<string, string>>;
}

/** What `mpirun`, `mpiexec` and `srun` tell the processes they start. */
const LAUNCHER_VARIABLES = [
  "MPI_DISABLE",
  "OMPI_COMM_WORLD_RANK",
  "OMPI_COMM_WORLD_SIZE",
  "MPI_LOCALNRANKS",
  "PMI_RANK",
  "PMI_SIZE",
  "PMIX_RANK",
  "SLURM_PROCID",
  "SLURM_NTASKS",
  "MV2_COMM_WORLD_RANK",
  "MV2_COMM_WORLD_SIZE",
];

const INFO_OPTIONS = { json: { type: "boolean" }, help: { type: "boolean", short: "h" } } as const;

/** Local: the version in the package's own package.json. */
export function packageVersion(): string {
  const text = readFileSync(new URL("../../package.json", import.meta.url), "utf8");
  const description: { version: string } = JSON.parse(text);
  return description.version;
}

/**
 * Asynchronous: `pshmem info`; resolves with the exit code. Under an MPI launcher all ranks must run it, and the first one prints.
 *
 * @throws BAD_ARGUMENT an option is unknown
 */
export async function info(argv: readonly string[]): Promise<number> {
  const { values } = readOptions(() => parseArgs({ args: [...argv], options: INFO_OPTIONS }));
  if (values.help) {
    process.stdout.write(HELP.info.text);
    return 0;
  }
  const { mpiFacts, mpiRows } = await import("./info-mpi.ts");
  const facts = collect(mpiFacts(process.env));
  const isFirst = !("job" in facts.mpi) || facts.mpi.job?.rank === 0;
  if (isFirst) process.stdout.write(values.json ? toJson(facts) : toText(facts, mpiRows(facts.mpi)));
  return 0;
}

function collect(mpi: Info["mpi"]): Info {
  return {
    version: packageVersion(),
    node: process.versions.node,
    v8: process.versions.v8,
    platform: process.platform,
    arch: process.arch,
    cores: availableParallelism(),
    memoryBytes: totalmem(),
    availableBytes: availableBytes(),
    guard: guardWanted(process.env),
    backends: { serial: "always", threads: "pshmem run -n N program", mpi: "mpirun -n N node program.js" },
    mpi,
    typescript: typescript(),
    launcher: launcher(),
  };
}

function typescript(): string {
  const native = nativeTypeScript();
  const tsx = findTsx(process.cwd()).length > 0;
  if (native.types && native.using) {
    return tsx ? "native (tsx with --tsx)" : "native";
  }
  if (tsx) {
    return "through tsx";
  }
  return native.types ? "native, without `using` (install tsx for it)" : "no: install tsx";
}

function launcher(): Record<string, string> {
  return Object.fromEntries(
    LAUNCHER_VARIABLES.flatMap((name) => {
      const value = process.env[name];
      return value === undefined ? [] : [[name, value]];
    }),
  );
}

function toJson(facts: Info): string {
  return `${JSON.stringify(facts, null, 2)}\n`;
}

function toText(facts: Info, mpi: readonly Row[]): string {
  const variables = Object.entries(facts.launcher).map(([name, value]) => `${name}=${value}`);
  const rows = [
    ["pshmem", facts.version],
    ["node", `${facts.node} (V8 ${facts.v8})`],
    ["platform", `${facts.platform} ${facts.arch}`],
    ["cores", String(facts.cores)],
    ["memory", `${gibibytes(facts.memoryBytes)}, ${gibibytes(facts.availableBytes)} available`],
    ["guard", facts.guard ? "read-only arrays (PSHMEM_GUARD=1)" : "off"],
    ...Object.entries(facts.backends).map(([name, state]) => [`backend ${name}`, state]),
    ...mpi,
    ["typescript", facts.typescript],
    ["launcher", variables.length === 0 ? "none seen" : variables.join(" ")],
  ] as const;
  return rows.map(([name, value]) => `${name.padEnd(16)} ${value}\n`).join("");
}

function gibibytes(bytes: number): string {
  return `${(bytes / 2 ** 30).toFixed(1)} GiB`;
}
