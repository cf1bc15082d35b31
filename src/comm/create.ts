/** Making communicators from one: an exchange of who goes where, then an agreement on the boards' places. */
import { boardBytes } from "../node/board.ts";
import type { Piece } from "../node/heap.ts";
import type { Call } from "./engine.ts";
import { Group, type Context } from "./group.ts";
import type { Communicator } from "./contract.ts";
import { meetAndAttach, tryAllocate } from "./lending.ts";
import { moveAllToAll } from "./movers.ts";

/** What each rank says in the exchange. */
interface Choice {
  /** Equal for those who go together; null to stay out. */
  readonly color: number | null;
  readonly key: number;
  /** A number this rank has not given to another communicator. */
  readonly serial: number;
}

/** Collective, blocking: the new group this rank belongs to, or null. `call.fault` ends it on all ranks. */
export function makeGroup(
  parent: Group,
  call: Call,
  color: number | null,
  key: number,
  makeNodeComm: (group: Group) => Communicator,
): Group | null {
  parent.meet(call);
  const choices = exchange(parent, { color, key, serial: parent.endpoint.nextSerial() });
  const chosen = choices
    .map((choice, rank) => ({ ...choice, rank }))
    .filter((one) => one.color !== null && one.color === color)
    .toSorted((a, b) => a.key - b.key || a.rank - b.rank);
  const board = placeBoard(
    parent,
    call,
    chosen.map((one) => one.rank),
  );
  if (!board) return null;
  const members = chosen.map((one) => parent.members[one.rank]);
  const context: Context = { maker: members[0], serial: chosen[0].serial };
  return new Group(parent.endpoint, members, context, board, makeNodeComm);
}

function exchange(parent: Group, { color, key, serial }: Choice): Choice[] {
  const words = Float64Array.of(color ?? NaN, key, serial);
  return moveAllToAll(parent, new Uint8Array(words.buffer)).map((bytes) => {
    const [theirs, itsKey, itsSerial] = new Float64Array(bytes.slice().buffer);
    return { color: Number.isNaN(theirs) ? null : theirs, key: itsKey, serial: itsSerial };
  });
}

/** The first rank of each group on each node lends the board; it shows its place to the others of the node in a meeting. */
function placeBoard(parent: Group, call: Call, ranks: readonly number[]): Piece | null {
  const { topology, endpoint } = parent;
  const here = ranks.filter((rank) => topology.nodeOf(rank) === topology.nodeIndex);
  const audience = here.map((rank) => parent.members[rank]);
  const bytes = boardBytes(here.length);
  const heap = endpoint.nodeHeap;
  const lent = here[0] === parent.rank ? tryAllocate(heap, bytes, audience) : { piece: null };
  return meetAndAttach(parent, { op: call.op }, heap, audience, lent, () =>
    here.length === 0 ? null : heap.attach(parent.locationAt(topology.mates.indexOf(here[0])), bytes),
  );
}
