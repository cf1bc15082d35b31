/** A world without MPI, for what decides before MPI is called. */
import { isPshmemError } from "../../src/errors.ts";
import { mpichAbi } from "../../src/mpi/abi/mpich.ts";
import type { CheckedCalls } from "../../src/mpi/check.ts";
import type { MpiWorld } from "../../src/mpi/job.ts";

/** Local: the world of rank 0; `other` is what a second rank answers, when there is one. */
export function fakeWorld(facts: {
  readonly threadLevel?: number;
  readonly nodeOf?: readonly number[];
  readonly other?: readonly number[];
}): MpiWorld {
  const { threadLevel = 3, nodeOf = [0], other } = facts;
  const abi = mpichAbi();
  const calls = new Proxy({} as CheckedCalls, {
    get: () => () => {
      throw new Error("no windows here");
    },
  });
  return {
    library: { implementation: "an MPI", version: "1", text: "", path: "libmpi.so", abi, calls },
    rank: 0,
    size: nodeOf.length,
    wire: 0,
    threadLevel,
    nodeOf,
    pids: nodeOf.map(() => process.pid),
    jobNumber: 0,
    allgather: (words) => Int32Array.from(other === undefined ? words : [...words, ...other]),
    barrier: () => {},
    abort: (code) => process.exit(code),
  };
}

/** Local: the code of the error thrown; null without one. */
export function codeOfError(act: () => unknown): string | null {
  try {
    act();
    return null;
  } catch (error) {
    if (isPshmemError(error)) return error.code;
    throw error;
  }
}
