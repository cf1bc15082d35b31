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

it("says what is wrong by name, value and rank", () => {
  const alone = fakeWorld({});
  expect(() => mpiOptions(alone, { PSHMEM_WINDOWS: "foo" })).toThrow(
    'PSHMEM_WINDOWS is "foo" on rank 0; it must be rma or messages, or unset, and the same on all ranks',
  );
  const both = { ...alone, allgather: (words: readonly number[]) => Int32Array.from([...words, ...words]) };
  expect(() => mpiOptions(both, { PSHMEM_PROGRESS: "foo" })).toThrow(
    'PSHMEM_PROGRESS is "foo" on all ranks; it must be thread, or unset, and the same on all ranks',
  );
});

it("says what each rank has where they differ", () => {
  const other = said({ PSHMEM_WINDOWS: `größer${"!".repeat(100)}` });
  for (const [own, shown] of [
    [{}, "unset"],
    [{ PSHMEM_WINDOWS: "rma" }, '"rma"'],
  ] as const) {
    let call = 0;
    const allgather = (words: readonly number[]) => Int32Array.from([...words, ...other[call++]]);
    expect(() => mpiOptions({ ...fakeWorld({}), allgather }, own)).toThrow(
      `PSHMEM_WINDOWS is ${shown} on rank 0, "größer${"!".repeat(55)} on rank 1; it must be rma or messages`,
    );
  }
});

/** What a rank says in each gathering, where a value of its own is unknown. */
function said(env: Readonly<Record<string, string>>): (readonly number[])[] {
  const calls: (readonly number[])[] = [];
  const allgather = (words: readonly number[]) => {
    calls.push(words);
    return Int32Array.from(words);
  };
  expect(codeOfError(() => mpiOptions({ ...fakeWorld({}), allgather }, env))).toBe("BAD_LAUNCH");
  return calls;
}

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
