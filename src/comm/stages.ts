/**
 * What the leaders of a communicator's nodes do together, in stages: each meeting of all ranks is one, and each passing around of slabs.
 * All leaders go through all of them in the same order, so the count of them is the same for all.
 */
import type { Waits } from "../node/script.ts";
import { breakOff, type Leaders } from "./exchange.ts";
import { LETTER, type Letters } from "./letters.ts";
import type { GroupTopology } from "./topology.ts";
import { statementPassedOn, type Statement } from "./verdict.ts";

/** Where a rank stands among the leaders: it is one if it is the first of its node. */
export type Standing = Leaders & Pick<GroupTopology, "nodeRank">;

/** What a leader says that quits. */
interface Notice {
  /** The first stage that it has not taken part in to its end. */
  readonly stage: number;
  readonly fault: Uint8Array;
}

/** The stages of one communicator, for one rank. Only leaders quit, and hear of those that do. All members are local. */
export class Stages {
  /** What this leader has said when it quit; null as long as it takes part. */
  said: Statement | null = null;
  /** The present stage, or the last one. */
  present = 0;
  readonly letters: Letters;
  readonly standing: Standing;
  #heard: Notice | null = null;

  constructor(letters: Letters, standing: Standing) {
    this.letters = letters;
    this.standing = standing;
  }

  get leaders(): number[] {
    return this.standing.nodes.map((mates) => mates[0]);
  }

  /** The next stage begins. */
  begin(): void {
    this.present++;
  }

  /**
   * Not blocking: a leader that takes no more part, from stage `from` on, says so to all that may wait for it, once. Whoever is in an earlier stage still
   * is not concerned: in that one this leader has done what it had to.
   */
  quit(statement: Statement, from: number): void {
    const { standing, letters } = this;
    if (this.said || standing.nodeRank !== 0 || standing.nodeCount === 1) return;
    this.said = statement;
    breakOff(letters, standing, statement);
    const notice = encodeNotice({ stage: from, fault: statement.fault! });
    this.leaders.forEach((leader, node) => {
      if (node !== standing.nodeIndex) letters.start(leader, LETTER.QUIT, notice);
    });
    letters.abandonPieces();
  }

  /** The fault of a leader that does not go through the present stage; null if none is known. With it this leader's part is over too. */
  brokenOff(): Uint8Array | null {
    for (let bytes = this.letters.take(LETTER.QUIT); bytes; bytes = this.letters.take(LETTER.QUIT)) {
      const notice = decodeNotice(bytes);
      if (!this.#heard || notice.stage < this.#heard.stage) this.#heard = notice;
    }
    if (!this.#heard || this.#heard.stage > this.present) return null;
    // Who is further on waits for this leader too, and hears of it before it hears of the other.
    const { leaders, standing } = this;
    this.quit(statementPassedOn(leaders[standing.nodeIndex], this.#heard.fault), this.present);
    return this.#heard.fault;
  }

  /** As a step of a script: waits for a rank until `ready`; the fault if a leader quits before. */
  *awaiting(rank: number, ready: () => boolean): Waits<Uint8Array | null> {
    this.letters.awaited = rank;
    let fault: Uint8Array | null = null;
    while (!ready() && !(fault = this.brokenOff())) yield;
    this.letters.awaited = null;
    return fault;
  }
}

/** The stage as float64, and the fault. */
function encodeNotice({ stage, fault }: Notice): Uint8Array {
  const bytes = new Uint8Array(Float64Array.BYTES_PER_ELEMENT + fault.length);
  bytes.set(new Uint8Array(Float64Array.of(stage).buffer));
  bytes.set(fault, Float64Array.BYTES_PER_ELEMENT);
  return bytes;
}

function decodeNotice(bytes: Uint8Array): Notice {
  const [stage] = new Float64Array(bytes.slice(0, Float64Array.BYTES_PER_ELEMENT).buffer);
  return { stage, fault: bytes.slice(Float64Array.BYTES_PER_ELEMENT) };
}
