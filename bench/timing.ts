/** The ways in which ranks of ours take a turn. */
import type { Communicator } from "pshmem";
import type { Side } from "./case.ts";

function timed(ops: number, act: () => void): number {
  const start = performance.now();
  for (let i = 0; i < ops; i++) act();
  return performance.now() - start;
}

/** Collective: all ranks do the operation, which keeps them in step by itself. */
export function together(comm: Communicator, act: () => void, close?: () => void): Side {
  return {
    turn(ops) {
      comm.barrier();
      return timed(ops, act);
    },
    close,
  };
}

/** Collective: every rank does the operation as often, each at its own pace. */
export function inTurns(comm: Communicator, act: () => void, close?: () => void): Side {
  return {
    turn(ops) {
      comm.barrier();
      const took = timed(ops, act);
      comm.barrier();
      return took;
    },
    close,
  };
}

/**
 * Collective: the same, but the time counts until the last rank is through. With more ranks than cores one may begin when another is through
 * already: each by itself was quick, and they never met.
 */
export function inTurnsToTheEnd(comm: Communicator, act: () => void, close?: () => void): Side {
  return {
    turn(ops) {
      comm.barrier();
      const start = performance.now();
      timed(ops, act);
      comm.barrier();
      return performance.now() - start;
    },
    close,
  };
}

/** Collective: one rank does the operation; the others wait in a barrier. */
export function alone(comm: Communicator, worker: number, act: () => void, close?: () => void): Side {
  return inTurns(comm, comm.rank === worker ? act : () => undefined, close);
}
