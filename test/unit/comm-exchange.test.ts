/**
 * Leaders that tell one another what their nodes say. Each waits for one certain message at a time, in the order sent, so that what it does
 * depends on no schedule (Kahn 1974): one schedule for each place where a leader can break off is all of them.
 */
import { describe, expect, it } from "vitest";
import type { Call } from "../../dist/comm/engine.js";
import { LETTER, type Letters } from "../../dist/comm/letters.js";
import { Losses } from "../../dist/comm/losses.js";
import { Meeting } from "../../dist/comm/meeting.js";
import { GroupTopology } from "../../dist/comm/topology.js";
import { isLoss } from "../../dist/comm/verdict.js";
import { unpackStatement } from "../../dist/comm/wire.js";
import { PshmemError } from "../../dist/errors.js";
import { Board, boardBytes } from "../../dist/node/board.js";
import { DONE, GOING, type Machine } from "../../dist/node/machine.js";
import { DIED, PRESENT, type Fate } from "../../dist/node/roster.js";
import type { Waits } from "../../dist/node/script.js";

/** What is wrong with the leaders, so that the test must notice. */
interface Mutant {
  /** Who hears that another one takes no more part keeps it to himself. */
  readonly keepsLosses?: boolean;
}

/** How a meeting ended for a leader: with the root's payload, or an error. */
type Outcome = { readonly payload: number[] } | { readonly code: string; readonly rank?: unknown };

class Leader {
  readonly outcomes: Outcome[] = [];
  readonly meeting: Meeting;
  readonly arrived = new Map<string, Uint8Array[]>();
  /** Statements that came with a payload. */
  payloads = 0;
  /** Of its node; known to itself alone. */
  someoneDied = false;
  hasGivenUp = false;
  /** Messages it has sent in meetings. */
  sent = 0;
  #machine: Machine | null = null;
  readonly #world: World;

  constructor(world: World, node: number) {
    this.#world = world;
    const { nodes } = world;
    // The rank that dies is one more.
    const members = Array.from({ length: nodes + 1 }, (_, rank) => rank);
    const died = () => this.someoneDied;
    const fates = {
      get gone() {
        return Number(died());
      },
      of: (rank: number): Fate => (died() && rank === nodes ? DIED : PRESENT),
    };
    this.meeting = new Meeting(
      node,
      nodes,
      new GroupTopology(node, members.slice(0, nodes)),
      new Board({ buffer: new SharedArrayBuffer(boardBytes(1)), byteOffset: 0 }, 1),
      this.#letters(node),
      new Losses(fates, members, nodes + 1),
      () => {},
    );
  }

  /** Whether anything happened. */
  step(): boolean {
    if (this.hasGivenUp || this.outcomes.length === this.#world.calls.length) return false;
    const before = this.sent;
    this.#machine ??= this.meeting.begin(this.#world.callOf(this));
    const outcome = this.#stepOn();
    if (outcome !== DONE) return this.sent > before;
    this.#machine = null;
    this.outcomes.push(this.#outcome());
    return true;
  }

  /** As `BellPace` and `Group` do it, in the midst of a call or before it. */
  giveUp(): void {
    this.someoneDied = true;
    this.hasGivenUp = true;
    if (this.#machine) this.meeting.mind();
    else expect(() => this.meeting.begin(this.#world.callOf(this))).toThrow("has died");
  }

  #stepOn() {
    for (;;) {
      const outcome = this.#machine!.step();
      if (outcome !== GOING) return outcome;
    }
  }

  #outcome(): Outcome {
    try {
      this.meeting.checkOutcome();
      return { payload: [...this.meeting.payload] };
    } catch (error) {
      const { code, rank } = error as PshmemError;
      return { code, rank };
    }
  }

  #letters(node: number): Letters {
    const letters: unknown = {
      awaited: null,
      needed: [],
      start: (dest: number, tag: number, bytes: Uint8Array) => {
        this.#world.send(node, dest, tag, bytes);
        return { done: true };
      },
      *leaving() {},
      release() {},
      abandonPieces() {},
      receiving: (source: number, tag: number) => this.#receiving(source, tag),
    };
    return letters as Letters;
  }

  *#receiving(source: number, tag: number): Waits<Uint8Array> {
    for (;;) {
      const bytes = this.arrived.get(`${source}.${tag}`)?.shift();
      if (bytes) {
        this.payloads += Number(unpackStatement(bytes).payload.length > 0);
        return bytes;
      }
      yield;
    }
  }
}

/** Leaders of nodes of one rank each, that make some calls one after the other. */
class World {
  readonly leaders: readonly Leader[];
  readonly nodes: number;
  readonly calls: readonly ((node: number) => Call)[];
  readonly #mutant: Mutant;

  constructor(nodes: number, calls: readonly ((node: number) => Call)[], mutant: Mutant = {}) {
    this.nodes = nodes;
    this.calls = calls;
    this.#mutant = mutant;
    this.leaders = Array.from({ length: nodes }, (_, node) => new Leader(this, node));
  }

  callOf(leader: Leader): Call {
    return this.calls[leader.outcomes.length](this.leaders.indexOf(leader));
  }

  send(from: number, to: number, tag: number, bytes: Uint8Array): void {
    const leader = this.leaders[from];
    const isPassedOn =
      tag === LETTER.EXCHANGE && isLoss(unpackStatement(bytes).statement) && !leader.hasGivenUp;
    if (this.#mutant.keepsLosses && isPassedOn) return;
    leader.sent++;
    const { arrived } = this.leaders[to];
    const key = `${from}.${tag}`;
    arrived.set(key, [...(arrived.get(key) ?? []), bytes]);
  }

  /** Until nobody can go on; `breaksOff` is asked before each step of each leader. */
  run(breaksOff: (leader: number, sent: number) => boolean = () => false): void {
    for (let moved = true; moved;) {
      moved = false;
      this.leaders.forEach((leader, node) => {
        if (!leader.hasGivenUp && breaksOff(node, leader.sent)) {
          leader.giveUp();
          moved = true;
        }
        moved = leader.step() || moved;
      });
    }
  }
}

const NODES = Array.from({ length: 17 }, (_, i) => i + 1);
const PAYLOAD = Uint8Array.of(7, 8, 9);
const barrier = (): Call => ({ op: "barrier" });
const bcastFrom =
  (root: number) =>
  (node: number): Call => ({ op: "bcast", root, payload: node === root ? PAYLOAD : undefined });

describe.each(NODES)("%i leaders", (nodes) => {
  const everyone = Array.from({ length: nodes }, (_, node) => node);
  /** Pairs of leaders; of many leaders those with the first, and each by itself. */
  const pairs = everyone
    .flatMap((first) => everyone.slice(first).map((second) => [first, second] as const))
    .filter(([first, second]) => nodes <= 9 || first === 0 || first === second);

  it("all have the root's payload, which came to each once", () => {
    for (const root of everyone) {
      const world = new World(nodes, [bcastFrom(root), barrier]);
      world.run();
      for (const leader of world.leaders) {
        expect(leader.outcomes).toEqual([{ payload: [...PAYLOAD] }, { payload: [] }]);
        expect(leader.payloads).toBe(leader === world.leaders[root] ? 0 : 1);
      }
      expect(world.leaders[0].sent).toBe(2 * Math.ceil(Math.log2(nodes)));
    }
  });

  it("all throw the fault of the lowest that has one, wherever they are", () => {
    const fault = new PshmemError("BAD_SHAPE", "text");
    for (const [first, second] of pairs) {
      const call = (node: number): Call =>
        node === first || node === second ? { op: "barrier", fault } : barrier();
      const world = new World(nodes, [call, barrier]);
      world.run();
      for (const { outcomes } of world.leaders)
        expect(outcomes).toEqual([{ code: "BAD_SHAPE", rank: first }, { payload: [] }]);
    }
  });

  it("all throw the same mismatch, whoever makes another call", () => {
    for (const [first, second] of pairs) {
      const isOther = (node: number) => node === first || node === second;
      const world = new World(nodes, [(node) => (isOther(node) ? { op: "split" } : barrier()), barrier]);
      world.run();
      const rank = everyone.find((node) => isOther(node) !== isOther(0));
      const outcome = rank === undefined ? { payload: [] } : { code: "MISMATCH", rank };
      for (const { outcomes } of world.leaders) expect(outcomes).toEqual([outcome, { payload: [] }]);
    }
  });
});

/** Meetings, of which the others have begun the second or the third at the most when a leader breaks off in the first or second. */
const CALLS = [barrier, bcastFrom(0), barrier, barrier, barrier];

/** Nobody waits for good, and whoever has heard of the loss hears of it in all later meetings. */
function endsWell(world: World): boolean {
  return world.leaders.every(({ outcomes, hasGivenUp }) => {
    const codes = outcomes.map((outcome) => ("code" in outcome ? outcome.code : "fine"));
    const isInOrder = codes.join().match(/^(fine,?)*(RANK_LOST,?)*$/) !== null;
    return isInOrder && (hasGivenUp || (codes.length === CALLS.length && codes.at(-1) === "RANK_LOST"));
  });
}

/** How many messages a leader sends in two meetings: after each of them it may break off. */
const placesOf = (nodes: number) =>
  Array.from({ length: 2 * Math.ceil(Math.log2(nodes)) + 1 }, (_, sent) => sent);

describe("a leader that breaks off", () => {
  it.each(NODES.slice(1))("is heard of by all, of %i, wherever it does", (nodes) => {
    // Ranks differ in their order alone, and nodes in that of one or two.
    const some = nodes <= 9 ? NODES.slice(0, nodes).map((count) => count - 1) : [0, 1, nodes - 1];
    for (const who of some) {
      for (const when of placesOf(nodes)) {
        const world = new World(nodes, CALLS);
        world.run((leader, sent) => leader === who && sent >= when);
        expect(endsWell(world), `leader ${who} after ${when} messages`).toBe(true);
      }
    }
  });

  it.each([2, 3, 5])("is heard of by all, of %i, also if another one does too", (nodes) => {
    const places = placesOf(nodes);
    for (let who = 0; who < nodes; who++) {
      for (let other = 0; other < who; other++) {
        for (const when of places) {
          for (const then of places) {
            const world = new World(nodes, CALLS);
            world.run(
              (leader, sent) => (leader === who && sent >= when) || (leader === other && sent >= then),
            );
            expect(endsWell(world), `leaders ${who} and ${other} after ${when} and ${then} messages`).toBe(
              true,
            );
          }
        }
      }
    }
  });

  it("is noticed to be waited for, where whoever hears of it does not pass it on", () => {
    const ends = placesOf(5).map((when) => {
      const world = new World(5, CALLS, { keepsLosses: true });
      world.run((leader, sent) => leader === 1 && sent >= when);
      return endsWell(world);
    });
    expect(ends).toContain(false);
  });
});
