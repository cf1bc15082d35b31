import { availableParallelism } from "node:os";
import { describe, expect, it } from "vitest";
import { parseRun } from "../../dist/cli/arguments.js";

describe("parseRun", () => {
  it("ends its own options at the program", () => {
    const line = parseRun(["-n", "2", "prog.ts", "-n", "7", "--tag-output", "--", "x"]);
    expect(line.nodeOf).toEqual([0, 0]);
    expect(line.program).toBe("prog.ts");
    expect(line.args).toEqual(["-n", "7", "--tag-output", "--", "x"]);
    expect(line.tagOutput).toBe(false);
  });

  it("takes a program after --, whatever its name", () => {
    const line = parseRun(["-n", "2", "--", "-n", "y"]);
    expect(line.program).toBe("-n");
    expect(line.args).toEqual(["y"]);
  });

  it.each([["-n"], ["-np"], ["--ranks"]])("counts ranks with %s", (option) => {
    expect(parseRun([option, "3", "p", "-np"]).nodeOf).toHaveLength(3);
    expect(parseRun([option, "256", "p"]).nodeOf).toHaveLength(256);
    expect(parseRun([option, "3", "p", "-np"]).args).toEqual(["-np"]);
  });

  it("counts ranks by cores, or by the node sizes", () => {
    expect(parseRun(["p"]).nodeOf).toHaveLength(Math.min(availableParallelism(), 256));
    expect(parseRun(["--node-sizes", "3,1", "p"]).nodeOf).toEqual([0, 0, 0, 1]);
  });

  it("reads placement and switches", () => {
    const line = parseRun(["-n4", "--nodes=2", "--placement", "cyclic", "--tag-output", "--tsx", "p"]);
    expect(line).toMatchObject({ nodeOf: [0, 1, 0, 1], tagOutput: true, tsx: true, program: "p" });
  });

  it.each([
    [["-n", "0", "p"], "-n takes whole numbers from 1 to 256, not '0'"],
    [["-n", "257", "p"], "-n 257: at most 256 ranks are threads of one process; start more as processes"],
    [["-n", "9".repeat(400), "p"], "at most 256 ranks"],
    [["--node-sizes", "200,57", "p"], "--node-sizes 200,57 add up to 257: at most 256 ranks"],
    [["-n", "2.5", "p"], "not '2.5'"],
    [["-n", "two", "p"], "not 'two'"],
    [["-n"], "argument missing"],
    [["--nodes", "", "p"], "--nodes takes"],
    [["--node-sizes", "3,0", "p"], "--node-sizes takes"],
    [["-n", "3", "--node-sizes", "3,1", "p"], "add up to 4"],
    [["--placement", "random", "p"], "block or cyclic, not 'random'"],
    [["--frobnicate", "p"], "Unknown option '--frobnicate'"],
    [["--tag-output=3", "p"], "does not take an argument"],
  ])("refuses %j", (argv, text) => {
    expect(() => parseRun(argv)).toThrow(
      expect.objectContaining({ code: "BAD_ARGUMENT", message: expect.stringContaining(text) }),
    );
  });
});
