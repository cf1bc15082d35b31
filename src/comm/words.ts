/** Making shared words: in memory that all ranks reach by load and store or by calls, or in that of each node, whose ranks serve the others. */
import { SharedWords, wordLayout } from "../node/words.ts";
import { faultOfLength } from "./arguments.ts";
import type { DistantMemory, Ground } from "./backend.ts";
import { digestOf } from "./calls.ts";
import type { Call, Words } from "./engine.ts";
import type { Group } from "./group.ts";
import { lendDistant, lendSpread } from "./lending.ts";
import { RemoteWords } from "./remote-words.ts";

/** In the place of a rank whose value is not asked for: outside of all words, and small enough that a list of these and places is one of integers. */
const NOWHERE = -0x4000_0000;

/** Collective, blocking: see `Engine.allocateWords`. */
export function makeWords(group: Group, call: Call, count: number, onRoot: number): Words {
  const { root = 0 } = call;
  const digest = digestOf(call.digest ?? 0, root, count, onRoot);
  const fault = call.fault ?? faultOfLength("int32", count * (group.size - 1) + onRoot);
  const wordsOf = (rank: number) => (rank === root ? onRoot : count);
  const { distant } = group;
  return distant
    ? makeDistant(group, { ...call, digest, fault }, distant, wordsOf)
    : makeShared(group, { ...call, digest, fault }, wordsOf);
}

function makeDistant(
  group: Group,
  call: Call,
  distant: DistantMemory,
  wordsOf: (rank: number) => number,
): Words {
  const { bytes } = wordLayout([wordsOf(group.rank)]);
  const { places, keeper } = lendDistant(group, call, distant, bytes);
  return distant.words(places, keeper);
}

function makeShared(group: Group, call: Call, wordsOf: (rank: number) => number): Words {
  const { backend } = group.endpoint;
  const ring = (rank: number) => backend.ring(group.members[rank]);
  const { piece, ranks, service } = lendSpread(group, call, (mates) => wordLayout(mates.map(wordsOf)).bytes);
  const { bases } = wordLayout(ranks.map(wordsOf));
  const words = new SharedWords(piece, spread(bases, ranks, group.size), ring);
  if (!service) return words;
  const byteOffset = piece.byteOffset + bases[ranks.indexOf(group.rank)] * Int32Array.BYTES_PER_ELEMENT;
  const byteLength = wordsOf(group.rank) * Int32Array.BYTES_PER_ELEMENT;
  const own: Ground = { kind: "words", buffer: piece.buffer, byteOffset, byteLength };
  return new RemoteWords(words, piece, own, service, group.rank, group.isLocal);
}

/** Values for some ranks as a list by rank; the others' are not asked for. */
function spread(values: readonly number[], ranks: readonly number[], size: number): number[] {
  const list = Array.from({ length: size }, () => NOWHERE);
  ranks.forEach((rank, i) => (list[rank] = values[i]));
  return list;
}
