/** The read-only guard: users' arrays are mapped so that a stray write ends the process at the instruction that does it. */
import { PshmemError } from "../errors.ts";
import { ProcessMemory } from "./memory.ts";
import { posix } from "./posix.ts";

type Environment = Readonly<Record<string, string | undefined>>;

/** Local: whether `PSHMEM_GUARD` asks for the guard. @throws BAD_LAUNCH for a value that is neither 0 nor 1 */
export function guardWanted(env: Environment): boolean {
  const value = env["PSHMEM_GUARD"] ?? "";
  if (["", "0", "1"].includes(value)) return value === "1";
  const text = `PSHMEM_GUARD is ${JSON.stringify(value)}; set it to 1 for read-only arrays, or leave it unset`;
  throw new PshmemError("BAD_LAUNCH", text, { expected: "1, 0 or unset", actual: value });
}

/**
 * Local: memory of a rank that has threads of its own process for mates, or none. What users get of it can only be read: a
 * SharedArrayBuffer can always be written, so it is mapped as between processes. @throws UNSUPPORTED where that cannot be done
 */
export function guardedMemory(rank: number): ProcessMemory {
  checkSystem();
  return new ProcessMemory({ method: "memfd", job: "", me: rank, pidOf: thisProcess, guarded: true });
}

function thisProcess(): number {
  return process.pid;
}

function checkSystem(): void {
  if (process.platform !== "linux") {
    throw unsupported(`which needs Linux where ranks are threads; this is ${process.platform}`);
  }
  try {
    posix();
  } catch (cause) {
    throw unsupported(`for which koffi is called: npm install koffi (${(cause as Error).message})`, cause);
  }
}

function unsupported(why: string, cause?: unknown): PshmemError {
  const text = `PSHMEM_GUARD=1 maps arrays a second time, ${why}; or leave PSHMEM_GUARD unset`;
  return new PshmemError("UNSUPPORTED", text, { cause });
}
