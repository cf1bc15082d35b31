/** Slabs passed around a ring of leaders, with messages that come at random times. */
import * as fc from "fast-check";
import { expect, test } from "vitest";
import type { Slab } from "../../dist/comm/engine.js";
import { LETTER, type Letters } from "../../dist/comm/letters.js";
import { passAround } from "../../dist/comm/ring.js";
import { Stages } from "../../dist/comm/stages.js";
import { statementOfLoss, type Statement } from "../../dist/comm/verdict.js";
import { PshmemError } from "../../dist/errors.js";
import type { Landing } from "../../dist/node/landing.js";
import type { Outgoing } from "../../dist/node/post.js";
import type { Waits } from "../../dist/node/script.js";

/** What can be wrong with the post, so that the test must notice. */
interface Mutant {
  /** Tells the sender that it may use the bytes again before they are read. */
  readonly doneEarly?: boolean;
  /** Nobody hears of one that quits. */
  readonly deaf?: boolean;
}

/** The messages from one leader to the next. A message is read when its receiver has named a place, at a random time. */
class Edge {
  readonly #queue: Outgoing[] = [];
  readonly #places: Landing[] = [];
  readonly #mutant: Mutant;
  sent = 0;

  constructor(mutant: Mutant) {
    this.#mutant = mutant;
  }

  send(bytes: Uint8Array): Outgoing {
    const box = { maker: 0, serial: 0, kind: 4 } as const;
    const done = this.#mutant.doneEarly ?? false;
    const message: Outgoing = { box, dest: 0, tag: 0, bytes, sent: 0, left: true, done };
    this.#queue.push(message);
    this.sent++;
    return message;
  }

  expect(bytes: Uint8Array): Landing {
    const landing = { bytes, landed: false };
    this.#places.push(landing);
    return landing;
  }

  get isReady(): boolean {
    return this.#queue.length > 0 && this.#places.length > 0;
  }

  deliver(): void {
    const [message, landing] = [this.#queue.shift()!, this.#places.shift()!];
    expect(message.bytes.length).toBe(landing.bytes.length);
    landing.bytes.set(message.bytes);
    landing.landed = true;
    message.done = true;
  }
}

const NOT_THROUGH: Statement = {
  ...statementOfLoss(0, new PshmemError("RANK_LOST", "one has gone")),
  fault: Uint8Array.of(7),
};

/** Leaders that pass their slabs. */
class Ring {
  readonly edges: readonly Edge[];
  readonly stages: readonly Stages[];
  /** What each leader came to, once it has. */
  readonly ends = new Map<number, Uint8Array | null>();
  readonly #scripts: Map<number, Waits<Uint8Array | null>>;
  readonly #notices: readonly Uint8Array[][];

  constructor(memories: readonly Uint8Array[], slabs: readonly (readonly Slab[])[], mutant: Mutant = {}) {
    const nodes = memories.map((_, node) => [node]);
    this.edges = nodes.map(() => new Edge(mutant));
    this.#notices = nodes.map(() => []);
    this.stages = nodes.map(([node]) => {
      const standing = { nodes, nodeIndex: node, nodeCount: nodes.length, nodeRank: 0 };
      const stages = new Stages(this.#letters(node), standing);
      stages.begin();
      if (mutant.deaf) stages.brokenOff = () => null;
      return stages;
    });
    this.#scripts = new Map(
      memories.map(({ buffer, byteOffset, byteLength }, node) => [
        node,
        passAround(this.stages[node], { buffer, byteOffset, byteLength }, slabs),
      ]),
    );
  }

  /** How many messages each leader has sent. */
  get sent(): number[] {
    return this.edges.map((edge) => edge.sent);
  }

  /** `pick` chooses who does the next step; after so many of them one may quit. */
  run(pick: (count: number) => number, quitter = -1, patience = 0): void {
    for (let idle = 0, steps = 0; ; idle++, steps++) {
      if (idle > 10_000) throw new Error("nobody can go on");
      if (steps === patience && this.#scripts.delete(quitter)) this.stages[quitter].quit(NOT_THROUGH, 1);
      if (this.#scripts.size === 0) return;
      const ready = this.edges.filter((edge) => edge.isReady);
      const at = pick(this.#scripts.size + ready.length);
      if (at >= this.#scripts.size) {
        ready[at - this.#scripts.size].deliver();
        idle = 0;
      } else this.#step([...this.#scripts.keys()][at]);
    }
  }

  #step(node: number): void {
    const { done, value } = this.#scripts.get(node)!.next();
    if (!done) return;
    this.ends.set(node, value);
    this.#scripts.delete(node);
  }

  #letters(node: number): Letters {
    const nodes = this.edges.length;
    const letters: unknown = {
      start: (dest: number, tag: number, bytes: Uint8Array) => {
        if (tag === LETTER.QUIT) this.#notices[dest].push(bytes);
      },
      take: () => this.#notices[node].shift() ?? null,
      abandonPieces() {},
      startPiece: (dest: number, piece: Uint8Array) => {
        expect(dest).toBe((node + 1) % nodes);
        return this.edges[node].send(piece);
      },
      expectPiece: (source: number, place: Uint8Array) => {
        expect(source).toBe((node + nodes - 1) % nodes);
        return this.edges[source].expect(place);
      },
    };
    return letters as Letters;
  }
}

/** How many messages each leader sends when all pass their slabs. */
function play(
  memories: readonly Uint8Array[],
  slabs: readonly (readonly Slab[])[],
  pick: (count: number) => number,
  mutant: Mutant = {},
): number[] {
  const ring = new Ring(memories, slabs, mutant);
  ring.run(pick);
  return ring.sent;
}

/** Each node's memory with its own slabs' bytes, its number from 1 on, in the places of the slabs; and what all must come to. */
function memoriesFor(slabs: readonly (readonly Slab[])[], bytes: number) {
  const fill = (memory: Uint8Array, node: number) => {
    for (const { offset, rowBytes, shape, strides } of slabs[node]) {
      const rows = shape.reduce<number[]>(
        (all, count, axis) =>
          all.flatMap((at) => Array.from({ length: count }, (_, i) => at + i * strides[axis])),
        [offset],
      );
      for (const row of rows) for (let i = 0; i < rowBytes; i++) memory[row + i] = node + 1 + (i % 50) * 5;
    }
    return memory;
  };
  const expected = new Uint8Array(bytes);
  slabs.forEach((_, node) => fill(expected, node));
  return { memories: slabs.map((_, node) => fill(new Uint8Array(bytes), node)), expected };
}

test("every slab comes to every node, in whatever order messages come", () => {
  const ROWS = 40;
  const lists = fc.integer({ min: 2, max: 5 }).chain((nodes) =>
    fc.array(fc.array(fc.integer({ min: 1, max: 6 }), { maxLength: 4 }), {
      minLength: nodes,
      maxLength: nodes,
    }),
  );
  fc.assert(
    fc.property(lists, fc.infiniteStream(fc.nat()), (widths, choices) => {
      // Each slab has some columns of a table of its own.
      let offset = 0;
      const slabs = widths.map((ofNode) =>
        ofNode.map((width): Slab => {
          const slab = {
            offset,
            rowBytes: width,
            shape: width > 4 ? [] : [ROWS],
            strides: width > 4 ? [] : [8],
          };
          offset += 8 * ROWS;
          return slab;
        }),
      );
      const { memories, expected } = memoriesFor(slabs, offset);
      const sent = play(memories, slabs, (count) => choices.next().value! % count);
      for (const memory of memories) expect(Buffer.compare(memory, expected)).toBe(0);
      // What is short of one node travels together.
      const trains = slabs.map((ofNode) => Number(ofNode.length > 0));
      const all = trains.reduce((a, b) => a + b, 0);
      expect(sent).toEqual(trains.map((_, node) => all - trains[(node + 1) % trains.length]));
    }),
    { numRuns: 300 },
  );
});

/** Slabs of two nodes that are many pieces: one in rows, packed, and one in one row. */
function longSlabs(): { slabs: Slab[][]; bytes: number } {
  const half = 6 * 1024 * 1024;
  return {
    slabs: [
      [{ offset: 0, rowBytes: 3000, shape: [half / 4096], strides: [4096] }],
      [{ offset: half, rowBytes: half, shape: [], strides: [] }],
      [],
    ],
    bytes: 2 * half,
  };
}

/** Numbers that look random, from a seed. */
function numbers(seed: number): (count: number) => number {
  let state = seed;
  return (count) => (state = (state * 48_271) % 2_147_483_647) % count;
}

test("long slabs come in pieces, and buffers are used again only when they are read", () => {
  const { slabs, bytes } = longSlabs();
  for (const seed of [1, 2]) {
    const { memories, expected } = memoriesFor(slabs, bytes);
    const sent = play(memories, slabs, numbers(seed));
    for (const memory of memories) expect(Buffer.compare(memory, expected)).toBe(0);
    const [packed, whole] = [Math.ceil((1536 * 3000) / (512 * 1024)), 2];
    expect(sent).toEqual([packed, packed + whole, whole]);
  }
});

test("a post that frees buffers too early is noticed", () => {
  const { slabs, bytes } = longSlabs();
  // Messages wait as long as leaders can do anything.
  const { memories, expected } = memoriesFor(slabs, bytes);
  let steps = 0;
  const late = (count: number) => (steps++ % 50 === 0 ? count - 1 : steps % Math.min(count, 3));
  play(memories, slabs, late, { doneEarly: true });
  expect(memories.some((memory) => Buffer.compare(memory, expected) !== 0)).toBe(true);
});

/** What a ring comes to of which one leader quits after so many steps. */
type Quitting = (quitter: number, patience: number, seed: number, mutant?: Mutant) => string;

function makeQuitting(): Quitting {
  const { slabs, bytes } = longSlabs();
  const { memories: first, expected } = memoriesFor(slabs, bytes);
  return (quitter, patience, seed, mutant) => {
    const memories = first.map((memory) => memory.slice());
    const ring = new Ring(memories, slabs, mutant);
    try {
      ring.run(numbers(seed), quitter, patience);
    } catch (error) {
      return (error as Error).message;
    }
    const untold = [...ring.ends].filter(([, fault]) => fault === null).map(([node]) => node);
    return untold.every((node) => Buffer.compare(memories[node], expected) === 0)
      ? "well"
      : "not all is there";
  };
}

test("a leader that quits keeps nobody waiting, and who is not told has all", () => {
  const quit = makeQuitting();
  fc.assert(
    fc.property(fc.nat(2), fc.nat(120), fc.integer({ min: 1, max: 1e9 }), (quitter, patience, seed) => {
      expect(quit(quitter, patience, seed)).toBe("well");
    }),
    { numRuns: 40 },
  );
  expect(quit(1, 10, 1, { deaf: true })).toBe("nobody can go on");
});
