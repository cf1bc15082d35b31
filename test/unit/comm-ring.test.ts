/** Slabs passed around a ring of leaders, with messages that come at random times. */
import * as fc from "fast-check";
import { expect, test } from "vitest";
import type { Slab } from "../../dist/comm/engine.js";
import type { Letters } from "../../dist/comm/letters.js";
import { passAround } from "../../dist/comm/ring.js";
import { Rounds } from "../../dist/comm/rounds.js";
import type { Landing } from "../../dist/node/landing.js";
import type { Outgoing } from "../../dist/node/post.js";

/** What can be wrong with the post, so that the test must notice. */
interface Mutant {
  /** Tells the sender that it may use the bytes again before they are read. */
  readonly doneEarly?: boolean;
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

/** How many messages each leader sends when all pass their slabs; `pick` chooses who does the next step. */
function play(
  memories: readonly Uint8Array[],
  slabs: readonly (readonly Slab[])[],
  pick: (count: number) => number,
  mutant: Mutant = {},
): number[] {
  const nodes = memories.length;
  const edges = memories.map(() => new Edge(mutant));
  const running = memories.map((bytes, node) => {
    const letters: unknown = {
      take: () => null,
      startPiece: (dest: number, piece: Uint8Array) => {
        expect(dest).toBe((node + 1) % nodes);
        return edges[node].send(piece);
      },
      expectPiece: (source: number, place: Uint8Array) => {
        expect(source).toBe((node + nodes - 1) % nodes);
        return edges[source].expect(place);
      },
    };
    const { buffer, byteOffset, byteLength } = bytes;
    const standing = {
      nodes: memories.map((_, other) => [other]),
      nodeIndex: node,
      nodeCount: nodes,
      nodeRank: 0,
    };
    return passAround(new Rounds(letters as Letters, standing), { buffer, byteOffset, byteLength }, slabs);
  });
  const left = new Set(running);
  for (let idle = 0; left.size > 0; idle++) {
    if (idle > 10_000) throw new Error("nobody can go on");
    const ready = edges.filter((edge) => edge.isReady);
    const at = pick(left.size + ready.length);
    if (at >= left.size) {
      ready[at - left.size].deliver();
      idle = 0;
    } else {
      const script = [...left][at];
      if (script.next().done) left.delete(script);
    }
  }
  return edges.map((edge) => edge.sent);
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
