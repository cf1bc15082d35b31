/** The examples, as their readers run them: what they print is checked, not only that they end. */
import { spawn } from "node:child_process";
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ProgressLine } from "../../examples/wordcount/chart.ts";

const MAIN = fileURLToPath(new URL("../../dist/cli/main.js", import.meta.url));
const LAYOUTS = ["-n 1", "-n 2", "-n 4", "-n 4 --nodes 2"];

let directory: string;

beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), "pshmem-examples-"));
});

afterAll(() => rmSync(directory, { recursive: true }));

interface Result {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

function start(layout: string, name: string, args: readonly string[] = []) {
  const program = fileURLToPath(new URL(`../../examples/${name}`, import.meta.url));
  // They load the bundle, in which coverage cannot be told module by module.
  const env = { ...process.env, NODE_V8_COVERAGE: "" };
  const child = spawn(process.execPath, [MAIN, "run", ...layout.split(" "), program, ...args], { env });
  const text = { stdout: "", stderr: "" };
  child.stdout.setEncoding("utf8").on("data", (more: string) => (text.stdout += more));
  child.stderr.setEncoding("utf8").on("data", (more: string) => (text.stderr += more));
  const result = new Promise<Result>((resolve, reject) => {
    child.on("error", reject).on("close", (code, signal) => resolve({ code, signal, ...text }));
  });
  return { child, result };
}

const run = (layout: string, name: string, args?: readonly string[]): Promise<Result> =>
  start(layout, name, args).result;

const ranksOf = (layout: string): number => Number(layout.split(" ")[1]);
const nodesOf = (layout: string): number => (layout.includes("--nodes") ? 2 : 1);

describe("01-shared", () => {
  const zeros = "[[0. 0. 0. 0. 0.]\n [0. 0. 0. 0. 0.]\n [0. 0. 0. 0. 0.]]";
  const updated = "[[0. 0. 0. 0. 0.]\n [0. 0. 1. 2. 0.]\n [0. 3. 4. 5. 0.]]";

  it.each(LAYOUTS)("shows what every rank sees: %s", async (layout) => {
    const [ranks, nodes] = [ranksOf(layout), nodesOf(layout)];
    const onEach = (text: string) => Array.from({ length: ranks }, (_, rank) => `rank ${rank}:\n${text}`);
    const { code, stdout, stderr } = await run(layout, "01-shared.ts");
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout.trimEnd()).toBe(
      [
        "String representation:\n\n<MPIShared",
        `  replicated on ${nodes} nodes, each with ${ranks / nodes} processes (${ranks} total)`,
        "  shape = (3, 5), dtype = float64",
        "  [ [0. 0. 0. 0. 0.] [0. 0. 0. 0. 0.] [0. 0. 0. 0. 0.] ]\n>\n",
        "===== Initialized Data =====",
        ...onEach(zeros),
        "======= Updated Data =======",
        ...onEach(updated),
        "==== Read-only access ======",
        "shared.get(2, 3) = 5",
        'shared.at("1:", "1:4") =\n[[0. 1. 2.]\n [3. 4. 5.]]',
        "shared.data = 0 0 0 0 0 0 0 1 2 0 0 3 4 5 0",
      ].join("\n"),
    );
  });
});

describe("02-lock", () => {
  it.each(LAYOUTS)("loses no deposit: %s", async (layout) => {
    const ranks = ranksOf(layout);
    const { code, stdout, stderr } = await run(layout, "02-lock.ts");
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    const lines = stdout.trimEnd().split("\n");
    expect(lines).toContain(`balance at the end: ${ranks * 31}`);
    const turns = lines
      .flatMap((line) => [
        /^rank (\d+) had the lock as number (\d+): balance (\d+)$/.exec(line)?.slice(1).map(Number),
      ])
      .filter((turn) => turn !== undefined)
      .toSorted(([, a], [, b]) => a - b);
    // Other ranks may have been at their last, small deposit already.
    expect(turns.map(([, , balance]) => Math.floor(balance / 10) * 10)).toEqual(
      turns.map((_, n) => (n + 1) * 10),
    );
    for (let rank = 0; rank < ranks; rank++) expect(turns.filter(([who]) => who === rank)).toHaveLength(3);
  });
});

describe("03-batch", () => {
  it.each(LAYOUTS)("does every task once: %s", async (layout) => {
    const workers = ranksOf(layout) === 1 ? 1 : 2;
    const { code, stdout, stderr } = await run(layout, "03-batch.ts");
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    const lines = stdout.trimEnd().split("\n");
    const states = lines.slice(0, -1).map((line, worker) => {
      expect(line.startsWith(`Worker ${worker} tasks = `)).toBe(true);
      return line.split(" = ")[1].split(" ");
    });
    expect(states).toHaveLength(workers);
    for (let task = 0; task < 10; task++) {
      const seen = states.map((row) => row[task]).toSorted();
      expect(seen).toEqual(["DONE", "INVALID"].slice(0, workers));
    }
    expect(lines.at(-1)).toBe("10 done, 0 failed, 0 left out");
  });

  it("goes on where it stopped", async () => {
    const root = join(directory, "tasks");
    await run("-n 4", "03-batch.ts", [root]);
    for (const name of readdirSync(root))
      expect(readFileSync(join(root, name, "state"), "utf8")).toBe("DONE\n");
    writeFileSync(join(root, "task_003", "state"), "OPEN\n");
    const { stdout } = await run("-n 2", "03-batch.ts", [root]);
    expect(stdout.match(/DONE/g)).toHaveLength(1);
    expect(stdout).toContain("\n1 done, 0 failed, 9 left out\n");
  });
});

const FILES = 500;
const VOCABULARY =
  "the of and Straße STRASSE naïve ΟΔΟΣ οδος école данные 数据 été rôle qu'il x _private $value v8 a1b2 α'Σ 😀 -- 3.14".split(
    " ",
  );

/** The same files every time: words with different weights, in lines of different length. */
function writeInput(root: string): void {
  let seed = 12345;
  const random = (below: number): number => {
    seed = (Math.imul(seed, 1103515245) + 12345) >>> 0;
    return Math.floor((seed / 2 ** 32) * below);
  };
  for (let file = 0; file < FILES; file++) {
    const words = Array.from(
      { length: random(200) },
      () => VOCABULARY[random(random(VOCABULARY.length) + 1)],
    );
    const own = file % 7 === 0 ? [`file${String.fromCharCode(97 + (file % 26))}`.repeat(30)] : [];
    const path = join(root, `d${file % 9}`, `f${file}.${["txt", "md", "ts", "JSON"][file % 4]}`);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, [...words, ...own].join(random(5) ? " " : "\n"));
  }
}

/** What is not to be counted. */
function writeOthers(root: string): void {
  writeFileSync(join(root, "picture.png"), "the the the");
  mkdirSync(join(root, ".hidden"));
  writeFileSync(join(root, ".hidden", "file.txt"), "the the the");
  writeFileSync(join(root, "large.txt"), "the ".repeat(2 ** 20 + 1));
  symlinkSync(join(root, "d0", "f0.txt"), join(root, "link.txt"));
}

const show = (count: number): string => count.toLocaleString("en");

/** The words of all files, counted as plainly as can be. */
function expectedOutput(root: string): string[] {
  const counts = new Map<string, number>();
  for (const entry of readdirSync(root, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile() || !/^f\d+\./.test(entry.name)) continue;
    const text = readFileSync(join(entry.parentPath, entry.name), "utf8");
    for (const word of text.match(/\p{L}[\p{L}\p{M}]+/gu) ?? []) {
      counts.set(word.toLowerCase(), (counts.get(word.toLowerCase()) ?? 0) + 1);
    }
  }
  const total = [...counts.values()].reduce((sum, count) => sum + count, 0);
  const top = [...counts].toSorted(([a, n], [b, m]) => m - n || (a < b ? -1 : 1)).slice(0, 20);
  return [
    `${show(total)} words, ${counts.size} different, in ${FILES} files`,
    ...top.map(([word, count]) => `${word} ${show(count)}`),
  ];
}

/** The lines of a chart without the bars. */
const withoutBars = (stdout: string): string[] =>
  stdout
    .trimEnd()
    .split("\n")
    .map((line, index) => (index === 0 ? line : line.replace(/ +█+$/, "").trim().replace(/ +/, " ")));

/** The whole lines of the report. */
const reportOf = (state: string): string[] => {
  const path = join(state, "report");
  return existsSync(path) ? readFileSync(path, "utf8").split("\n").slice(0, -1) : [];
};
const stateOf = (state: string, task: string): string =>
  readFileSync(join(state, "tasks", task, "state"), "utf8");

describe("04-wordcount", () => {
  let input: string;
  let expected: string[];
  let chart: string;
  let states = 0;

  const newState = (): string => join(directory, `state-${states++}`);
  const count = (layout: string, state: string, ...more: string[]): Promise<Result> =>
    run(layout, "04-wordcount.ts", [input, "--state", state, ...more]);

  function expectFinished({ code, stdout }: Result, state: string): void {
    expect({ code, stdout }).toEqual({ code: 0, stdout: chart });
    expect(reportOf(state)).toHaveLength(FILES);
    expect(new Set(reportOf(state).map((line) => line.split("\t").at(-1))).size).toBe(FILES);
  }

  /** Starts a count and ends it by a signal when some files are done and some are not. */
  async function interrupted(state: string, layout: string, signal: NodeJS.Signals): Promise<Result> {
    const { child, result } = start(layout, "04-wordcount.ts", [input, "--state", state]);
    const before = reportOf(state).length;
    while (reportOf(state).length < before + 20 && child.exitCode === null) await sleep(2);
    child.kill(signal);
    const ended = await result;
    expect(reportOf(state).length).toBeLessThan(FILES);
    return ended;
  }

  beforeAll(async () => {
    input = join(directory, "input");
    writeInput(input);
    writeOthers(input);
    expected = expectedOutput(input);
    chart = (await count("-n 1", newState())).stdout;
  });

  it("counts right", () => {
    expect(withoutBars(chart)).toEqual(expected);
    const bars = chart
      .trimEnd()
      .split("\n")
      .slice(1)
      .map((line) => line.match(/█/g)?.length ?? 0);
    expect(bars).toHaveLength(Math.min(20, expected.length - 1));
    expect(bars[0]).toBe(40);
    expect(bars).toEqual(bars.toSorted((a, b) => b - a));
  });

  it.each([...LAYOUTS, "-n 3"])("gives the same on all ranks, at first and again: %s", async (layout) => {
    const state = newState();
    const first = await count(layout, state);
    expectFinished(first, state);
    expect(first.stderr).toBe(`${FILES} text files in ${input}\nstate in ${state}: starting anew\n`);
    const again = await count("-n 2", state);
    expectFinished(again, state);
    expect(again.stderr).toContain(": continuing\n");
  });

  it.each(["-n 1", "-n 4", "-n 4 --nodes 2"])("survives kill -9, twice: %s", async (layout) => {
    const state = newState();
    expect(await interrupted(state, layout, "SIGKILL")).toMatchObject({ signal: "SIGKILL", stdout: "" });
    expect(await interrupted(state, layout, "SIGKILL")).toMatchObject({ signal: "SIGKILL", stdout: "" });
    expectFinished(await count(layout, state), state);
  });

  it("survives Ctrl-C", async () => {
    const state = newState();
    const { code, stdout, stderr } = await interrupted(state, "-n 4", "SIGINT");
    expect({ code, stdout }).toEqual({ code: 130, stdout: "" });
    expect(stderr).toContain("pshmem: SIGINT: ended all 4 ranks");
    expectFinished(await count("-n 2", state), state);
  });

  it("does a file again that was stopped at the worst moments", async () => {
    const state = newState();
    await interrupted(state, "-n 2", "SIGKILL");
    const [first, second] = readdirSync(join(state, "tasks")).filter(
      (task) => stateOf(state, task) === "OPEN\n",
    );
    // One was counted and reported but not marked; of another half the line was written.
    writeFileSync(join(state, "tasks", first, "state"), "RUNNING\n");
    writeFileSync(join(state, "tasks", first, "counts"), '[["wrong",1000000]]');
    writeFileSync(join(state, "tasks", second, "state"), "RUNNING\n");
    writeFileSync(join(state, "tasks", second, "counts.new"), '[["wro');
    appendFileSync(join(state, "report"), `${first}\t1000000 words\t1 different\twrong\n${second}\t1`);
    expectFinished(await count("-n 4", state), state);
  });

  it("starts anew when asked to, or when a file has changed", async () => {
    const state = newState();
    await count("-n 2", state);
    writeFileSync(join(state, "tasks", "000000", "counts"), '[["wrong",1000000]]');
    const fresh = await count("-n 2", state, "--fresh");
    expect(fresh.stderr).toContain(": starting anew\n");
    expectFinished(fresh, state);
    const path = join(input, "d1", "f1.md");
    const text = readFileSync(path);
    appendFileSync(path, " zebra".repeat(1000));
    const changed = await count("-n 2", state);
    expect(withoutBars(changed.stdout)).toEqual(expectedOutput(input));
    writeFileSync(path, text);
    expect(changed.stderr).toContain(": the files have changed, starting anew\n");
  });

  it("tells which file could not be counted, and counts it the next time", async () => {
    const state = newState();
    await interrupted(state, "-n 4", "SIGKILL");
    const last = readdirSync(join(state, "tasks")).at(-1)!;
    const obstacle = join(state, "tasks", last, "counts.new");
    mkdirSync(obstacle);
    const { code, stdout, stderr } = await count("-n 4", state);
    expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
    expect(stderr.match(/\nd8\/f98\.ts: EISDIR/g)).toHaveLength(1);
    expect(stderr).toContain("\nnot counted: 1 failed, 0 in the hands of another job. Start again.\n");
    expect(stateOf(state, last)).toBe("FAILED\n");
    rmSync(obstacle, { recursive: true });
    expectFinished(await count("-n 4", state), state);
  });

  it("copes with no file, and with files of no words", async () => {
    const empty = join(directory, "empty");
    mkdirSync(empty);
    const args = [empty, "--state", newState()];
    const none = await run("-n 2", "04-wordcount.ts", args);
    expect(none).toMatchObject({ code: 0, stdout: "0 words, 0 different, in 0 files\n" });
    writeFileSync(join(empty, "nothing.txt"), "");
    writeFileSync(join(empty, "numbers.txt"), "1 2 3");
    const nothing = await run("-n 2", "04-wordcount.ts", args);
    expect(nothing).toMatchObject({ code: 0, stdout: "0 words, 0 different, in 2 files\n" });
  });

  it("refuses a wrong command line", async () => {
    const { code, stderr } = await run("-n 2", "04-wordcount.ts", [input, input]);
    expect(code).toBe(1);
    expect(stderr).toContain("one directory, please, not 2");
  });
});

/** What a progress line writes for two texts, the second right after the first. */
const shown = (isTTY: boolean): string[] => {
  const written: string[] = [];
  const line = new ProgressLine({ isTTY, write: (text: string) => written.push(text) });
  line.show("1 of 10 files");
  line.show("2 of 10 files");
  line.end();
  return written;
};

describe("the progress line", () => {
  it("is cleared at its end, and not drawn too often", () => {
    expect(shown(true)).toEqual(["1 of 10 files\r", `${" ".repeat(13)}\r`]);
  });

  it("is for terminals only", () => expect(shown(false)).toEqual([]));
});
