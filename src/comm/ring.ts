/**
 * Passing slabs of every node to all other nodes: the leaders stand in a ring, and each hands on to the next what comes from the one
 * before. So every slab crosses every edge but one once, all edges are busy at once, and nothing is held beside the segments but
 * what `pieces.ts` says.
 */
import type { Landing } from "../node/landing.ts";
import type { Outgoing } from "../node/post.ts";
import type { Waits } from "../node/script.ts";
import type { Slab } from "./engine.ts";
import type { Letters } from "./letters.ts";
import { cutSlabs, MOST_PIECES, Pieces, type Memory } from "./pieces.ts";
import type { Stages } from "./stages.ts";

/**
 * A leader's part, from the moment when its node's slabs are written. `slabs[node]` are those of each node, the same lists on all. The fault of a
 * leader that quits before it is over.
 */
export function* passAround(
  stages: Stages,
  memory: Memory,
  slabs: readonly (readonly Slab[])[],
): Waits<Uint8Array | null> {
  const { letters, leaders, standing } = stages;
  const nodes = leaders.length;
  const back = (steps: number) => (standing.nodeIndex - steps + nodes) % nodes;
  // A piece is of one node only, so that none has to wait for what comes later.
  const pieces = leaders.map((_, steps) => cutSlabs(slabs[back(steps)]));
  const coming = new Pieces(memory, pieces.slice(1).flat());
  // Where the last ones belong, the next node has them from the start.
  const leaving = new Pieces(memory, pieces.slice(0, -1).flat());
  const pass = new Pass(letters, leaders[back(1)], leaders[back(-1)], coming, leaving, pieces[0].length);
  try {
    while (!pass.over) {
      if (pass.act()) continue;
      letters.awaited = pass.awaited;
      const fault = stages.brokenOff();
      if (fault) return fault;
      yield;
    }
    return null;
  } finally {
    letters.awaited = null;
    pass.end();
  }
}

/** How far a leader is. What it sends is its own pieces and then those that came, in the order in which they came. */
class Pass {
  readonly #letters: Letters;
  readonly #before: number;
  readonly #after: number;
  readonly #coming: Pieces;
  readonly #leaving: Pieces;
  readonly #landings: Landing[] = [];
  readonly #messages: Outgoing[] = [];
  /** Pieces that are in place here: of those that leave, the first so many. */
  #here: number;
  #landed = 0;
  #sent = 0;

  constructor(letters: Letters, before: number, after: number, coming: Pieces, leaving: Pieces, own: number) {
    this.#letters = letters;
    this.#before = before;
    this.#after = after;
    this.#coming = coming;
    this.#leaving = leaving;
    this.#here = own;
  }

  get over(): boolean {
    const all = this.#landed === this.#coming.count && this.#sent === this.#leaving.count;
    return all && this.#messages.length === 0;
  }

  /** Whom this leader waits for when it can do nothing: in a ring one of those that wait finds the one that has gone, and says so. */
  get awaited(): number {
    return this.#landed < this.#coming.count ? this.#before : this.#after;
  }

  /** Does one thing that can be done now; false if only other ranks can bring it further. */
  act(): boolean {
    this.#expect();
    return this.#takeIn() || this.#sendOn() || this.#forget();
  }

  end(): void {
    this.#coming.end(this.#landings);
  }

  #expect(): void {
    for (;;) {
      const next = this.#landed + this.#landings.length;
      if (this.#landings.length === MOST_PIECES || next === this.#coming.count) return;
      this.#landings.push(this.#letters.expectPiece(this.#before, this.#coming.place(next)));
    }
  }

  #takeIn(): boolean {
    if (!this.#landings[0]?.landed) return false;
    this.#landings.shift();
    this.#coming.unpack(this.#landed++);
    this.#here++;
    return true;
  }

  #sendOn(): boolean {
    const can = this.#sent < Math.min(this.#here, this.#leaving.count);
    if (!can || this.#messages.length === MOST_PIECES) return false;
    const bytes = this.#leaving.pack(this.#sent++);
    this.#messages.push(this.#letters.startPiece(this.#after, bytes));
    return true;
  }

  #forget(): boolean {
    if (!this.#messages[0]?.done) return false;
    this.#messages.shift();
    return true;
  }
}
