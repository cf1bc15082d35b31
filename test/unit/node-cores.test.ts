/** How many cores the ranks of a node have between them. */
import { availableParallelism } from "node:os";
import { expect, it } from "vitest";
import { coresOf, numbersIn } from "../../dist/node/cores.js";

it("reads lists of cores as the kernel writes them", () => {
  expect(numbersIn("0")).toEqual([0]);
  expect(numbersIn("0-3,8,10-11")).toEqual([0, 1, 2, 3, 8, 10, 11]);
});

it("counts a core once, however many may use it", () => {
  expect(coresOf([process.pid, process.ppid])).toBeGreaterThanOrEqual(coresOf([process.pid]));
  expect(coresOf([process.pid, process.pid])).toBe(coresOf([process.pid]));
});

it("takes this process's own cores where the system does not tell", () => {
  expect(coresOf([-1])).toBe(availableParallelism());
});
