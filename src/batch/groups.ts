/** The communicators of workers: made once for each communicator and worker size, because `close` of a batch is local. They
 * end with the communicator. */
import type { Communicator } from "../comm/contract.ts";
import { engineOf } from "../world.ts";

const made = new WeakMap<Communicator, Map<number, Communicator>>();

/** Collective, blocking at the first call with this size: the ranks of this rank's worker, in rank order. */
export function workerCommunicator(comm: Communicator, workerSize: number): Communicator {
  const bySize = made.get(comm) ?? new Map<number, Communicator>();
  made.set(comm, bySize);
  const found = bySize.get(workerSize);
  if (found) return found;
  const worker = comm.split(Math.floor(comm.rank / workerSize), comm.rank % workerSize);
  bySize.set(workerSize, worker);
  engineOf(comm).adopt(worker);
  return worker;
}
