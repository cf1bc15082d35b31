/** Several processes on one directory at the same time. */
import { spawn, type ChildProcess } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";

const COUNT = 60;
const names = Array.from({ length: COUNT }, (_, i) => `task_${i}`);
const source = new URL("../../dist/batch/batch.js", import.meta.url).href;

let root: string;
beforeEach(() => (root = mkdtempSync(join(tmpdir(), "batch-jobs-"))));
afterEach(() => rmSync(root, { recursive: true, force: true }));

interface Job {
  readonly process: ChildProcess;
  /** The lines printed, when the process has ended. */
  readonly lines: Promise<string[]>;
  /** Resolves when the first line is printed. */
  readonly begun: Promise<void>;
}

/** Starts a program that makes a batch on the directory and then does `body` with it. */
function start(body: string): Job {
  const program = `
    import { MPIBatch } from ${JSON.stringify(source)};
    const options = { taskFsRoot: ${JSON.stringify(root)}, taskFsNames: ${JSON.stringify(names)} };
    const batch = new MPIBatch(null, 1, ${COUNT}, options);
    ${body}`;
  const child = spawn(process.execPath, ["--import", "tsx", "--input-type=module", "-e", program], {
    stdio: ["ignore", "pipe", "inherit"],
    env: { ...process.env, MPI_DISABLE: "1" },
  });
  let text = "";
  const begun = new Promise<void>((resolve) => {
    child.stdout.on("data", (chunk) => {
      text += String(chunk);
      resolve();
    });
  });
  const lines = new Promise<string[]>((resolve) => {
    child.on("close", () => resolve(text.split("\n").filter(Boolean)));
  });
  return { process: child, lines, begun };
}

const WORK = `for (const task of batch) { console.log(task); batch.setTaskState(task, task % 7 ? batch.DONE : batch.FAILED); }`;

test("three jobs work through every task once, and none fails", async () => {
  const jobs = [start(WORK), start(WORK), start(WORK)];
  const all = (await Promise.all(jobs.map(({ lines }) => lines))).flat().map(Number);
  expect(all.toSorted((a, b) => a - b)).toEqual(names.map((_, task) => task));
  expect(jobs.map((job) => job.process.exitCode)).toEqual([0, 0, 0]);
  for (const [task, name] of names.entries()) {
    expect(readFileSync(join(root, name, "state"), "utf8")).toBe(task % 7 ? "DONE\n" : "FAILED\n");
    expect(readdirSync(join(root, name))).toEqual(["state"]);
  }
});

test("a job that was killed leaves a task RUNNING, which two others do not run twice", async () => {
  const killed = start(
    `console.log(batch.nextTask()); await new Promise(() => setInterval(() => {}, 1000));`,
  );
  await killed.begun;
  killed.process.kill("SIGKILL");
  expect(await killed.lines).toEqual(["0"]);
  expect(readFileSync(join(root, names[0], "state"), "utf8")).toBe("RUNNING\n");
  const loop = `for (let task; (task = batch.nextTask({ ignoreRunning: true })) !== null; ) {
    console.log(task); batch.setTaskState(task, batch.DONE); }`;
  const jobs = [start(loop), start(loop)];
  const all = (await Promise.all(jobs.map(({ lines }) => lines))).flat().map(Number);
  expect(all.toSorted((a, b) => a - b)).toEqual(names.map((_, task) => task));
  for (const name of names) expect(readdirSync(join(root, name))).toEqual(["state"]);
});
