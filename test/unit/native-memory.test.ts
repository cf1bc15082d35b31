import { readdirSync, statSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { ProcessMemory } from "../../src/native/memory.ts";
import { mapOwn } from "../../src/native/mapping.ts";
import { Offers } from "../../src/native/offers.ts";
import { Heap } from "../../src/node/heap.ts";

/** A rank of a node; here both ranks are this process, which finds its own descriptors through /proc as another's. */
const rankMemory = (me: number, guarded = false) =>
  new ProcessMemory({ method: "memfd", job: "unit", me, pidOf: () => process.pid, guarded });

const descriptors = () => readdirSync("/proc/self/fd").length;

const LARGE = 2 ** 21;

/** All bytes but those before the user's. */
const bytesOf = (buffer: ArrayBufferLike) => new Uint8Array(buffer, 64);

/** The large blocks that there is a descriptor for. */
function inodes(): number[] {
  return readdirSync("/proc/self/fd").flatMap((fd) => {
    const at = statSync(`/proc/self/fd/${fd}`, { throwIfNoEntry: false });
    return at?.size === LARGE ? [at.ino] : [];
  });
}

/** Makes a block that both use and, of one that both have released, closes it again. */
function cycle(owner: ProcessMemory, other: ProcessMemory, ownerFirst: boolean) {
  const { id, buffer } = owner.create(LARGE, [0, 1]);
  const mapped = other.attach(0, id);
  const clean = [buffer, mapped].every((one) => bytesOf(one).every((byte) => byte === 0));
  bytesOf(buffer).fill(1);
  bytesOf(mapped)[5] = 2;
  const same = bytesOf(buffer)[5] === 2;
  const found = inodes();
  if (ownerFirst) owner.release(buffer);
  other.release(mapped);
  if (!ownerFirst) owner.release(buffer);
  return { found, clean, same, stale: [buffer, mapped] };
}

describe.runIf(process.platform === "linux")("memory of a node's processes", () => {
  it("reaches the same bytes on both sides", () => {
    const [owner, other] = [rankMemory(0), rankMemory(1)];
    const { id, buffer } = owner.create(4096, [0, 1]);
    const mapped = other.attach(0, id);
    new Int32Array(buffer)[100] = 7;
    expect(new Int32Array(mapped)[100]).toBe(7);
    owner.end();
  });

  it("gives no id twice while the first block is in use, though its descriptor's number comes again", () => {
    const [owner, other] = [rankMemory(0), rankMemory(1)];
    const ids = Array.from({ length: 50 }, (_, index) => {
      const { id, buffer } = owner.create(4096, [0, 1]);
      new Int32Array(buffer)[100] = index;
      const mapped = other.attach(0, id);
      expect(new Int32Array(mapped)[100]).toBe(index);
      return id;
    });
    expect(new Set(ids).size).toBe(50);
    owner.end();
  });

  it("keeps no descriptor of a block that its owner has released, whoever came first", () => {
    const [owner, other] = [rankMemory(0), rankMemory(1)];
    const before = descriptors();
    for (const ownerFirst of [true, false]) {
      for (let round = 0; round < 50; round++) {
        const { id, buffer } = owner.create(4096, [0, 1]);
        if (ownerFirst) owner.release(buffer);
        const mapped = other.attach(0, id);
        if (!ownerFirst) owner.release(buffer);
        expect(new Uint8Array(mapped)[4095]).toBe(0);
        other.release(mapped);
      }
    }
    // The last is closed when the next is made.
    expect(descriptors() - before).toBeLessThanOrEqual(1);
    owner.end();
    expect(descriptors()).toBe(before);
  });

  it("keeps no descriptor of a chunk that all have attached to, whenever its first piece was used again", () => {
    const before = descriptors();
    // Under the guard no block is kept for the next one.
    const memories = [0, 1, 2].map((me) => rankMemory(me, true));
    const [owner, second, third] = memories.map((memory, me) => new Heap(memory, me, [0, 1, 2]));
    const first = owner.allocate(10, [0, 1]);
    for (const piece of [second.attach(first.location, 10), first]) piece.close();
    const places = Array.from({ length: 200 }, () => owner.allocate(10, [0]).location);
    expect(places).toContainEqual(first.location);
    third.attach(owner.allocate(10, [0, 2]).location, 10);
    expect(descriptors() - before).toBe(1);
    // Those that all have attached to are closed when the next block is made.
    owner.allocate(200_000, [0]);
    owner.allocate(200_000, [0]);
    expect(descriptors() - before).toBe(1);
    memories[0].end();
  });

  it("is shown to users as it is, or under the guard at another address that follows it", () => {
    const [plain, guarded] = [rankMemory(0), rankMemory(0, true)];
    const { buffer: open } = plain.create(4096, [0]);
    expect(plain.readable(open)).toBe(open);
    const { id, buffer } = guarded.create(4096, [0, 1]);
    const attached = rankMemory(1, true).attach(0, id);
    const views = [buffer, guarded.readable(buffer), attached];
    expect(guarded.readable(buffer)).not.toBe(buffer);
    new Int32Array(attached)[100] = 9;
    for (const view of views) expect(new Int32Array(view)[100]).toBe(9);
    // Given back, both read zeros.
    guarded.release(buffer);
    for (const view of [buffer, guarded.readable(buffer)]) expect(new Int32Array(view)[100]).toBe(0);
    expect(new Int32Array(attached)[100]).toBe(9);
    for (const one of [plain, guarded]) one.end();
  });

  it("keeps neither descriptor nor mapping when it cannot be had", () => {
    const memory = rankMemory(0);
    const before = descriptors();
    // More than any machine has, and less than the system calls take.
    expect(() => memory.create(2 ** 46, [0])).toThrow(expect.objectContaining({ bytes: 2 ** 46 }));
    expect(descriptors()).toBe(before);
  });

  describe("large blocks", () => {
    it("are used again when all have released them, all zeros, and stale views see nothing of it", () => {
      const [owner, other] = [rankMemory(0), rankMemory(1)];
      const first = cycle(owner, other, true);
      for (const ownerFirst of [true, false, false, true]) {
        const next = cycle(owner, other, ownerFirst);
        expect(next).toMatchObject({ found: first.found, clean: true, same: true });
        const { id, buffer } = owner.create(LARGE, [0, 1]);
        other.release(other.attach(0, id));
        bytesOf(buffer).fill(3);
        for (const one of [...first.stale, ...next.stale]) {
          expect(new Uint8Array(one).every((byte) => byte === 0)).toBe(true);
        }
        owner.release(buffer);
      }
      owner.end();
      expect(inodes()).toEqual([]);
    });

    it("are not used again while one still uses them", () => {
      const [owner, other] = [rankMemory(0), rankMemory(1)];
      const { id, buffer } = owner.create(LARGE, [0, 1]);
      const mapped = other.attach(0, id);
      owner.release(buffer);
      bytesOf(mapped).fill(7);
      const next = owner.create(LARGE, [0]);
      bytesOf(next.buffer).fill(8);
      expect(bytesOf(mapped).every((byte) => byte === 7)).toBe(true);
      owner.end();
      expect(bytesOf(mapped).every((byte) => byte === 7)).toBe(true);
    });

    it("are kept two at most", () => {
      const owner = rankMemory(0);
      const buffers = Array.from({ length: 5 }, () => owner.create(LARGE, [0]).buffer);
      for (const buffer of buffers) owner.release(buffer);
      expect(inodes().length).toBe(2);
      owner.end();
    });

    it("are kept only if they are a small part of what there is", () => {
      for (const [available, kept] of [
        [127 * LARGE, 1],
        [128 * LARGE, 2],
        [64 * LARGE, 1],
        [63 * LARGE, 0],
      ]) {
        const closed: number[] = [];
        const offers = new Offers(
          (id) => closed.push(id),
          true,
          () => available,
        );
        const buffers = [0, 1].map(() => mapOwn(LARGE));
        for (const [id, buffer] of buffers.entries()) offers.add(id, -1, buffer, 0);
        for (const buffer of buffers) offers.release(buffer);
        expect(2 - closed.length).toBe(kept);
        offers.end();
      }
    });

    it("are given back on request", () => {
      const [owner, other] = [rankMemory(0), rankMemory(1)];
      cycle(owner, other, true);
      expect(inodes().length).toBe(1);
      owner.collect();
      expect(inodes()).toEqual([]);
      // Nothing is kept with a guard, and all the same it can be asked for.
      rankMemory(0, true).collect();
      expect(cycle(owner, other, false)).toMatchObject({ clean: true, same: true });
      owner.end();
    });

    it("that nobody attached to are not kept", () => {
      const owner = rankMemory(0);
      const { id, buffer } = owner.create(LARGE, [0, 1]);
      owner.withdraw(id);
      owner.release(buffer);
      expect(inodes()).toEqual([]);
      owner.end();
    });
  });
});
