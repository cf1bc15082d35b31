/** What the environment asks of windows and progress; every rank of a job must be asked the same. */
import { PshmemError } from "../errors.ts";
import type { MpiWorld } from "./job.ts";

/** The wishes; null where there is none. */
export interface MpiOptions {
  readonly windows: "rma" | "messages" | null;
  readonly progress: "thread" | null;
}

const WINDOWS = ["rma", "messages"] as const;
const PROGRESS = ["thread"] as const;

type Environment = Readonly<Record<string, string | undefined>>;

/** Collective. @throws BAD_LAUNCH on all ranks when a value is unknown or differs, UNSUPPORTED when MPI allows no helper thread */
export function mpiOptions(world: MpiWorld, env: Environment): MpiOptions {
  return {
    windows: choose(world, env, "PSHMEM_WINDOWS", WINDOWS),
    progress: chooseProgress(world, env),
  };
}

function chooseProgress(world: MpiWorld, env: Environment): "thread" | null {
  const progress = choose(world, env, "PSHMEM_PROGRESS", PROGRESS);
  const { abi, implementation, version } = world.library;
  const levels = Array.from(world.allgather([world.threadLevel]));
  if (!progress || levels.every((level) => level >= abi.THREAD_MULTIPLE)) return progress;
  const text =
    `PSHMEM_PROGRESS=thread needs an MPI that several threads may call at once (MPI_THREAD_MULTIPLE, ${abi.THREAD_MULTIPLE}); ` +
    `${implementation} ${version} gives level ${Math.min(...levels)}. Leave PSHMEM_PROGRESS unset, or use another MPI`;
  throw new PshmemError("UNSUPPORTED", text, { expected: abi.THREAD_MULTIPLE, actual: Math.min(...levels) });
}

/** The ranks compare numbers: 0 stands for no wish, −1 for an unknown one. */
function choose<T extends string>(
  world: MpiWorld,
  env: Environment,
  name: string,
  known: readonly T[],
): T | null {
  const value = env[name];
  const code = value ? (known as readonly string[]).indexOf(value) + 1 || -1 : 0;
  const codes = Array.from(world.allgather([code]));
  if (codes.every((other) => other === codes[0] && other >= 0)) return known[codes[0] - 1] ?? null;
  const values = codes.map((one) => (one < 0 ? "unknown" : (known[one - 1] ?? "unset")));
  const text =
    `${name} must be ${known.join(" or ")}, or unset, and the same on all ranks; it is ${values.join(", ")} on ranks 0 and up ` +
    `(here: ${value ?? "unset"})`;
  throw new PshmemError("BAD_LAUNCH", text, { expected: known, actual: values });
}
