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
  const own = [
    codeOf(env["PSHMEM_WINDOWS"], WINDOWS),
    codeOf(env["PSHMEM_PROGRESS"], PROGRESS),
    world.threadLevel,
  ];
  const all = Array.from(world.allgather(own));
  const [windows, progress, levels] = own.map((_, word) => all.filter((__, i) => i % own.length === word));
  const options = {
    windows: agreed(env, "PSHMEM_WINDOWS", WINDOWS, windows),
    progress: agreed(env, "PSHMEM_PROGRESS", PROGRESS, progress),
  };
  if (options.progress) checkLevels(world, levels);
  return options;
}

/** The ranks compare numbers: 0 stands for no wish, −1 for an unknown one. */
function codeOf(value: string | undefined, known: readonly string[]): number {
  return value ? known.indexOf(value) + 1 || -1 : 0;
}

function checkLevels({ library }: MpiWorld, levels: readonly number[]): void {
  const { abi, implementation, version } = library;
  if (levels.every((level) => level >= abi.THREAD_MULTIPLE)) return;
  const text =
    `PSHMEM_PROGRESS=thread needs an MPI that several threads may call at once (MPI_THREAD_MULTIPLE, ${abi.THREAD_MULTIPLE}); ` +
    `${implementation} ${version} gives level ${Math.min(...levels)}. Leave PSHMEM_PROGRESS unset, or use another MPI`;
  throw new PshmemError("UNSUPPORTED", text, { expected: abi.THREAD_MULTIPLE, actual: Math.min(...levels) });
}

function agreed<T extends string>(
  env: Environment,
  name: string,
  known: readonly T[],
  codes: readonly number[],
): T | null {
  if (codes.every((other) => other === codes[0] && other >= 0)) return known[codes[0] - 1] ?? null;
  const values = codes.map((one) => (one < 0 ? "unknown" : (known[one - 1] ?? "unset")));
  const text =
    `${name} must be ${known.join(" or ")}, or unset, and the same on all ranks; it is ${values.join(", ")} on ranks 0 and up ` +
    `(here: ${env[name] ?? "unset"})`;
  throw new PshmemError("BAD_LAUNCH", text, { expected: known, actual: values });
}
