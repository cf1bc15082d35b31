/** Checking communicators that are given for reuse: they must be those that the array would have made itself. */
import type { Communicator } from "../comm/contract.ts";
import type { Engine } from "../comm/engine.ts";
import { PshmemError } from "../errors.ts";
import { engineOf } from "../world.ts";

/** Communicators made before, for arrays on the same ranks. */
export interface ReuseOptions {
  /** The ranks of `comm` on this node, as `comm.splitShared()` gives them. */
  readonly commNode?: Communicator | null;
  /** The ranks of `comm` that have this rank's place on their nodes, as `comm.split(nodeRank, nodeIndex)` gives them. */
  readonly commNodeRank?: Communicator | null;
}

/** Local: what is given for reuse, for `readOptions`. */
export function reusable({ commNode, commNodeRank }: ReuseOptions): ReuseOptions {
  return { commNode, commNodeRank };
}

/** Local: what is wrong with communicators given for reuse. */
export function faultOfReuse(
  engine: Engine,
  { commNode, commNodeRank }: ReuseOptions,
): PshmemError | undefined {
  const { size, topology } = engine;
  const ranks = Array.from({ length: size }, (_, rank) => rank);
  const mates = ranks.filter((rank) => topology.nodeOf(rank) === topology.nodeIndex);
  const placeOf = (rank: number) =>
    ranks.filter((other) => other < rank && topology.nodeOf(other) === topology.nodeOf(rank)).length;
  if (isGiven(commNode) && !holds(commNode, engine, mates)) {
    return misfit("commNode", commNode, "the ranks of this node, as comm.splitShared() makes it", mates);
  }
  if (!isGiven(commNodeRank)) return undefined;
  const peers = ranks.filter((rank) => placeOf(rank) === topology.nodeRank);
  if (holds(commNodeRank, engine, peers)) return undefined;
  const wanted = "one rank of each node, as comm.split(topology.nodeRank, topology.nodeIndex) makes it";
  return misfit("commNodeRank", commNodeRank, wanted, peers);
}

/** Local: whether there is something to reuse, be it a communicator or not. */
export function isGiven<T>(value: T | null | undefined): value is T {
  return value !== null && value !== undefined;
}

/** Whether a communicator has exactly these ranks of `engine`, in any order. */
function holds(comm: Communicator, engine: Engine, ranks: readonly number[]): boolean {
  const members = membersOf(comm);
  const wanted = new Set(ranks.map((rank) => engine.members[rank]));
  return members.length === wanted.size && members.every((member) => wanted.has(member));
}

/** World ranks; none for what is no communicator of ours, or is one no longer. */
function membersOf(comm: Communicator): readonly number[] {
  try {
    const engine = engineOf(comm);
    engine.check("new MPIShared");
    return engine.members;
  } catch {
    return [];
  }
}

function misfit(name: string, comm: Communicator, wanted: string, ranks: readonly number[]): PshmemError {
  const { length } = membersOf(comm);
  const text = `${name} (${length > 0 ? `${length} ranks` : "no usable communicator"}) is not made of ${wanted}: ranks ${ranks.join(", ")}; leave it out, or pass that`;
  return new PshmemError("BAD_NODE_COMM", text, { expected: ranks, actual: length });
}
