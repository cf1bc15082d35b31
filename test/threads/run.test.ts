/** The built command as its users meet it: a child process. */
import { spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { constants, tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import packageDescription from "../../package.json" with { type: "json" };

const MAIN = fileURLToPath(new URL("../../dist/cli/main.js", import.meta.url));
const DEEDS = fileURLToPath(new URL("./programs/deeds.mjs", import.meta.url));
const TYPED = fileURLToPath(new URL("./programs/typed.ts", import.meta.url));

interface Result {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

function start(args: readonly string[], env: NodeJS.ProcessEnv = {}) {
  const child = spawn(process.execPath, [MAIN, ...args], { env: { ...process.env, ...env } });
  const text = { stdout: "", stderr: "" };
  child.stdout.setEncoding("utf8").on("data", (more: string) => (text.stdout += more));
  child.stderr.setEncoding("utf8").on("data", (more: string) => (text.stderr += more));
  const result = new Promise<Result>((resolve, reject) => {
    child.on("error", reject).on("close", (code) => resolve({ code, ...text }));
  });
  const watch = (stream: "stdout" | "stderr") => async (pattern: RegExp) => {
    while (!pattern.test(text[stream])) {
      await new Promise((resolve) => child[stream].once("data", resolve));
    }
  };
  return { child, result, shows: watch("stdout"), warns: watch("stderr") };
}

const pshmem = (...args: string[]): Promise<Result> => start(args).result;
const deed = (ranks: number, ...args: string[]): Promise<Result> =>
  pshmem("run", "-n", `${ranks}`, DEEDS, ...args);

let directory: string;

beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), "pshmem-run-"));
});

afterAll(() => rmSync(directory, { recursive: true }));

function program(name: string, source: string): string {
  const path = join(directory, name);
  writeFileSync(path, source);
  return path;
}

describe("a job that ends well", () => {
  it("passes arguments on untouched", async () => {
    const { code, stdout } = await deed(1, "arguments", "0", "nothing", "-n", "7", "--", "--help", "");
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toEqual([DEEDS, "arguments", "0", "nothing", "-n", "7", "--", "--help", ""]);
  });

  it("lets ranks leave early", async () => {
    expect(await deed(3, "leave", "0", "lines")).toMatchObject({ code: 0, stderr: "" });
  });

  it("leaves errors that the program catches to the program", async () => {
    expect(await deed(1, "catch", "0")).toEqual({ code: 0, stdout: "caught tamed\n", stderr: "" });
  });

  it("says nothing of its own, with however many ranks", async () => {
    expect(await deed(12, "nothing", "all")).toEqual({ code: 0, stdout: "", stderr: "" });
  });

  it("gives the ranks no input", async () => {
    expect(await deed(2, "input", "all")).toEqual({ code: 0, stdout: "no input\nno input\n", stderr: "" });
  });

  it("runs TypeScript, `using` and all", async () => {
    const { code, stdout, stderr } = await pshmem("run", "-n", "2", "--tag-output", TYPED);
    expect(stderr).toBe("");
    expect(code).toBe(0);
    expect(stdout.split("\n").toSorted()).toEqual([
      "",
      "[0] disposed on 0",
      "[0] typed on 0 object",
      "[1] disposed on 1",
      "[1] typed on 1 object",
    ]);
  });

  it("runs TypeScript that cannot be stripped with --tsx", async () => {
    const path = program("enum.mts", "enum Colour { Red }\nconsole.log(Colour[0]);\n");
    expect(await pshmem("run", "-n", "1", "--tsx", path)).toEqual({ code: 0, stdout: "Red\n", stderr: "" });
  });

  it("warns when MPI_DISABLE makes every rank a world of its own", async () => {
    const disabled = start(["run", "-n", "2", DEEDS, "nothing", "0"], { MPI_DISABLE: "1" });
    const { code, stderr } = await disabled.result;
    expect(code).toBe(0);
    expect(stderr).toBe("pshmem: MPI_DISABLE is set: each of the 2 ranks is a world of its own\n");
  });
});

describe("output", () => {
  it("keeps lines whole", async () => {
    const { code, stdout } = await deed(4, "lines", "all");
    const lines = stdout.split("\n");
    expect(code).toBe(0);
    expect(lines.pop()).toBe("");
    expect(lines.every((line) => /^[0-3] \d+ é{30}$/.test(line))).toBe(true);
    for (const rank of ["0", "1", "2", "3"]) {
      const own = lines.filter((line) => line.startsWith(rank)).map((line) => Number(line.split(" ")[1]));
      expect(own).toEqual(Array.from({ length: 5_000 }, (_, line) => line));
    }
  });

  it.each([[[]], [["--tag-output"]], [["--nodes", "2"]], [["--nodes", "2", "--tag-output"]]])(
    "keeps the turns that ranks take by barriers: %j",
    async (options: string[]) => {
      const { stdout } = await pshmem("run", "-n", "4", ...options, DEEDS, "turns", "all");
      const turns = Array.from({ length: 800 }, (_, line) => ({
        round: Math.floor(line / 4),
        rank: line % 4,
      }));
      const tag = (rank: number) => (options.includes("--tag-output") ? `[${rank}] ` : "");
      expect(stdout).toBe(turns.map(({ round, rank }) => `${tag(rank)}${round} ${rank}\n`).join(""));
    },
  );

  it("keeps the turns that ranks take under a lock", async () => {
    const { stdout } = await deed(4, "locked", "all");
    const turns = stdout.trimEnd().split("\n");
    expect(turns.map((line) => Number.parseInt(line))).toEqual(
      Array.from({ length: 800 }, (_, turn) => turn),
    );
  });

  it("tags lines and completes the last", async () => {
    const { stdout } = await pshmem("run", "-n", "2", "--tag-output", DEEDS, "bytes", "1");
    expect(stdout).toBe("[1] zwölf Boxkämpfer 😀\n[1] end\n");
  });

  it("leaves a last line as it is without tags", async () => {
    const { stdout } = await deed(2, "bytes", "1");
    expect(stdout).toBe("zwölf Boxkämpfer 😀\nend");
  });

  it("comes out of a rank that then blocks, and so does progress", async () => {
    const { child, result, shows } = start([
      "run",
      "-n",
      "2",
      "--tag-output",
      DEEDS,
      "speak",
      "0",
      "progress",
    ]);
    await shows(/\[0\] ready\n/);
    await shows(/\[1\] 50%\r/);
    child.kill("SIGTERM");
    const { stdout, stderr } = await result;
    expect(stdout.replace("[1] 50%\r", "")).toBe("[0] one\n[0] two\n[0] ready\n");
    expect(stderr).toBe("[0] three\npshmem: SIGTERM: ended all 2 ranks\n");
  });

  it("ends the job quietly when nobody reads it", async () => {
    const { child, result, shows } = start(["run", "-n", "2", DEEDS, "flood", "all"]);
    await shows(/x/);
    child.stdout.destroy();
    expect(await result).toMatchObject({ code: 141, stderr: "" });
  });
});

describe("a rank that fails", () => {
  it.each(["throw", "throwLater"])("is reported with its rank and cause: %s", async (what) => {
    const { code, stdout, stderr } = await deed(3, what, "2", "block");
    expect(code).toBe(1);
    expect(stdout).toBe("before\n");
    expect(stderr).toMatch(/^pshmem: rank 2 failed:\nTypeError: boom\n {4}at .*deeds\.mjs/);
    expect(stderr).toContain("[cause]: Error: the cause");
  });

  it.each(["block", "spin", "idle"])("ends ranks that %s", async (otherwise) => {
    const { code, stderr } = await deed(2, "reject", "0", otherwise);
    expect(code).toBe(1);
    expect(stderr).toMatch(/^pshmem: rank 0 failed:\nRangeError: late\n/);
  });

  it("may throw what is no error", async () => {
    expect(await deed(1, "throwText", "0")).toEqual({
      code: 1,
      stdout: "",
      stderr: "pshmem: rank 0 failed:\n'just text'\n",
    });
  });

  it("is reported once when all fail", async () => {
    const { code, stderr } = await deed(4, "throwTogether", "all");
    expect(code).toBe(1);
    expect(stderr.match(/TypeError: boom/g)).toHaveLength(1);
    expect(stderr).toMatch(/\npshmem: [123] more ranks? failed too\n$/);
  });

  it("is told with what its handler threw", async () => {
    const { code, stderr } = await deed(2, "handleAndThrow", "1", "block");
    expect(code).toBe(1);
    expect(stderr).toMatch(/^pshmem: rank 1 failed:\nRangeError: late\n/);
    expect(stderr).toContain("\nand its handler failed:\nTypeError: boom\n");
  });

  it("fails where its handlers have been taken away", async () => {
    const { code, stdout, stderr } = await deed(2, "handlersTaken", "1", "block");
    expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
    expect(stderr).toMatch(/^pshmem: rank 1 failed:\nRangeError: late\n/);
    expect(stderr).not.toContain("handler failed");
  });

  it("is not taken for one that it has handled before", async () => {
    const { code, stderr } = await deed(2, "captureAndThrow", "all");
    expect(code).toBe(1);
    expect(stderr).toMatch(/^pshmem: rank [01] failed:\nTypeError.*: boom\n/);
    expect(stderr).not.toContain("late");
    expect(stderr).toMatch(/\npshmem: 1 more rank failed too\n$/);
  });

  it("gives the job its exit code, after all its output", async () => {
    const { code, stdout, stderr } = await pshmem(
      "run",
      "-n",
      "2",
      "--tag-output",
      DEEDS,
      "exit",
      "1",
      "block",
    );
    expect(code).toBe(5);
    expect(stdout.split("\n")).toHaveLength(2_002);
    expect(stdout).toMatch(/\[1\] line 1999\n\[1\] no newline\n$/);
    expect(stderr).toBe("pshmem: rank 1 exited with code 5\n");
  });

  it("fails the job even where the system would keep zero of its code", async () => {
    const { code, stderr } = await deed(2, "exitCode", "1", "block", "256");
    expect({ code, stderr }).toEqual({ code: 1, stderr: "pshmem: rank 1 exited with code 256\n" });
  });

  it.each([
    ["0", 0],
    ["-0", 0],
    ["256", 1],
    ["300", 44],
    ["null", 1],
    ["1.5", 1],
    ['"x"', 1],
    ['"7"', 1],
  ])("that aborts the job with %s ends it with code %i", async (value, code) => {
    const stderr = `pshmem: rank 1 aborted the job with code ${code}\n`;
    expect(await deed(2, "abortWith", "1", "block", value)).toMatchObject({ code, stderr });
  });

  it("may abort the job with a code", async () => {
    expect(await deed(3, "abort", "1", "block")).toEqual({
      code: 7,
      stdout: "before\n",
      stderr: "pshmem: rank 1 aborted the job with code 7\n",
    });
  });

  it("is told about an await that never settles", async () => {
    const { code, stderr } = await deed(2, "never", "1");
    expect(code).toBe(13);
    expect(stderr).toContain("rank 1 exited with code 13, as Node does when a top-level await never settles");
  });

  it.each(["exhaust", "exhaustLater"])("may run out of memory: %s", async (what) => {
    const options = { NODE_OPTIONS: "--max-old-space-size=64" };
    const { code, stderr } = await start(["run", "-n", "2", DEEDS, what, "1", "block"], options).result;
    // On some Nodes the engine may end the whole process before the thread: no code then, but the same words.
    expect([1, null]).toContain(code);
    expect(stderr).toContain("heap out of memory");
    expect(stderr).not.toContain("late");
  });
});

describe("a program that cannot be run", () => {
  it("may not be there", async () => {
    const path = join(directory, "missing.ts");
    const { code, stderr } = await pshmem("run", "-n", "2", path);
    expect({ code, stderr }).toEqual({ code: 1, stderr: `pshmem: no such program file: ${path}\n` });
  });

  it("may not be a program", async () => {
    const path = program("syntax.mjs", "const = ;\n");
    const { code, stderr } = await pshmem("run", "-n", "2", path);
    expect(code).toBe(1);
    expect(stderr.match(/SyntaxError/g)).toHaveLength(1);
    expect(stderr).toContain(
      `\`node --check ${path}\` tells where; if it finds nothing, check the modules that it imports.`,
    );
  });

  it("may lack a module", async () => {
    const path = program("lacks.mjs", 'import "./lacking.mjs";\n');
    const { code, stderr } = await pshmem("run", "-n", "2", path);
    expect(code).toBe(1);
    expect(stderr).toContain("ERR_MODULE_NOT_FOUND");
    expect(stderr).toContain("lacking.mjs");
  });
});

describe("signals", () => {
  it.each(["SIGINT", "SIGTERM", "SIGHUP"] as const)("%s ends every rank", async (signal) => {
    const { child, result, shows } = start(["run", "-n", "2", DEEDS, "speak", "0", "spin"]);
    await shows(/ready/);
    child.kill(signal);
    const { code, stderr } = await result;
    expect(code).toBe(128 + constants.signals[signal]);
    expect(stderr).toContain(`pshmem: ${signal}: ended all 2 ranks`);
  });
});

describe("a second signal", () => {
  it("that follows at once is taken for the first", async () => {
    const { child, result, shows } = start(["run", "-n", "2", DEEDS, "deaf", "1", "block"]);
    await shows(/deaf/);
    for (let repeat = 0; repeat < 4; repeat += 1) {
      child.kill("SIGINT");
      await sleep(10);
    }
    const { code, stderr } = await result;
    expect(code).toBe(130);
    expect(stderr).toContain("pshmem: SIGINT: ended all 2 ranks");
  });

  it("ends the job at once when it comes later", async () => {
    const { child, result, shows, warns } = start(["run", "-n", "2", DEEDS, "deaf", "1", "block"]);
    await shows(/deaf/);
    child.kill("SIGINT");
    await warns(/waiting for rank 1 to stop/);
    child.kill("SIGINT");
    const { code, stderr } = await result;
    expect({ code, signal: child.signalCode }).toEqual({ code: null, signal: "SIGINT" });
    expect(stderr).not.toContain("ended all");
  });
});

describe("the self-test", () => {
  it.each([[["selftest"]], [["selftest", "-n", "2"]], [["run", "-n", "2", "selftest"]]])(
    "passes: %j",
    async (args) => {
      const { code, stderr } = await pshmem(...args);
      expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    },
  );
});

/** Rows of `pshmem bench`. */
const MEASURED = [
  "barrier",
  "set, 8 B",
  "set, 8 KiB",
  "set, 1 MiB",
  "set, 64 MiB",
  "create + close, 8000 B",
  "lock + unlock, free",
  "lock + unlock, all ranks",
  "claim + done, all ranks",
];

describe("the benchmark", () => {
  it.each([
    [["bench"], "serial, ranks: 1, nodes: 1"],
    [["bench", "-n", "2"], "threads, ranks: 2, nodes: 1"],
    [["run", "-n", "2", "--nodes", "2", "bench"], "threads, ranks: 2, nodes: 2"],
  ])("prints a row for each thing it measures: %j", async (args, head) => {
    const { code, stdout, stderr } = await pshmem(...args);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    const [first, , ...rows] = stdout.trimEnd().split("\n");
    expect(first).toBe(head);
    expect(rows.map((row) => row.split(/ {2,}/)[0])).toEqual(MEASURED);
    for (const row of rows) expect(row).toMatch(/ [\d.]+ [nµm]?s {3}[\d.]+ [nµm]?s … [\d.]+ [nµm]?s$/);
  });
});

describe("the command line", () => {
  it.each([
    [[], "no command given"],
    [["walk"], "unknown command 'walk'"],
    [["help", "walk"], "unknown command 'walk'"],
    [["run"], "no program given"],
    [["run", "-n", "0", "p"], "-n takes whole numbers"],
    [["run", "-n", "2", "--nodes", "3", "p"], "3 nodes need at least 3 ranks"],
    [["run", "--walk", "p"], "Unknown option '--walk'"],
    [["info", "p"], "Unexpected argument 'p'"],
    [["selftest", "p"], "unexpected argument 'p'"],
    [["bench", "p"], "unexpected argument 'p'"],
    [["batch"], "no directory given"],
    [["batch", "d", "p"], "unexpected argument 'p'"],
    [["batch", "--list", "GONE", "d"], "--list takes OPEN, RUNNING, DONE, FAILED, INVALID or"],
    [["batch", "--reopen", "OPEN", "d"], "--reopen takes RUNNING, FAILED, DONE"],
  ])("refuses %j with its usage", async (args, text) => {
    const { code, stdout, stderr } = await pshmem(...args);
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(stderr).toMatch(/^pshmem: .*\nusage: pshmem .*\n$/);
    expect(stderr).toContain(text);
  });

  it.each([
    [["--help"], "usage: pshmem <command>"],
    [["-h"], "usage: pshmem <command>"],
    [["help"], "usage: pshmem <command>"],
    [["help", "run"], "usage: pshmem run"],
    [["run", "--help"], "usage: pshmem run"],
    [["info", "--help"], "usage: pshmem info"],
    [["selftest", "-h"], "usage: pshmem selftest"],
    [["bench", "-h"], "usage: pshmem bench"],
    [["batch", "-h"], "usage: pshmem batch"],
    [["--version"], packageDescription.version],
  ])("answers %j", async (args, text) => {
    const { code, stdout, stderr } = await pshmem(...args);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout.startsWith(text)).toBe(true);
  });

  it("counts, lists and opens the tasks of a batch", async () => {
    const root = mkdtempSync(join(tmpdir(), "pshmem-batch-"));
    try {
      const states = ["DONE", "FAILED", "RUNNING", "DONE"];
      for (const [i, state] of states.entries()) {
        mkdirSync(join(root, `t${i}`));
        writeFileSync(join(root, `t${i}`, "state"), `${state}\n`);
      }
      const list = ["batch", "--list", "done,failed", root] as const;
      expect(await pshmem(...list)).toMatchObject({ code: 0, stdout: "t0\nt1\nt3\n", stderr: "" });
      const opened = await pshmem("batch", root, "--reopen", "FAILED,RUNNING");
      expect(opened).toMatchObject({ code: 0, stderr: "pshmem: 2 tasks are OPEN again\n" });
      expect(opened.stdout).toBe("OPEN       2\nRUNNING    0\nDONE       2\nFAILED     0\nall        4\n");
      writeFileSync(join(root, "t0", "state"), "HALF");
      const half = await pshmem("batch", root);
      expect(half).toMatchObject({ code: 1, stderr: expect.stringContaining("t0/state") });
      expect(half.stdout).toContain("unreadable 1\nall        4\n");
      writeFileSync(join(root, "t0", "state"), "INVALID\n");
      const rare = await pshmem("batch", root);
      expect(rare.stdout).toBe(
        "OPEN       2\nRUNNING    0\nDONE       1\nFAILED     0\nINVALID    1\nall        4\n",
      );
      expect(await pshmem("batch", "--list", "INVALID", root)).toMatchObject({ code: 0, stdout: "t0\n" });
      const nowhere = await pshmem("batch", join(root, "gone"));
      expect(nowhere).toMatchObject({ code: 1, stdout: "" });
      expect(nowhere.stderr).toMatch(/^pshmem: cannot read .*gone: ENOENT.*\n$/);
    } finally {
      rmSync(root, { recursive: true });
    }
  });

  it("describes the installation", async () => {
    const env = { PMI_RANK: "3" };
    const json = await start(["info", "--json"], env).result;
    expect(JSON.parse(json.stdout)).toMatchObject({
      version: packageDescription.version,
      node: process.versions.node,
      launcher: { PMI_RANK: "3" },
    });
    const plain = await start(["info"], env).result;
    expect(plain.stdout).toMatch(/^pshmem +\d+\.\d+\.\d+/);
    expect(plain.stdout).toContain("PMI_RANK=3");
  });
});
