/** What the environment asks of windows and progress; every rank of a job must be asked the same. */
import { PshmemError } from "../errors.ts";
import { ranksText } from "../node/ranks-text.ts";
import type { MpiWorld } from "./job.ts";

/** The wishes; null where there is none. */
export interface MpiOptions {
  readonly windows: "rma" | "messages" | null;
  readonly progress: "thread" | null;
}

const WINDOWS = ["rma", "messages"] as const;
const PROGRESS = ["thread"] as const;

/** Room for a value in an error: 64 bytes, where longer ones are cut. */
const TEXT_WORDS = 16;

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
    windows: agreed(world, env, "PSHMEM_WINDOWS", WINDOWS, windows),
    progress: agreed(world, env, "PSHMEM_PROGRESS", PROGRESS, progress),
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

/** Collective. @throws BAD_LAUNCH */
function agreed<T extends string>(
  world: MpiWorld,
  env: Environment,
  name: string,
  known: readonly T[],
  codes: readonly number[],
): T | null {
  if (codes.every((other) => other === codes[0] && other >= 0)) return known[codes[0] - 1] ?? null;
  // All ranks come here, for all have the same codes.
  const values = allTexts(world, env[name] ? JSON.stringify(env[name]) : "unset");
  const found = [...new Set(values)].map((value) => `${value} on ${whose(values, value)}`);
  const text = `${name} is ${found.join(", ")}; it must be ${known.join(" or ")}, or unset, and the same on all ranks`;
  throw new PshmemError("BAD_LAUNCH", text, { expected: known, actual: values });
}

function whose(values: readonly string[], value: string): string {
  const ranks = values.flatMap((other, rank) => (other === value ? [rank] : []));
  return ranks.length === values.length && ranks.length > 1 ? "all ranks" : ranksText(ranks);
}

/** Collective: a short text of each rank, in rank order. */
function allTexts(world: MpiWorld, own: string): string[] {
  const bytes = new Uint8Array(TEXT_WORDS * Int32Array.BYTES_PER_ELEMENT);
  new TextEncoder().encodeInto(own, bytes);
  const all = world.allgather(Array.from(new Int32Array(bytes.buffer)));
  return Array.from({ length: all.length / TEXT_WORDS }, (_, rank) => {
    const words = all.slice(rank * TEXT_WORDS, (rank + 1) * TEXT_WORDS);
    return new TextDecoder().decode(words).split("\0", 1)[0];
  });
}
