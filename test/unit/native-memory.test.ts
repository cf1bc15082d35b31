import { readdirSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { ProcessMemory } from "../../src/native/memory.ts";

/** A rank of a node; here both ranks are this process, which finds its own descriptors through /proc as another's. */
const rankMemory = (me: number, guarded = false) =>
  new ProcessMemory({ method: "memfd", job: "unit", me, pidOf: () => process.pid, guarded });

const descriptors = () => readdirSync("/proc/self/fd").length;

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
});
