/** Leaders that pass a long slab on while one of them breaks off, with messages that come at random times. */
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Endpoint } from "../../dist/comm/endpoint.js";
import type { Slab, Writing } from "../../dist/comm/engine.js";
import { Letters } from "../../dist/comm/letters.js";
import { Losses } from "../../dist/comm/losses.js";
import { Meeting } from "../../dist/comm/meeting.js";
import { Stages } from "../../dist/comm/stages.js";
import { GroupTopology } from "../../dist/comm/topology.js";
import type { PshmemError } from "../../dist/errors.js";
import { Board, boardBytes } from "../../dist/node/board.js";
import { DONE, GOING, type Machine } from "../../dist/node/machine.js";
import { BULK, LATER, Post, USER, type Box, type Courier, type Outgoing } from "../../dist/node/post.js";
import { DIED, PRESENT, type Fate } from "../../dist/node/roster.js";

/** What is wrong, so that the test must notice. */
interface Mutant {
  /** Pieces that nobody will take are left where they are. */
  readonly keepsPieces?: boolean;
  /** Who waits in a relay does not look whether a leader has broken off. */
  readonly looksAway?: boolean;
  /** Who hears in a relay that another one quits does not tell it on. */
  readonly keepsToItself?: boolean;
  /** Who waits in a relay also heeds a leader that was through with it, and takes no part in what comes after. */
  readonly heedsTheLater?: boolean;
}

/** When a leader breaks off: after so many steps of this meeting, if it takes so many. */
interface Limit {
  readonly meeting: number;
  readonly steps: number;
}

const BYTES = 4 * 1024 * 1024;
/** In two halves: packed, in eight pieces. */
const SLAB: Slab = { offset: 0, rowBytes: BYTES / 2, shape: [2], strides: [BYTES / 2] };
const CONTEXT = { maker: 0, serial: 0 };
const MARK: Box = { ...CONTEXT, kind: USER };
/** A `set`, and then calls in which all must learn of the loss. */
const MEETINGS = 3;

/** Memory that is used again: a run writes marks of its own. */
const memories = Array.from({ length: 6 }, () => new Uint32Array(new SharedArrayBuffer(BYTES)));
const data = new Uint32Array(BYTES / Uint32Array.BYTES_PER_ELEMENT);
/** Elements from one mark to the next: several in each piece. */
const STRIDE = 2 ** 15;

/** Marks of one run. */
let mark = 0;

function writeMarks(elements: Uint32Array): void {
  for (let at = 0; at < elements.length; at += STRIDE) elements[at] = mark;
}

function hasMarks(elements: Uint32Array): boolean {
  for (let at = 0; at < elements.length; at += STRIDE) if (elements[at] !== mark) return false;
  return true;
}

class Leader {
  readonly post: Post;
  readonly outcomes: string[] = [];
  hasGivenUp = false;
  readonly #limit: Limit | null;
  readonly #stops: boolean;
  readonly #node: number;
  readonly #root: number;
  readonly #announces: boolean;
  readonly #fails: boolean;
  readonly #meeting: Meeting;
  #steps = 0;
  #machine: Machine | null = null;

  constructor(net: Net, node: number, { nodes, root, who, limit, stops, announces, fails }: Case) {
    this.#node = node;
    this.#root = root;
    this.#announces = announces;
    this.#fails = fails ?? false;
    this.#limit = node === who ? limit : null;
    this.#stops = stops;
    const courier: Courier = {
      slice: Infinity,
      longSlice: Infinity,
      push: (message) => net.send(node, message),
      pull: () => false,
    };
    this.post = new Post(node, [courier], () => courier, () => {}); // prettier-ignore
    // The rank that dies is one more, of this node, and known to it alone.
    const members = Array.from({ length: nodes + 1 }, (_, rank) => rank);
    const died = () => this.hasGivenUp;
    const fates = {
      get gone() {
        return Number(died());
      },
      of: (rank: number): Fate => (died() && rank === nodes ? DIED : PRESENT),
    };
    const losses = new Losses(fates, members, nodes + 1);
    const endpoint = { post: this.post } as unknown as Endpoint;
    this.#meeting = net.mutated(
      new Meeting(
        node,
        nodes,
        new GroupTopology(node, members.slice(0, nodes)),
        new Board({ buffer: new SharedArrayBuffer(boardBytes(1)), byteOffset: 0 }, 1),
        new Letters(endpoint, members, CONTEXT, losses),
        losses,
        () => {},
      ),
    );
  }

  /** Whether this leader thinks that the `set` has come to its node. */
  get isSet(): boolean {
    return this.outcomes[0] === "fine";
  }

  get isOver(): boolean {
    const { length } = this.outcomes;
    return (
      this.hasGivenUp || length === MEETINGS || (this.#stops && this.outcomes[length - 1] === "RANK_LOST")
    );
  }

  step(): void {
    if (this.isOver) return;
    if (this.outcomes.length === this.#limit?.meeting && this.#steps++ === this.#limit.steps)
      return this.#giveUp();
    this.#machine ??= this.#begin();
    let outcome = this.#machine.step();
    while (outcome === GOING) outcome = this.#machine.step();
    if (outcome === DONE) this.#end();
  }

  #begin(): Machine {
    if (this.outcomes.length > 0) return this.#meeting.begin({ op: "barrier" });
    return this.#meeting.begin({ op: "MPIShared.set", root: this.#root }, undefined, this.#writing());
  }

  #writing(): Writing {
    return {
      memory: { buffer: memories[this.#node].buffer, byteOffset: 0, byteLength: BYTES },
      write: () => {
        writeMarks(memories[this.#node]);
        return undefined;
      },
      byteLength: BYTES,
      source: () => {
        if (this.#fails) throw new RangeError("Invalid typed array length");
        return this.#announces ? new Uint8Array(data.buffer) : null;
      },
      slab: () => SLAB,
      bytes: () => new Uint8Array(),
    };
  }

  /** As `BellPace` does it when it learns of a death, or as the next call does it. */
  #giveUp(): void {
    this.hasGivenUp = true;
    try {
      if (this.#machine) this.#meeting.mind();
      else this.#begin();
    } catch (error) {
      expect((error as PshmemError).code).toBe("RANK_LOST");
    }
  }

  #end(): void {
    this.#machine = null;
    try {
      this.#meeting.checkOutcome();
      this.outcomes.push("fine");
    } catch (error) {
      this.outcomes.push((error as PshmemError).code);
    }
  }
}

/** What is on its way, for each pair of leaders in the order sent. A long message is read when its receiver has named its place. */
class Net {
  readonly leaders: readonly Leader[];
  readonly #queues: Outgoing[][][];
  readonly #mutant: Mutant;

  constructor(one: Case, mutant: Mutant) {
    this.#mutant = mutant;
    mark++;
    writeMarks(data);
    const everyone = Array.from({ length: one.nodes }, (_, node) => node);
    this.#queues = everyone.map(() => everyone.map(() => []));
    this.leaders = everyone.map((node) => new Leader(this, node, one));
  }

  mutated(meeting: Meeting): Meeting {
    const { stages } = meeting;
    if (this.#mutant.keepsPieces) stages.letters.abandonPieces = () => {};
    if (this.#mutant.looksAway) stages.brokenOff = () => null;
    if (this.#mutant.keepsToItself) {
      stages.brokenOff = () => {
        const quit = stages.quit.bind(stages);
        stages.quit = () => {};
        const fault = Stages.prototype.brokenOff.call(stages);
        stages.quit = quit;
        return fault;
      };
    }
    if (this.#mutant.heedsTheLater)
      stages.quit = (statement) => Stages.prototype.quit.call(stages, statement, 0);
    return meeting;
  }

  send(from: number, message: Outgoing): void {
    message.left = true;
    message.done = message.box.kind !== BULK;
    this.#queues[from][message.dest].push(message);
  }

  /** Whether a message came. */
  deliver(from: number, to: number): boolean {
    const queue = this.#queues[from][to];
    if (queue.length === 0) return false;
    const [{ box, tag, bytes }] = queue;
    const { post } = this.leaders[to];
    const room = post.room(box, from, bytes.length);
    if (room === LATER) return false;
    room.set(bytes);
    post.deliver({ box, source: from, tag, bytes: room });
    queue.shift()!.done = true;
    return true;
  }

  /** In some order, and then until nothing moves any more. */
  run(choices: Iterator<number, never>): void {
    const { length } = this.leaders;
    const pick = () => choices.next().value % length;
    for (let step = 0; step < 400; step++) {
      if (step % 3 === 0) this.leaders[pick()].step();
      else this.deliver(pick(), pick());
    }
    for (let still = 0; still < 3;) still = this.#round() ? 0 : still + 1;
  }

  #round(): boolean {
    let moved = false;
    this.leaders.forEach((leader, from) => {
      const { length } = leader.outcomes;
      leader.step();
      moved ||= leader.outcomes.length > length;
      for (let to = 0; to < this.leaders.length; to++) moved = this.deliver(from, to) || moved;
    });
    return moved;
  }
}

/** What is wrong at the end; "" for nothing. */
function flaw(net: Net, who: number, choices: Iterator<number, never>): string {
  net.run(choices);
  const { leaders } = net;
  // What the one that broke off was through with was all it had to do there; where it did so, others may be through or not.
  const through = leaders[who].hasGivenUp ? leaders[who].outcomes.length : MEETINGS;
  for (const [node, { outcomes, isOver }] of leaders.entries()) {
    if (!isOver) return `leader ${node} waits for good, after ${outcomes.join()}`;
    if (leaders[node].isSet && !hasMarks(memories[node])) return `leader ${node} lacks what was set`;
    const asWanted = outcomes.every((outcome, i) => i === through || (outcome === "fine") === i < through);
    if (!asWanted) return `leader ${node} is lost, or not, after ${through}: ${outcomes.join()}`;
  }
  // Whatever was on its way before, what comes after it comes through.
  for (const { post } of leaders) leaders.forEach((_, to) => post.send(MARK, to, 0, Uint8Array.of(1)));
  net.run(choices);
  for (const [to, { post }] of leaders.entries()) {
    const from = leaders.findIndex((_, source) => !post.peek({ box: MARK, source }));
    if (from >= 0) return `nothing comes from leader ${from} to leader ${to} any more`;
  }
  return "";
}

/** The same numbers for the same seed (Marsaglia 2003, xorshift). */
function* numbersFrom(seed: number): Generator<number, never> {
  for (let state = seed + 1; ;) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    yield state >>> 0;
  }
}

interface Case {
  readonly nodes: number;
  readonly root: number;
  readonly who: number;
  readonly limit: Limit;
  /** Whether leaders call nothing more after their first error. */
  readonly stops: boolean;
  /** Whether the slab is announced when all meet, or told of when the root has written it. */
  readonly announces: boolean;
  /** Whether the root cannot even show its data. */
  readonly fails?: boolean;
  readonly seed: number;
}

/** In the midst of the `set`, or before the call after it. */
const limits = fc.oneof(
  fc.record({ meeting: fc.constant(0), steps: fc.nat(40) }),
  fc.constant<Limit>({ meeting: 1, steps: 0 }),
);

const cases: fc.Arbitrary<Case> = fc.integer({ min: 2, max: 6 }).chain((nodes) =>
  fc.record({
    nodes: fc.constant(nodes),
    root: fc.nat(nodes - 1),
    who: fc.nat(nodes - 1),
    limit: limits,
    stops: fc.boolean(),
    announces: fc.boolean(),
    seed: fc.nat(),
  }),
);

function flawOf(one: Case, mutant: Mutant = {}): string {
  return flaw(new Net(one, mutant), one.who, numbersFrom(one.seed));
}

describe("a root that cannot show its data", () => {
  it("tells all leaders, and the next meetings are fine", () => {
    const limit = { meeting: MEETINGS, steps: 0 };
    const net = new Net(
      { nodes: 5, root: 3, who: 0, limit, stops: false, announces: true, fails: true, seed: 1 },
      {},
    );
    net.run(numbersFrom(1));
    for (const { outcomes } of net.leaders) expect(outcomes).toEqual(["NO_MEMORY", "fine", "fine"]);
  });
});

describe("a leader that breaks off while a slab is passed on", () => {
  it("keeps nobody waiting, and nothing that comes after the slab", () => {
    fc.assert(
      fc.property(cases, (one) => {
        expect(flawOf(one)).toBe("");
      }),
      { numRuns: 300 },
    );
  });

  it("is noticed to be waited for, where others look away", () => {
    const flaws = fc.sample(cases, { numRuns: 100, seed: 1 }).map((one) => flawOf(one, { looksAway: true }));
    expect(flaws.join()).toContain("waits for good");
  });

  it("is noticed to spoil what it has been through, where others heed it too early", () => {
    const flaws = fc
      .sample(cases, { numRuns: 100, seed: 1 })
      .map((one) => flawOf(one, { heedsTheLater: true }));
    expect(flaws.join()).toContain("is lost, or not");
  });

  it("is noticed to be waited for, where who hears of it keeps it to himself", () => {
    const flaws = fc
      .sample(cases, { numRuns: 300, seed: 1 })
      .map((one) => flawOf({ ...one, stops: true }, { keepsToItself: true }));
    expect(flaws.join()).toContain("waits for good");
  });

  it("is noticed to hold messages up, where it leaves pieces", () => {
    const flaws = fc
      .sample(cases, { numRuns: 100, seed: 1 })
      .map((one) => flawOf(one, { keepsPieces: true }));
    expect(flaws.join()).toContain("any more");
  });
});
