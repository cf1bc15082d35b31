import { expect, it } from "vitest";
import { exceptionGuard } from "../../dist/index.js";
import { runJob } from "../conformance/describe.ts";

const cli = new URL("../../dist/cli/main.js", import.meta.url).pathname;
const program = new URL("./programs/guarded.mjs", import.meta.url).pathname;

const onRanks = (ranks: number, way: string) =>
  runJob(process.execPath, [cli, "run", "-n", String(ranks), program, way]);

it.each(["throw", "reject", "thenable", "foreign"])(
  "ends the whole job when one rank fails: %s",
  async (way) => {
    const { code, output } = await onRanks(3, way);
    expect(code).toBe(1);
    expect(output).toContain("rank 2: TypeError: on purpose");
    expect(output).not.toContain("finished");
  },
);

it("tells an error whose stack cannot be read", async () => {
  const { code, output } = await onRanks(3, "unreadable");
  expect(code).toBe(1);
  expect(output).toContain("rank 2: TypeError: on purpose");
  const uncaught = await onRanks(3, "unhandled, unreadable");
  expect(uncaught.code).toBe(1);
  expect(uncaught.output).toContain("rank 2 failed:\nTypeError: on purpose");
});

it.each([1, 3])(
  "takes a rejected promise that nobody handles for an uncaught error: %i ranks",
  async (ranks) => {
    const { code, output } = await onRanks(ranks, "unhandled");
    expect(code).toBe(1);
    expect(output).toContain(`rank ${ranks - 1} failed:\nTypeError: on purpose`);
    expect(output).not.toContain("finished");
  },
);

it.each(["return", "resolve"])("gives what the function gives: %s", async (way) => {
  const { code, output } = await onRanks(3, way);
  expect(output.trim().split("\n").toSorted()).toEqual([0, 1, 2].map((rank) => `rank ${rank} finished`));
  expect(code).toBe(0);
});

it.each(["throw", "reject", "thenable", "foreign"])("throws on where there is one rank: %s", async (way) => {
  const { code, output } = await runJob(process.execPath, [program, way]);
  expect(code).toBe(1);
  expect(output).toContain("rank 0: TypeError: on purpose");
});

const never = () => expect.unreachable();

/** Something with a `then`, and how often it was asked for. */
function withThen(target: object, then: unknown): { readonly target: object; readonly asked: () => number } {
  let asked = 0;
  const get = () => {
    asked++;
    return then;
  };
  // oxlint-disable-next-line unicorn/no-thenable -- that is what is guarded
  Object.defineProperty(target, "then", { get });
  return { target, asked: () => asked };
}

const thenDone = (settle: (value: string) => void) => settle("done");

it("takes for a promise what await would, and asks once for its then", async () => {
  for (const { target, asked } of [withThen({}, thenDone), withThen(() => {}, thenDone)]) {
    const guarded: unknown = exceptionGuard(null, () => target);
    expect(guarded).toBeInstanceOf(Promise);
    expect([await guarded, asked()]).toEqual(["done", 1]);
  }
  const fails = withThen({}, () => {
    throw new TypeError("on purpose");
  });
  await expect(exceptionGuard(null, () => fails.target)).rejects.toThrow("on purpose");
  const { target } = withThen({}, 5);
  for (const value of [target, null, "then", never]) expect(exceptionGuard(null, () => value)).toBe(value);
});

it("refuses what is no function, no communicator and no time, before anything runs", () => {
  const guard = exceptionGuard as (...args: readonly unknown[]) => unknown;
  const bad = [[null], [null, "fn"], [{}, never], [undefined, never], [null, never, 5]];
  const times = [NaN, Infinity, -1, "5", 1n, null].map((timeout) => [null, never, { timeout }]);
  for (const args of [...bad, ...times]) {
    expect(() => guard(...args)).toThrow(expect.objectContaining({ code: "BAD_ARGUMENT" }));
  }
  expect(guard(null, () => "ran", null)).toBe("ran");
});
