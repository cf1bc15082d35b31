/**
 * Passing a slab of a segment from one node's copy to all others: out of one leader's segment, straight into the next one's,
 * in pieces, down a tree. What a rank holds beside the segments is in `pieces.ts`.
 */
import type { Landing } from "../node/landing.ts";
import type { Outgoing } from "../node/post.ts";
import type { Waits } from "../node/script.ts";
import type { Slab } from "./engine.ts";
import { LETTER } from "./letters.ts";
import { cutSlabs, MOST_PIECES, Pieces, type Memory } from "./pieces.ts";
import type { Stages } from "./stages.ts";
import { branchOf } from "./tree.ts";

/** What the leader of the root's node begins with and every leader ends with: a fault, or the description of the slab. */
export interface Passed {
  readonly failed: boolean;
  readonly bytes: Uint8Array;
}

const OK = 0;
const FAILED = 1;

/** A leader's part, where only the root's node knows what it comes to. `start` counts on that node, `from`. */
export function* relay(
  stages: Stages,
  from: number,
  start: Passed,
  memory: Memory,
  decode: (bytes: Uint8Array) => Slab | null,
): Waits<Passed> {
  const kin = kinOf(stages, from);
  const passed = kin.parent === null ? start : yield* headFrom(stages, kin.parent);
  const head = encodeHead(passed);
  const heads = kin.children.map((child) => ({
    message: stages.letters.start(child, LETTER.RELAY, head),
    child,
  }));
  const slab = passed.failed ? null : decode(passed.bytes);
  const pieces = slab && new Pieces(memory, cutSlabs([slab]));
  const fault = (yield* allowed(stages, heads, 0)) ?? (pieces && (yield* passPieces(stages, kin, pieces)));
  return fault ? { failed: true, bytes: fault } : passed;
}

/**
 * A leader's part, where all leaders know the slab. `source` counts on the root's node, `from`: the slab's bytes in memory of the root, which are not
 * in its segment yet. The result is the fault of a leader that quits before it is over.
 */
export function* passSlab(
  stages: Stages,
  from: number,
  slab: Slab,
  memory: Memory,
  source: Uint8Array | null,
): Waits<Uint8Array | null> {
  return yield* passPieces(stages, kinOf(stages, from), new Pieces(memory, cutSlabs([slab]), source));
}

/** The leaders before and after this one in the tree. */
interface Kin {
  readonly parent: number | null;
  readonly children: readonly number[];
}

function kinOf({ leaders, standing }: Stages, from: number): Kin {
  const { parent, children } = branchOf(standing.nodeIndex, from, leaders.length);
  return {
    parent: parent === null ? null : leaders[parent],
    children: children.map((child) => leaders[child]),
  };
}

/** What the parent begins with; if a leader quits before that comes, its fault. */
function* headFrom(stages: Stages, parent: number): Waits<Passed> {
  let head: Uint8Array | null = null;
  const fault = yield* stages.awaiting(
    parent,
    () => (head = stages.letters.take(LETTER.RELAY, parent)) !== null,
  );
  return fault ? { failed: true, bytes: fault } : { failed: head![0] === FAILED, bytes: head!.subarray(1) };
}

/** A message on its way to a child. */
interface Sent {
  readonly message: Outgoing;
  readonly child: number;
}

/** The fault of a leader that quits before it is over. */
function* passPieces(stages: Stages, { parent, children }: Kin, pieces: Pieces): Waits<Uint8Array | null> {
  const coming: Landing[] = [];
  const leaving: Sent[] = [];
  try {
    for (let piece = 0; piece < pieces.count; piece++) {
      const fault =
        (parent === null ? null : yield* arrival(stages, parent, pieces, piece, coming)) ??
        (yield* departure(stages, parent === null, children, pieces, piece, leaving));
      if (fault) return fault;
    }
    return yield* allowed(stages, leaving, 0);
  } finally {
    pieces.end(coming);
  }
}

/** Waits until a piece is there, and names the places of those after it. */
function* arrival(
  stages: Stages,
  parent: number,
  pieces: Pieces,
  piece: number,
  coming: Landing[],
): Waits<Uint8Array | null> {
  for (let next = piece + coming.length; next < Math.min(piece + MOST_PIECES, pieces.count); next++) {
    coming.push(stages.letters.expectPiece(parent, pieces.place(next)));
  }
  const fault = yield* stages.awaiting(parent, () => coming[0].landed);
  if (!fault) coming.shift();
  return fault;
}

/** Sends a piece on, and waits until few enough are leaving. */
function* departure(
  stages: Stages,
  isFirst: boolean,
  children: readonly number[],
  pieces: Pieces,
  piece: number,
  leaving: Sent[],
): Waits<Uint8Array | null> {
  const bytes = isFirst ? pieces.pack(piece) : pieces.unpack(piece);
  for (const child of children) leaving.push({ message: stages.letters.startPiece(child, bytes), child });
  // While the first pieces travel, and not before.
  if (isFirst) pieces.store(piece);
  return yield* allowed(stages, leaving, (MOST_PIECES - 1) * children.length);
}

/** Waits until at most so many messages are still leaving; the fault of a leader that quits before. */
function* allowed(stages: Stages, leaving: Sent[], most: number): Waits<Uint8Array | null> {
  for (; leaving.length > most; leaving.shift()) {
    const [{ message, child }] = leaving;
    const fault = yield* stages.awaiting(child, () => message.done);
    if (fault) return fault;
  }
  return null;
}

function encodeHead({ failed, bytes }: Passed): Uint8Array {
  const head = new Uint8Array(1 + bytes.length);
  head[0] = failed ? FAILED : OK;
  head.set(bytes, 1);
  return head;
}
