import { spawnSync } from "node:child_process";
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { newOwner, ownerText } from "../../dist/batch/owner.js";
import { DONE, FAILED, INVALID, OPEN, RUNNING } from "../../dist/batch/states.js";
import { reopenTasks, surveyTasks } from "../../dist/batch/survey.js";

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "survey-"));
  const states = { a: "OPEN", b: "RUNNING", c: "DONE", d: "FAILED", e: "RUNNING" };
  for (const [name, state] of Object.entries(states)) {
    mkdirSync(join(root, name));
    writeFileSync(join(root, name, "state"), `${state}\n`);
  }
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

const stateOf = (name: string): string => readFileSync(join(root, name, "state"), "utf8");

test("every directory with a state is a task, and nothing else", () => {
  mkdirSync(join(root, "no task"));
  writeFileSync(join(root, "report.txt"), "OPEN\n");
  symlinkSync("report.txt", join(root, "latest"));
  symlinkSync("gone", join(root, "dangling"));
  symlinkSync("c", join(root, "z"));
  writeFileSync(join(root, "d", "state"), "INVALID\n");
  expect(surveyTasks(root)).toEqual({
    tasks: [
      { name: "a", state: OPEN },
      { name: "b", state: RUNNING },
      { name: "c", state: DONE },
      { name: "d", state: INVALID },
      { name: "e", state: RUNNING },
      { name: "z", state: DONE },
    ],
    faults: [],
  });
});

test("a state that cannot be read is told, and hides no other", () => {
  writeFileSync(join(root, "b", "state"), "HALF");
  const { tasks, faults } = surveyTasks(root);
  expect(tasks.map(({ name }) => name)).toEqual(["a", "c", "d", "e"]);
  expect(faults).toEqual([expect.stringContaining(`${root}/b/state begins with "HALF"`)]);
  expect(reopenTasks(root, new Set([RUNNING]), false)).toEqual({ opened: ["e"], kept: [] });
  expect(stateOf("b")).toBe("HALF");
});

test("tasks are opened by state, and leave nothing else behind", () => {
  expect(reopenTasks(root, new Set([RUNNING, FAILED]), false)).toEqual({
    opened: ["b", "d", "e"],
    kept: [],
  });
  expect(["a", "b", "c", "d", "e"].map(stateOf)).toEqual(["OPEN\n", "OPEN\n", "DONE\n", "OPEN\n", "OPEN\n"]);
  for (const name of ["a", "b", "c", "d", "e"]) expect(readdirSync(join(root, name))).toEqual(["state"]);
});

test("a task whose job runs, or may run, is kept; what a dead job left is opened", () => {
  const claim = (name: string, text: string): void => symlinkSync(text, join(root, name, "claim"));
  const alive = newOwner("other", 0);
  const { pid } = spawnSync(process.execPath, ["-e", ""]);
  claim("b", ownerText(alive));
  claim("e", ownerText({ ...newOwner("dead", 0), pid }));
  claim("d", ownerText({ ...newOwner("far", 0), place: "elsewhere" }));
  const states = new Set([RUNNING, FAILED] as const);
  expect(reopenTasks(root, states, false)).toEqual({ opened: ["e"], kept: ["b", "d"] });
  expect(["b", "d", "e"].map(stateOf)).toEqual(["RUNNING\n", "FAILED\n", "OPEN\n"]);
  expect(reopenTasks(root, states, true)).toEqual({ opened: ["d"], kept: ["b"] });
  expect(readdirSync(join(root, "d"))).toEqual(["state"]);
  expect(readdirSync(join(root, "b"))).toEqual(["claim", "state"]);
});

test("a directory without tasks has none, and one that is not there is an error", () => {
  rmSync(root, { recursive: true });
  expect(() => surveyTasks(root)).toThrow(expect.objectContaining({ code: "FILE_SYSTEM", path: root }));
  mkdirSync(root);
  expect(surveyTasks(root)).toEqual({ tasks: [], faults: [] });
  expect(reopenTasks(root, new Set([DONE]), true)).toEqual({ opened: [], kept: [] });
});

test("links that lead nowhere are no tasks", () => {
  symlinkSync("loop", join(root, "loop"));
  symlinkSync("nothing", join(root, "to-nothing"));
  expect(surveyTasks(root).tasks.map(({ name }) => name)).toEqual(["a", "b", "c", "d", "e"]);
});
