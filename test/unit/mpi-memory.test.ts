import { describe, expect, it } from "vitest";
import { ProcessMemory } from "../../src/mpi/memory.ts";

/** A rank of a node; here both ranks are this process, which finds its own descriptors through /proc as another's. */
const rankMemory = (rank: number) => new ProcessMemory("memfd", "unit", rank, () => process.pid);

describe.runIf(process.platform === "linux")("memory of a node's processes", () => {
  it("reaches the same bytes on both sides", () => {
    const [owner, other] = [rankMemory(0), rankMemory(1)];
    const { id, buffer } = owner.create(4096, [0, 1]);
    const mapped = other.attach(0, id, 4096);
    new Int32Array(buffer)[100] = 7;
    expect(new Int32Array(mapped)[100]).toBe(7);
    owner.end();
  });

  it("gives no id twice while the first block is in use, though its descriptor's number comes again", () => {
    const [owner, other] = [rankMemory(0), rankMemory(1)];
    const ids = Array.from({ length: 50 }, (_, index) => {
      const { id, buffer } = owner.create(4096, [0, 1]);
      new Int32Array(buffer)[100] = index;
      const mapped = other.attach(0, id, 4096);
      expect(new Int32Array(mapped)[100]).toBe(index);
      return id;
    });
    expect(new Set(ids).size).toBe(50);
    owner.end();
  });
});
