/** Pieces of shared memory: none is two ranks' unawares, and none is given away while somebody uses it. */
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  BLOCK_ALIGN,
  Heap,
  LARGEST_SHARED,
  PIECE_ALIGN,
  type Memory,
  type Piece,
} from "../../dist/node/heap.js";

const SIZE = 3;

/** Blocks that all ranks of a test can reach. */
class Blocks {
  readonly blocks = new Map<string, SharedArrayBuffer>();
  made = 0;
  /** Blocks that a rank has given up. */
  released = 0;

  memoryOf(owner: number): Memory {
    return {
      create: (bytes) => {
        const block = { id: this.made++, buffer: new SharedArrayBuffer(bytes) };
        this.blocks.set(`${owner}.${block.id}`, block.buffer);
        return block;
      },
      attach: (from, id) => this.blocks.get(`${from}.${id}`)!,
      release: () => void this.released++,
      withdraw: (id) => void this.blocks.delete(`${owner}.${id}`),
      readable: (buffer) => buffer,
      promised: null,
      collect: null,
    };
  }
}

function noMemory(): never {
  throw new RangeError("none");
}

const everyone = Array.from({ length: SIZE }, (_, rank) => rank);

/** A piece lent to all ranks, and who still uses it. */
interface Loan {
  readonly pieces: readonly Piece[];
  readonly mark: number;
  readonly open: Set<number>;
}

/** Heaps under which a random program runs; `fault` is the first promise found broken. */
class Ranks {
  readonly blocks = new Blocks();
  readonly heaps = everyone.map((rank) => new Heap(this.blocks.memoryOf(rank), rank, everyone));
  readonly loans: Loan[] = [];
  fault = "";
  #mark = 0;

  lend(owner: number, bytes: number): void {
    const piece = this.heaps[owner].allocate(bytes, everyone);
    const pieces = everyone.map((rank) =>
      rank === owner ? piece : this.heaps[rank].attach(piece.location, bytes),
    );
    const mark = (this.#mark = (this.#mark % 250) + 1);
    const loan = { pieces, mark, open: new Set(everyone) };
    for (const one of pieces) {
      const align = bytes > LARGEST_SHARED ? BLOCK_ALIGN : PIECE_ALIGN;
      if (one.byteOffset % align !== 0) this.fault ||= "a piece is not aligned";
      if (one.byteLength !== bytes) this.fault ||= "a piece has another size";
    }
    if (bytesOf(piece).some((byte) => byte !== 0)) this.fault ||= "a piece is not zeroed";
    bytesOf(piece).fill(mark);
    this.loans.push(loan);
  }

  close(index: number, rank: number): void {
    const loan = this.loans[index % Math.max(1, this.loans.length)];
    if (!loan) return;
    // Twice is once.
    loan.pieces[rank].close();
    loan.pieces[rank].close();
    loan.open.delete(rank);
  }

  check(): void {
    for (const { pieces, mark, open } of this.loans) {
      for (const rank of open) {
        if (bytesOf(pieces[rank]).some((byte) => byte !== mark))
          this.fault ||= "a piece in use was given away";
      }
    }
  }
}

function bytesOf({ buffer, byteOffset, byteLength }: Piece): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}

const size = fc.oneof(
  fc.nat(200),
  fc.constantFrom(0, 64, 960, 961, 1024, 1025, 5000, 131_008, 131_009, 200_000),
);
const deed = fc.oneof(
  fc.record({ lend: fc.nat(SIZE - 1), bytes: size }),
  fc.record({ close: fc.nat(), rank: fc.nat(SIZE - 1) }),
);

/** A piece to which rank 1 has attached, and rank 2 has not; the owner discards it, and makes many others of its size. */
function discarded(isSettled: boolean) {
  const ranks = new Ranks();
  const [heap, other] = ranks.heaps;
  const piece = heap.allocate(64, everyone);
  const attached = other.attach(piece.location, 64);
  heap.discard(piece, everyone, isSettled);
  // As many again: then the owner has looked for what is closed.
  const lendMany = () => {
    for (let rounds = ranks.loans.length + 64; rounds > 0; rounds--) ranks.lend(0, 64);
  };
  const uses = () =>
    ranks.loans.filter(({ pieces }) => pieces[0].location.slot === piece.location.slot).length;
  lendMany();
  return { ranks, piece, attached, lendMany, uses };
}

describe("Heap", () => {
  it("keeps every piece apart until all have closed it", () => {
    fc.assert(
      fc.property(fc.array(deed, { maxLength: 60 }), (deeds) => {
        const ranks = new Ranks();
        for (const one of deeds) {
          if ("lend" in one) ranks.lend(one.lend, one.bytes);
          else ranks.close(one.close, one.rank);
        }
        ranks.check();
        expect(ranks.fault).toBe("");
      }),
      { numRuns: 60 },
    );
  });

  it("uses freed pieces again: ten thousand arrays take one chunk", () => {
    const ranks = new Ranks();
    for (let round = 0; round < 10_000; round++) {
      ranks.lend(0, 100 + (round % 3));
      for (const rank of everyone) ranks.close(0, rank);
      ranks.loans.length = 0;
    }
    expect(ranks.fault).toBe("");
    expect(ranks.blocks.made).toBe(1);
  });

  it("makes few chunks, however many pieces are in use", () => {
    const blocks = new Blocks();
    const heap = new Heap(blocks.memoryOf(0), 0, everyone);
    const places = Array.from({ length: 2000 }, () => {
      const { block, slot } = heap.allocate(100_000, everyone).location;
      return `${block}.${slot}`;
    });
    expect(new Set(places).size).toBe(2000);
    // 250 MiB in chunks of 1, 2, 4, 8, 16, and then 32 MiB.
    expect(blocks.made).toBe(12);
  });

  it("does not use a piece again that one rank has not closed", () => {
    const ranks = new Ranks();
    for (let round = 0; round < 300; round++) {
      ranks.lend(0, 64);
      for (const rank of [0, 2]) ranks.close(round, rank);
    }
    ranks.check();
    expect(ranks.fault).toBe("");
  });

  it("is found out when a rank counts twice", () => {
    const ranks = new Ranks();
    for (let round = 0; round < 300; round++) {
      ranks.lend(0, 64);
      const { pieces } = ranks.loans[round];
      for (let i = 0; i < SIZE; i++)
        Atomics.add(new Int32Array(pieces[0].buffer, pieces[0].byteOffset - 64, 1), 0, 1);
    }
    ranks.check();
    expect(ranks.fault).toBe("a piece in use was given away");
  });

  it("takes back what nobody attached to", () => {
    const ranks = new Ranks();
    const [heap] = ranks.heaps;
    const large = heap.allocate(300_000, everyone);
    heap.discard(large, everyone);
    expect(ranks.blocks.blocks.size).toBe(0);
    for (let round = 0; round < 20_000; round++) heap.discard(heap.allocate(500, everyone), everyone);
    expect(ranks.blocks.made).toBe(2);
  });

  it("holds a rank for one that may fail to attach until it is known to have attached", () => {
    const heap = new Heap(new Blocks().memoryOf(0), 0, everyone);
    const freshTo = (audience: readonly number[]) => {
      const piece = heap.allocate(10, audience);
      heap.discard(piece, audience);
      return piece.isFresh;
    };
    expect(freshTo([0])).toBe(false);
    // To have been lent a piece, and to have tried, is not enough.
    for (let tries = 0; tries < 3; tries++) expect(freshTo([0, 1])).toBe(true);
    heap.markKnown(heap.allocate(10, [0, 1]), [0, 1]);
    // Another audience that fails takes nothing back from those who have attached.
    for (let tries = 0; tries < 3; tries++) {
      expect(freshTo(everyone)).toBe(true);
      expect(freshTo([0, 1])).toBe(false);
    }
    heap.markKnown(heap.allocate(10, everyone), everyone);
    expect(freshTo(everyone)).toBe(false);
    // In the next chunk nobody is known.
    const places = Array.from({ length: 9 }, () => heap.allocate(120_000, [0, 1]).location.block);
    expect(new Set(places).size).toBe(2);
    expect(freshTo([0, 1])).toBe(true);
  });

  describe("with a piece that one rank could not attach to", () => {
    it("uses it again once the rank that had attached has closed it too", () => {
      const { ranks, attached, lendMany, uses } = discarded(true);
      expect(uses()).toBe(0);
      attached.close();
      lendMany();
      expect(uses()).toBe(1);
      // In its new use it needs all three: what was counted late would count for one of them.
      for (let loan = 0; loan < ranks.loans.length; loan++)
        for (const rank of [0, 2]) ranks.close(loan, rank);
      lendMany();
      ranks.check();
      expect(ranks.fault).toBe("");
    });

    it("waits for those that may attach yet", () => {
      const { ranks, piece, attached, lendMany, uses } = discarded(false);
      attached.close();
      lendMany();
      expect(uses()).toBe(0);
      const late = ranks.heaps[2].attach(piece.location, 64);
      lendMany();
      expect(uses()).toBe(0);
      late.close();
      lendMany();
      expect(uses()).toBe(1);
      ranks.check();
      expect(ranks.fault).toBe("");
    });
  });

  it("gives a large piece a block of its own", () => {
    const ranks = new Ranks();
    ranks.lend(0, 64);
    ranks.lend(0, 200_000);
    ranks.lend(1, 200_000);
    expect(ranks.blocks.made).toBe(3);
    expect(new Set(ranks.loans.map((loan) => loan.pieces[0].buffer)).size).toBe(3);
    for (const index of [0, 1]) for (const rank of everyone) ranks.close(index, rank);
    // Once by each rank, for the large piece only.
    expect(ranks.blocks.released).toBe(SIZE);
  });

  it("passes on that there is no memory", () => {
    const heap = new Heap({ ...new Blocks().memoryOf(0), create: noMemory }, 0, everyone);
    const error = { code: "NO_MEMORY", bytes: 1024 * 1024, available: expect.any(Number) };
    expect(() => heap.allocate(10, everyone)).toThrow(expect.objectContaining(error));
  });
});
