/** How windows between nodes are made in this job: by MPI's one-sided operations, or by requests that their owners answer. */
import { PshmemError } from "../errors.ts";
import type { MpiWorld } from "./job.ts";
import { RmaMemory } from "./rma-memory.ts";
import { tryRma } from "./rma-trial.ts";

/** The choice, for `pshmem info`. */
export interface WindowsChoice {
  /** `memory`: there is one node, so windows are shared memory. */
  readonly kind: "memory" | "rma" | "messages";
  /** In words. */
  readonly reason: string;
  /** Null unless `rma`. */
  readonly memory: RmaMemory | null;
}

/**
 * Collective over the world, blocking for a bounded time: follows `PSHMEM_WINDOWS`, or tries whether one-sided operations work. At the
 * start of the job, since only then all ranks are sure to be in the same place: a communicator of some ranks could
 * not ask the others later. It costs one window and, where no one-sided operation passes a computing target, some 40 ms.
 *
 * @throws UNSUPPORTED on all ranks when `wanted` is `rma` and it does not work
 */
export function chooseWindows(world: MpiWorld, wanted: "rma" | "messages" | null): WindowsChoice {
  if (world.nodeOf.every((node) => node === world.nodeOf[0])) {
    return { kind: "memory", reason: "all ranks are on one node", memory: null };
  }
  if (wanted === "messages") return { kind: "messages", reason: "PSHMEM_WINDOWS=messages", memory: null };
  const { memory, finding } = openMemory(world, wanted !== "rma");
  if (memory && finding === null) {
    const reason = wanted ? "PSHMEM_WINDOWS=rma" : "the self-test of one-sided operations succeeded";
    return { kind: "rma", reason, memory };
  }
  if (wanted === "rma") throw unusable(world, finding);
  return { kind: "messages", reason: finding ?? "", memory: null };
}

function openMemory(
  world: MpiWorld,
  computing: boolean,
): { memory: RmaMemory | null; finding: string | null } {
  let memory: RmaMemory | null = null;
  let failure = "MPI cannot make a window on another rank";
  try {
    memory = new RmaMemory(world);
  } catch (error) {
    failure = (error as Error).message;
  }
  const everywhere = world.allgather([memory ? 1 : 0]).every((one) => one === 1);
  if (!everywhere || !memory) return { memory: null, finding: failure };
  return { memory, finding: tryRma(world, memory, computing) };
}

function unusable({ library }: MpiWorld, finding: string | null): PshmemError {
  const text =
    `PSHMEM_WINDOWS=rma, but with ${library.implementation} ${library.version} here ${finding}; leave PSHMEM_WINDOWS unset, or set it to ` +
    "messages";
  return new PshmemError("UNSUPPORTED", text, { call: "world", expected: "rma", actual: finding });
}
