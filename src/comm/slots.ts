/**
 * What the ranks of a node tell each other when they meet: each writes into its slot of the board, and reads what stands in all of them.
 * The board has two slots a rank, used in turn; after a meeting its slots stay until the next one is over.
 */
import { SLOT, TEXT, type Board, type Slot } from "../node/board.ts";
import type { Location } from "../node/heap.ts";
import type { Rendezvous } from "../node/rendezvous.ts";
import { CALL_NAMES, callName, numberOf } from "./calls.ts";
import type { Call } from "./engine.ts";
import type { GroupTopology } from "./topology.ts";
import { encodeFault, lossOn, merged, NO_ROOT, type Statement } from "./verdict.ts";
import { payloadRoom } from "./wire.ts";

/** Letters of a description that travel, at three bytes each at the most. */
const MOST_ABOUT = 300;

const NO_BYTES: Uint8Array = new Uint8Array(0);

/** The slots of one communicator on one node, for one rank. Places are node ranks. All members are local, and none blocks. */
export class Slots {
  readonly #rank: number;
  readonly #topology: GroupTopology;
  readonly #board: Board;
  readonly #meetings: Rendezvous;

  /** `meetings`: those that the slots are for. They say which meeting is the present one: before it begins it is the next. */
  constructor(rank: number, topology: GroupTopology, board: Board, meetings: Rendezvous) {
    this.#rank = rank;
    this.#topology = topology;
    this.#board = board;
    this.#meetings = meetings;
  }

  /**
   * Before this rank enters: its call, where its memory is, and `beside` the call what it shows if the call has no payload. `lost`: the
   * call's fault is that ranks have gone.
   */
  fill(call: Call, location: Location | undefined, beside: Uint8Array | undefined, lost: boolean): void {
    const { op, object = 0, root = NO_ROOT, digest = 0, fault, isFresh } = call;
    const { words, text } = this.#present(this.#topology.nodeRank);
    const payload = call.payload ?? beside;
    const bytes = fault ? encodeFault(fault, call.faultRank ?? this.#rank) : (payload ?? aboutBytes(call));
    words[SLOT.MEETING] = this.#meetings.number + 1;
    words[SLOT.OP] = numberOf(op);
    words[SLOT.OBJECT] = object;
    words[SLOT.ROOT] = fault ? NO_ROOT : root;
    words[SLOT.DIGEST] = digest;
    words[SLOT.TEXT] = fault ? (lost ? TEXT.LOSS : TEXT.FAULT) : payload ? TEXT.PAYLOAD : TEXT.ABOUT;
    words[SLOT.BYTES] = bytes.length;
    words[SLOT.FRESH] = isFresh ? 1 : 0;
    words[SLOT.TAKEN] = 0;
    if (bytes.length > 0) text.set(bytes);
    if (location) {
      words[SLOT.OWNER] = location.owner;
      words[SLOT.BLOCK] = location.block;
      words[SLOT.PLACE] = location.slot;
    }
  }

  /** In this rank's turn: a payload in place of what its slot said before, which others have read. */
  show(bytes: Uint8Array): void {
    const { words, text } = this.#present(this.#topology.nodeRank);
    words[SLOT.TEXT] = TEXT.PAYLOAD;
    words[SLOT.BYTES] = bytes.length;
    text.set(bytes);
  }

  /** In a meeting: whether the rank at this place has entered it. */
  hasEntered(place: number): boolean {
    return this.#present(place).words[SLOT.MEETING] === this.#meetings.number + 1;
  }

  /** In a meeting: the call of the rank at this place in the meeting before; null if there was none. */
  callBefore(place: number): string | null {
    const { words } = this.#last(place);
    return words[SLOT.OP] === 0 ? null : callName(CALL_NAMES[words[SLOT.OP]], words[SLOT.OBJECT]);
  }

  /** When all have entered: whether all say the same, and none has a fault. Found without a statement for each. */
  isUnanimous(): boolean {
    const { parity } = this.#meetings;
    const first = this.#board.slot(parity, 0).words;
    if (first[SLOT.TEXT] >= TEXT.FAULT) return false;
    for (let place = 1; place < this.#topology.nodeSize; place++) {
      const { words } = this.#board.slot(parity, place);
      if (words[SLOT.TEXT] >= TEXT.FAULT || !isSame(words, first)) return false;
    }
    return true;
  }

  /** When all have entered: what this node says, which is what its ranks say, lowest first. */
  statement(): Statement {
    const { mates } = this.#topology;
    const isFresh = this.#hasFresh(this.#meetings.parity);
    if (this.isUnanimous()) return this.#statementAt(0, mates[0], isFresh);
    return mates.map((rank, place) => this.#statementAt(place, rank, isFresh)).reduce(merged);
  }

  /** When all have entered: a copy of the payload of the rank at this place, with room for the statement that it travels with. */
  payloadToSend(place: number): Uint8Array {
    const shown = payloadOf(this.#present(place));
    if (shown.length === 0) return NO_BYTES;
    const payload = payloadRoom(shown.length);
    payload.set(shown);
    return payload;
  }

  /** After a meeting: the payload of the rank at this place. Valid until the next meeting. */
  payloadAt(place: number): Uint8Array {
    return payloadOf(this.#last(place));
  }

  /** After a meeting: the location that the rank at this place has shown. */
  locationAt(place: number): Location {
    const { words } = this.#last(place);
    return { owner: words[SLOT.OWNER], block: words[SLOT.BLOCK], slot: words[SLOT.PLACE] };
  }

  /** After a meeting: 0, 1, 2 … in the name of the rank at this place, each to one rank, until the next meeting. */
  takeNumberOf(place: number): number {
    return Atomics.add(this.#last(place).words, SLOT.TAKEN, 1);
  }

  /** After a meeting: whether any rank of the node has shown something fresh. Valid until the next meeting. */
  get isFresh(): boolean {
    return this.#hasFresh(1 - this.#meetings.parity);
  }

  #present(place: number): Slot {
    return this.#board.slot(this.#meetings.parity, place);
  }

  /** The slots of the meeting just over are those of the other parity than the next one's. */
  #last(place: number): Slot {
    return this.#board.slot(1 - this.#meetings.parity, place);
  }

  #hasFresh(parity: number): boolean {
    return this.#topology.mates.some((_, place) => this.#board.slot(parity, place).words[SLOT.FRESH] !== 0);
  }

  #statementAt(place: number, rank: number, isFresh: boolean): Statement {
    const { words, text } = this.#present(place);
    const kind = words[SLOT.TEXT];
    const hasText = kind !== TEXT.PAYLOAD && words[SLOT.BYTES] > 0;
    const bytes = hasText ? text.slice(0, words[SLOT.BYTES]) : NO_BYTES;
    return {
      rank,
      op: words[SLOT.OP],
      object: words[SLOT.OBJECT],
      root: words[SLOT.ROOT],
      digest: words[SLOT.DIGEST],
      about: hasText && kind === TEXT.ABOUT ? new TextDecoder().decode(bytes) : "",
      differing: null,
      fault: kind >= TEXT.FAULT ? bytes : null,
      faultRank: kind === TEXT.LOSS ? lossOn(rank) : rank,
      isFresh,
    };
  }
}

function isSame(a: Int32Array, b: Int32Array): boolean {
  return (
    a[SLOT.OP] === b[SLOT.OP] &&
    a[SLOT.OBJECT] === b[SLOT.OBJECT] &&
    a[SLOT.ROOT] === b[SLOT.ROOT] &&
    a[SLOT.DIGEST] === b[SLOT.DIGEST]
  );
}

function payloadOf({ words, text }: Slot): Uint8Array {
  return words[SLOT.TEXT] === TEXT.PAYLOAD ? text.subarray(0, words[SLOT.BYTES]) : NO_BYTES;
}

function aboutBytes({ about }: Call): Uint8Array {
  return about ? new TextEncoder().encode(about.slice(0, MOST_ABOUT)) : NO_BYTES;
}
