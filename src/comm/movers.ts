/** Moving bytes among all ranks of a communicator: the second half of a collective, once all have agreed to it. */
import { contents, enclosed } from "./enclosure.ts";
import type { Call } from "./engine.ts";
import type { Group } from "./group.ts";
import { LETTER } from "./letters.ts";
import { branchOf } from "./tree.ts";

/** Collective, blocking: the root's bytes on every rank; down a binomial tree of nodes, then of the ranks on each. */
export function moveToAll(group: Group, root: number, bytes: Uint8Array | null): Uint8Array {
  const { parent, children } = route(group, root);
  const all = parent === null ? bytes! : group.letters.receive(parent, LETTER.MOVE);
  const started = children.map((child) => group.letters.start(child, LETTER.MOVE, all));
  group.letters.finish(started, children);
  return all;
}

/** Collective, blocking: every rank's bytes on the root, in rank order; null elsewhere. */
export function moveToRoot(group: Group, root: number, bytes: Uint8Array): Uint8Array[] | null {
  if (group.rank !== root) {
    group.letters.send(root, LETTER.MOVE, bytes);
    return null;
  }
  return group.members.map((_, rank) => (rank === root ? bytes : group.letters.receive(rank, LETTER.MOVE)));
}

/** Collective, blocking: the bytes at index i of the root's list on rank i. */
export function moveFromRoot(group: Group, root: number, pieces: readonly Uint8Array[] | null): Uint8Array {
  if (group.rank !== root) return group.letters.receive(root, LETTER.MOVE);
  const others = group.members.flatMap((_, rank) => (rank === root ? [] : [rank]));
  const started = others.map((rank) => group.letters.start(rank, LETTER.MOVE, pieces![rank]));
  group.letters.finish(started, others);
  return pieces![root];
}

/** Collective, blocking: every rank's bytes on every rank, in rank order. */
export function moveAllToAll(group: Group, bytes: Uint8Array): Uint8Array[] {
  const pieces = moveToRoot(group, 0, bytes);
  return unpack(moveToAll(group, 0, pieces && pack(pieces)));
}

/** Collective, blocking: a meeting, and every rank's bytes in rank order; on one node straight from the slots when all are small. */
export function gatherAll(group: Group, call: Call, bytes: Uint8Array | undefined): Uint8Array[] {
  if (group.topology.nodeCount > 1) {
    group.meet(call);
  } else {
    const { op, object, root, digest, about, fault } = call;
    // No object spread: it costs a microsecond.
    const payload = bytes && enclosed(bytes);
    const found = group.meetAll({ op, object, root, digest, about, fault, payload }).map(contents);
    if (found.every((one) => one !== null)) return found;
  }
  return moveAllToAll(group, bytes!);
}

/** Collective, blocking: rank i receives the bytes at index i of every rank's list. */
export function moveAcross(group: Group, pieces: readonly Uint8Array[]): Uint8Array[] {
  const { rank, size, letters } = group;
  // Each rank begins with its right neighbour, so that not all send to rank 0 first.
  const others = Array.from({ length: size - 1 }, (_, i) => (rank + 1 + i) % size);
  const started = others.map((other) => letters.start(other, LETTER.MOVE, pieces[other]));
  const received = group.members.map((_, other) =>
    other === rank ? pieces[rank] : letters.receive(other, LETTER.MOVE),
  );
  letters.finish(started, others);
  return received;
}

/** Collective, blocking: what the ranks before this one have, folded in rank order; null on rank 0. */
export function moveAlong<T>(
  group: Group,
  own: T,
  read: (bytes: Uint8Array) => T,
  write: (value: T) => Uint8Array,
  fold: (a: T, b: T) => T,
): T | null {
  const { rank, size, letters } = group;
  const before = rank === 0 ? null : read(letters.receive(rank - 1, LETTER.MOVE));
  if (rank + 1 < size) letters.send(rank + 1, LETTER.MOVE, write(before === null ? own : fold(before, own)));
  return before;
}

/** Where a rank stands when bytes go from the root to all: through the node leaders first; the root leads its own node. */
function route(group: Group, root: number): { parent: number | null; children: number[] } {
  const { nodes, nodeIndex, mates } = group.topology;
  const rootNode = group.topology.nodeOf(root);
  const leaderOf = (node: number) => (node === rootNode ? root : nodes[node][0]);
  const leader = leaderOf(nodeIndex);
  const inside = branchOf(mates.indexOf(group.rank), mates.indexOf(leader), mates.length);
  const within = inside.children.map((place) => mates[place]);
  if (group.rank !== leader) return { parent: mates[inside.parent!], children: within };
  const outside = branchOf(nodeIndex, rootNode, nodes.length);
  const parent = outside.parent === null ? null : leaderOf(outside.parent);
  return { parent, children: [...outside.children.map(leaderOf), ...within] };
}

/** A list of byte strings as one: their number, their lengths as float64, then themselves. */
function pack(pieces: readonly Uint8Array[]): Uint8Array {
  const head = Float64Array.of(pieces.length, ...pieces.map((piece) => piece.length));
  const whole = new Uint8Array(pieces.reduce((sum, piece) => sum + piece.length, head.byteLength));
  whole.set(new Uint8Array(head.buffer));
  let at = head.byteLength;
  for (const piece of pieces) {
    whole.set(piece, at);
    at += piece.length;
  }
  return whole;
}

function unpack(whole: Uint8Array): Uint8Array[] {
  const [count] = new Float64Array(whole.slice(0, 8).buffer);
  const lengths = new Float64Array(whole.slice(8, 8 + count * 8).buffer);
  let at = 8 + count * 8;
  return Array.from(lengths, (length) => whole.subarray(at, (at += length)));
}
