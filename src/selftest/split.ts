/** The self-test of MPIShared on parts of the world: groups, rows and columns of process grids, and communicators given for reuse. */
import type { Communicator } from "../comm/contract.ts";
import type { ReuseOptions } from "../shared/reuse.ts";
import { MPIShared } from "../shared/shared.ts";
import { mustThrow, type Case } from "./case.ts";
import { SHAPE, writeReadAll } from "./turns.ts";

/** A communicator with those of its nodes: made once, used for many arrays. */
interface Reusable {
  readonly comm: Communicator;
  readonly reuse: Required<ReuseOptions>;
  /** Collective over `comm`. */
  readonly freeNodes: () => void;
}

/** Collective over `comm`. The original divides ranks to find the node; nodes need not be filled one after the other. */
function reusable(comm: Communicator): Reusable {
  const commNode = comm.splitShared();
  const commNodeRank = comm.split(comm.topology.nodeRank, comm.topology.nodeIndex);
  const freeNodes = (): void => {
    commNodeRank.free();
    commNode.free();
  };
  return { comm, reuse: { commNode, commNodeRank }, freeNodes };
}

/** Collective over the world, of which the members of `part` are a part. */
function writeReadOn(world: Communicator, part: Reusable): void {
  writeReadAll(part.comm, part.reuse);
  world.barrier();
}

function split(comm: Communicator): void {
  const world = reusable(comm);
  const groupSize = Math.max(1, Math.floor(comm.size / 2));
  const group = reusable(comm.split(Math.floor(comm.rank / groupSize), comm.rank % groupSize));
  for (const rows of gridRows(groupSize)) grid(world, group, rows);
  group.freeNodes();
  group.comm.free();
  world.freeNodes();
}

/** As square as can be, one row, one column. */
function gridRows(groupSize: number): readonly number[] {
  return [Math.max(1, Math.floor(Math.sqrt(groupSize))), 1, groupSize];
}

/**
 * Collective: the group as a grid of `rows` rows, with a communicator along each row and column. The last group is smaller
 * where the ranks do not divide; the original then divides by zero.
 */
function grid(world: Reusable, group: Reusable, rows: number): void {
  const { rank, size } = group.comm;
  const columns = Math.max(1, Math.floor(size / rows));
  const [y, x] = [Math.floor(rank / columns), rank % columns];
  const row = reusable(group.comm.split(y, x));
  const column = reusable(group.comm.split(x, y));
  for (const part of [world, group, row, column]) writeReadOn(world.comm, part);
  for (const part of [column, row]) {
    part.freeNodes();
    part.comm.free();
  }
}

/** Every rank by itself, all at the same time. */
function alone(comm: Communicator): void {
  const self = comm.split(comm.rank);
  writeReadAll(self);
  self.free();
}

function reuseNodes(comm: Communicator): void {
  const { reuse, freeNodes } = reusable(comm);
  const self = comm.split(comm.rank);
  const oddOrEven = comm.split(comm.rank % 2, comm.rank);
  writeReadAll(comm, reuse);
  for (const bad of badReuse(comm, self, oddOrEven)) {
    mustThrow("BAD_NODE_COMM", () => new MPIShared(SHAPE, "float64", comm, bad));
  }
  // A refusal leaves nothing behind.
  writeReadAll(comm, reuse);
  oddOrEven.free();
  self.free();
  freeNodes();
}

/** Local: communicators that are not those of the nodes, on one rank at least. One rank alone has none. */
function badReuse(comm: Communicator, self: Communicator, oddOrEven: Communicator): readonly ReuseOptions[] {
  if (comm.size === 1) return [];
  if (comm.topology.nodeCount === 1) return [{ commNode: self }, { commNodeRank: comm }];
  // The ranks of a node and those of one place on all nodes have one rank in common: no communicator can be both.
  const both = { commNode: oddOrEven, commNodeRank: oddOrEven };
  return [{ commNode: comm }, { commNodeRank: self }, both];
}

/** The cases of the shared array that need parts of a communicator. */
export const splitCases: readonly Case[] = [
  { name: "shared: groups, rows and columns", run: split },
  { name: "shared: each rank by itself", run: alone },
  { name: "shared: node communicators given for reuse", run: reuseNodes },
];
