/** The one class of errors. */
import { inspect } from "node:util";
import { expect, it } from "vitest";
import { errorIn } from "../../dist/comm/arguments.js";
import {
  ERROR_CODES,
  errorOf,
  isPshmemError,
  PshmemError,
  RankLostError,
  type ErrorCode,
} from "../../dist/errors.js";
import { world } from "../../dist/index.js";

it("an error has its code, its fields and its cause, and nothing that is not set", () => {
  const cause = new Error("inner");
  const error = new PshmemError("BAD_RANK", "text", { rank: 2, actual: undefined, cause });
  expect(error).toBeInstanceOf(Error);
  expect([error.name, error.code, error.message, error.rank, error.cause]).toEqual([
    "PshmemError",
    "BAD_RANK",
    "text",
    2,
    cause,
  ]);
  expect(Object.keys(new PshmemError("BAD_RANK", "text")).toSorted()).toEqual(["code", "name"]);
  expect(inspect(new PshmemError("BAD_RANK", "text"))).not.toContain("undefined");
  expect("cause" in new PshmemError("BAD_RANK", "text")).toBe(false);
});

it("a field given as undefined is not set, in whatever way an error is made", () => {
  const unset = { rank: undefined, expected: undefined, actual: undefined, task: undefined };
  const fault = new PshmemError("BAD_TAG", "text", { ...unset, actual: 0 });
  expect(Object.keys(fault).toSorted()).toEqual(["actual", "code", "name"]);
  expect(fault.actual).toBe(0);
  const lost = new RankLostError("text", { ...unset, lost: [1] });
  for (const error of [
    errorOf("BAD_TAG", "text", unset),
    lost,
    errorIn("send", lost),
    errorIn("send", fault),
  ])
    expect(inspect(error)).not.toContain("undefined");
  expect(errorIn("send", lost)).toMatchObject({ name: "RankLostError", call: "send", lost: [1] });
});

it("an error of a local call shows no field that is not set", () => {
  let found: unknown;
  try {
    world().send(1, 0, -1);
  } catch (error) {
    found = error;
  }
  expect(found).toMatchObject({ code: "BAD_TAG", call: "send", actual: -1 });
  expect(found).not.toHaveProperty("expected");
  expect(inspect(found)).not.toContain("undefined");
});

it("an error is told by its class and its code", () => {
  const error: unknown = new PshmemError("TIMEOUT", "text");
  expect(isPshmemError(error)).toBe(true);
  expect(isPshmemError(error, "TIMEOUT")).toBe(true);
  expect(isPshmemError(error, "ABORTED")).toBe(false);
  for (const other of [new Error("text"), null, undefined, { code: "TIMEOUT" }, "TIMEOUT"]) {
    expect(isPshmemError(other)).toBe(false);
  }
});

it("every code says what it stands for", () => {
  for (const [code, text] of Object.entries(ERROR_CODES)) {
    expect(code).toMatch(/^[A-Z]+(_[A-Z]+)*$/);
    expect(text).toMatch(/^.{15,}[^.]$/);
    expect(new PshmemError(code as ErrorCode, text).code).toBe(code);
  }
});
