/** Memory that one rank lends to others of a communicator: on its node, to all by load and store, or to all by calls. */
import { PshmemError } from "../errors.ts";
import type { Heap, Location, Piece } from "../node/heap.ts";
import type { DistantMemory, DistantPlace, Keeper } from "./backend.ts";
import type { Call } from "./engine.ts";
import type { Group } from "./group.ts";
import { gatherAll } from "./movers.ts";
import type { Service } from "./service.ts";
import { asFault } from "./verdict.ts";
import { decodeLocation, encodeLocation } from "./wire.ts";

/**
 * Collective: memory for one-sided access. One piece for all ranks where memory reaches them all, else a piece on each node for
 * its ranks, and the service by which they reach the others'. `bytesFor` says how much some ranks need; `ranks` are those whose part is in the piece.
 */
export function lendSpread(
  group: Group,
  call: Call,
  bytesFor: (ranks: readonly number[]) => number,
): { piece: Piece; ranks: readonly number[]; service: Service | null } {
  const everyone = group.members.map((_, rank) => rank);
  const heap = group.topology.nodeCount === 1 ? group.endpoint.nodeHeap : group.endpoint.openHeap;
  if (heap)
    return { piece: lendToAll(group, call, heap, bytesFor(everyone)), ranks: everyone, service: null };
  const { service, topology } = group;
  const { mates } = topology;
  return { piece: lendOnNode(group, call, bytesFor(mates)), ranks: mates, service };
}

/** Collective: a piece of distant memory on each rank, `bytes` on this one, and the places of all. */
export function lendDistant(
  group: Group,
  call: Call,
  memory: DistantMemory,
  bytes: number,
): { piece: Piece; places: readonly DistantPlace[]; keeper: Keeper } {
  const { service } = group;
  const me = [group.endpoint.backend.rank];
  const known = call.fault ?? group.losses.faultOfAll();
  const { piece, fault } = known ? { piece: null, fault: known } : tryAllocate(memory.heap, bytes, me);
  const address = Float64Array.of(piece ? memory.publish(piece) : 0);
  try {
    const all = gatherAll(group, { ...call, fault }, new Uint8Array(address.buffer));
    const places = all.map((one, rank) => ({
      owner: group.members[rank],
      address: new Float64Array(one.slice().buffer)[0],
    }));
    return { piece: piece!, places, keeper: keeperOf(group, service, piece!) };
  } catch (error) {
    piece?.close();
    throw error;
  }
}

/** The service tells when all have closed; to a rank of another node a request that says nothing is the bell. */
function keeperOf(group: Group, service: Service, piece: Piece): Keeper {
  const nothing = new Uint8Array();
  const handle = service.open(
    () => nothing,
    () => piece.close(),
    { kind: "bell" },
  );
  return {
    poll: () => service.poll(),
    close: () => service.close(handle),
    ring: (rank) => {
      if (group.isLocal(rank)) group.endpoint.backend.ring(group.members[rank]);
      else service.notify(rank, handle, nothing);
    },
  };
}

/** Collective: a piece on each node, which the node's ranks share. */
export function lendOnNode(group: Group, call: Call, bytes: number): Piece {
  const { mates, nodeRank } = group.topology;
  const lender: Lender = {
    heap: group.endpoint.nodeHeap,
    audience: mates.map((rank) => group.members[rank]),
    lends: nodeRank === 0,
    // The leader of each node shows the place in its slot.
    payload: () => undefined,
    find: () => group.locationAt(0),
  };
  return lendTwice(group, call, bytes, lender);
}

/** Collective: one piece that every rank of the communicator can load from and store to. */
function lendToAll(group: Group, call: Call, heap: Heap, bytes: number): Piece {
  const lender: Lender = {
    heap,
    audience: group.members,
    lends: group.rank === 0,
    // Rank 0 tells the place to all, those on other nodes too.
    payload: encodeLocation,
    find: decodeLocation,
  };
  return lendTwice(group, { ...call, root: 0 }, bytes, lender);
}

/** Closed memory is there until every rank has collected its garbage: what could not be had is tried once more after that. */
function lendTwice(group: Group, call: Call, bytes: number, lender: Lender): Piece {
  try {
    return lend(group, call, bytes, lender);
  } catch (error) {
    // All ranks have the same error, and memory of the same kind.
    const isScarce = error instanceof PshmemError && error.code === "NO_MEMORY";
    if (!isScarce || !lender.heap.collect()) throw error;
    group.meet(call);
    return lend(group, call, bytes, lender);
  }
}

/** The lender allocates before the meeting, so that its failure is part of the verdict; the others attach after it. */
function lend(group: Group, call: Call, bytes: number, lender: Lender): Piece {
  const { heap, audience, lends, payload, find } = lender;
  // What is lent in vain may have to be kept for good.
  const fault = call.fault ?? group.losses.faultOfAll();
  const lent = lends && !fault ? tryAllocate(heap, bytes, audience) : { piece: null, fault };
  const place = lent.piece && payload(lent.piece.location);
  return meetAndAttach(group, { ...call, payload: place ?? undefined }, heap, audience, lent, (result) =>
    heap.attach(find(result), bytes),
  )!;
}

/**
 * Collective: the meeting in which some ranks show what they have lent, or why they could not, and the attaching to it after that. Where
 * this may fail, since not all have attached to the same block before, all meet once more to learn of it. The piece lent or
 * attached to; `attach` may say that there is none for this rank.
 */
export function meetAndAttach(
  group: Group,
  call: Call,
  heap: Heap,
  audience: readonly number[],
  lent: Tried,
  attach: (result: Uint8Array) => Piece | null,
): Piece | null {
  let { piece } = lent;
  try {
    const result = group.agree(
      { ...call, fault: lent.fault, isFresh: lent.piece?.isFresh },
      lent.piece?.location,
    );
    if (!group.isFresh) return piece ?? attach(result);
    const attached = piece ? lent : tryTo(() => attach(result));
    piece = attached.piece;
    group.meet({ op: call.op, object: call.object, fault: attached.fault });
    if (lent.piece) heap.markKnown(lent.piece, audience);
    return piece;
  } catch (error) {
    // Where ranks have gone, or a leader has quit, others may have left the first meeting without an error, and attach yet.
    if (lent.piece) heap.discard(lent.piece, audience, !group.isBroken);
    else piece?.close();
    throw error;
  }
}

/** Who lends the memory for all ranks of an audience, and how the others learn where it is. */
interface Lender {
  readonly heap: Heap;
  /** World ranks. */
  readonly audience: readonly number[];
  /** Whether it is this rank. */
  readonly lends: boolean;
  readonly payload: (location: Location) => Uint8Array | undefined;
  readonly find: (payload: Uint8Array) => Location;
}

/** A piece, or what is wrong with it. */
export interface Tried {
  readonly piece: Piece | null;
  readonly fault?: PshmemError;
}

/** Local: a piece for world ranks, this one among them. */
export function tryAllocate(heap: Heap, bytes: number, audience: readonly number[]): Tried {
  return tryTo(() => heap.allocate(bytes, audience));
}

function tryTo(get: () => Piece | null): Tried {
  try {
    return { piece: get() };
  } catch (error) {
    return { piece: null, fault: asFault(isSystems(error) ? cannotMap(error) : error) };
  }
}

function isSystems(error: unknown): error is Error {
  return error instanceof Error && "syscall" in error;
}

function cannotMap(error: Error): PshmemError {
  const text = `shared memory cannot be had (${error.message}); see whether the process has descriptors and address space left`;
  return new PshmemError("NO_MEMORY", text, { cause: error });
}
