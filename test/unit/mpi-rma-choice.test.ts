import { expect, it } from "vitest";
import { codeOfError, fakeWorld } from "./mpi-world.ts";
import { mpiOptions } from "../../src/mpi/options.ts";
import { chooseWindows } from "../../src/mpi/rma.ts";

it("reads the wishes of the environment", () => {
  const world = fakeWorld({ threadLevel: 3 });
  expect(mpiOptions(world, {})).toEqual({ windows: null, progress: null });
  expect(mpiOptions(world, { PSHMEM_WINDOWS: "", PSHMEM_PROGRESS: "" })).toEqual({
    windows: null,
    progress: null,
  });
  expect(mpiOptions(world, { PSHMEM_WINDOWS: "rma", PSHMEM_PROGRESS: "thread" })).toEqual({
    windows: "rma",
    progress: "thread",
  });
});

it("refuses values that are unknown here or on another rank, or that differ", () => {
  const alone = fakeWorld({});
  expect(codeOfError(() => mpiOptions(alone, { PSHMEM_WINDOWS: "RMA" }))).toBe("BAD_LAUNCH");
  for (const other of [-1, 0, 2]) {
    const two = fakeWorld({ other: [other, 0, 3] });
    expect(codeOfError(() => mpiOptions(two, { PSHMEM_WINDOWS: "rma" }))).toBe("BAD_LAUNCH");
  }
});

it("refuses a helper thread where MPI may not be called by two threads", () => {
  const world = fakeWorld({ threadLevel: 1 });
  expect(codeOfError(() => mpiOptions(world, { PSHMEM_PROGRESS: "thread" }))).toBe("UNSUPPORTED");
  expect(mpiOptions(world, {}).progress).toBe(null);
});

it("makes no window where one node, or a wish, needs none", () => {
  expect(chooseWindows(fakeWorld({ nodeOf: [0, 0] }), null).kind).toBe("memory");
  expect(chooseWindows(fakeWorld({ nodeOf: [0, 0] }), "rma").kind).toBe("memory");
  expect(chooseWindows(fakeWorld({ nodeOf: [0, 1] }), "messages").kind).toBe("messages");
});

it("falls back to messages where MPI makes no window, and says so when forced", () => {
  const world = fakeWorld({ nodeOf: [0, 1] });
  expect(chooseWindows(world, null)).toEqual({ kind: "messages", reason: "no windows here", memory: null });
  expect(codeOfError(() => chooseWindows(world, "rma"))).toBe("UNSUPPORTED");
});
