/** Finding a Python that can run the original and mpi4py under the MPI of a setting. */
import { spawnSync } from "node:child_process";
import { mkdirSync, rmSync, symlinkSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { findMpi, launchLine, type MpiName } from "../test/mpi/launch.ts";
import { mpiLine, type Line, type Setting } from "./launch.ts";

const DRIVER = fileURLToPath(new URL("python/driver.py", import.meta.url));
const LINKS = fileURLToPath(new URL("../.cache/bench/lib", import.meta.url));

/** PSHMEM_PYTHON, or the usual ones. The second is the one for which distributions package mpi4py. */
const INTERPRETERS = process.env["PSHMEM_PYTHON"]
  ? [process.env["PSHMEM_PYTHON"]]
  : ["python3", "/usr/bin/python3"];

/** What `driver.py --probe` tells. */
interface Probe {
  readonly library: string;
  readonly mpi4py: string;
  readonly numpy: string;
  readonly original: string | null;
}

/** An interpreter that works with an MPI. */
export interface Python extends Probe {
  readonly interpreter: string;
  readonly env: Readonly<Record<string, string>>;
}

/** Local: an interpreter whose mpi4py uses this MPI; else why there is none. */
export function findPython(mpi: MpiName): Python | string {
  const problems: string[] = [];
  for (const interpreter of INTERPRETERS) {
    for (const env of [{}, mpichAbi(mpi)].filter((one) => one !== null)) {
      const probe = probed(interpreter, mpi, env);
      if (typeof probe === "string") problems.push(`${interpreter}: ${probe}`);
      else if (probe.library.includes(mpi)) return { ...probe, interpreter, env };
      else problems.push(`${interpreter}: mpi4py uses ${probe.library}`);
    }
  }
  return `no Python with mpi4py for ${mpi} (${problems.join("; ")}); name one in PSHMEM_PYTHON`;
}

/** The wheels of mpi4py know both ABIs, but MPICH only by the name that its own installations give it; Debian's has another. */
function mpichAbi(mpi: MpiName): Readonly<Record<string, string>> | null {
  if (mpi !== "MPICH") return null;
  const known = spawnSync("ldconfig", ["-p"], { encoding: "utf8" }).stdout ?? "";
  const file = /libmpich\.so\.12 .*=> (.*)/.exec(known)?.[1];
  if (!file) return null;
  mkdirSync(LINKS, { recursive: true });
  rmSync(`${LINKS}/libmpi.so.12`, { force: true });
  symlinkSync(file, `${LINKS}/libmpi.so.12`);
  return { MPI4PY_MPIABI: "mpich", LD_LIBRARY_PATH: LINKS };
}

function probed(interpreter: string, name: MpiName, more: Readonly<Record<string, string>>): Probe | string {
  const mpi = findMpi(name);
  if (typeof mpi === "string") return mpi;
  const [command, ...args] = [...launchLine(mpi, 1), interpreter, DRIVER, "--probe"] as const;
  const { stdout, stderr, error } = spawnSync(command, args, {
    encoding: "utf8",
    timeout: 30_000,
    env: { ...process.env, ...more },
  });
  const line = (stdout ?? "").split("\n").find((text) => text.startsWith("{"));
  return line ? JSON.parse(line) : (error?.message ?? stderr.trim().split("\n").at(-1) ?? "");
}

/** Local: how the Python ranks of a setting are started. */
export function pythonLine(setting: Setting, { interpreter, env }: Python, folder: string): Line {
  const line = mpiLine(setting, setting.found!);
  return { command: [...line.command, interpreter, DRIVER, folder], env: { ...line.env, ...env } };
}
