/** A batch that cannot be made leaves nothing behind. */
import { expect, it, vi } from "vitest";
import { PshmemError } from "../../dist/errors.js";
import { MPIBatch, world } from "../../dist/index.js";
import { engineOf } from "../../dist/world.js";

it("closes its words if there is no memory for the workers' communicators", () => {
  const comm = world().dup();
  const engine = engineOf(comm);
  const make = engine.allocateWords.bind(engine);
  const close = vi.fn<() => void>();
  vi.spyOn(engine, "allocateWords").mockImplementation((...args) => {
    const words = make(...args);
    vi.spyOn(words, "close").mockImplementation(close);
    return words;
  });
  const split = vi.spyOn(comm, "split").mockImplementation(() => {
    throw new PshmemError("NO_MEMORY", "for the test");
  });
  expect(() => new MPIBatch(comm, 1, 3)).toThrow(expect.objectContaining({ code: "NO_MEMORY" }));
  expect(close).toHaveBeenCalledOnce();
  split.mockRestore();
  using batch = new MPIBatch(comm, 1, 3);
  expect([...batch]).toEqual([0, 1, 2]);
  expect(close).toHaveBeenCalledOnce();
});
