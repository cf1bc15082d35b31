/** The one class of errors. */
import { inspect } from "node:util";
import { expect, it } from "vitest";
import { ERROR_CODES, isPshmemError, PshmemError, type ErrorCode } from "../../dist/errors.js";

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
