/** The files that are shipped: those which a rank loads are whole, and they do what the modules do. */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { runJob } from "../job.ts";

const DIST = new URL("../../dist/", import.meta.url);
const BUNDLE = new URL("bundle/", DIST);
const MAIN = fileURLToPath(new URL("main.js", BUNDLE));
const LOCK = fileURLToPath(new URL("../../examples/02-lock.ts", import.meta.url));

/** Local: runs Node. In a bundle coverage cannot be told module by module. */
const node = (...args: readonly string[]) =>
  runJob(process.execPath, args, { env: { NODE_V8_COVERAGE: "" } });

const faceOf = async (file: URL): Promise<string> => {
  const program = `import * as face from "${file.href}";
    console.log(JSON.stringify(Object.entries(face).map(([name, what]) => [name, what.name ?? typeof what])));`;
  const { code, stdout, output } = await node("--input-type=module", "--eval", program);
  expect(code, output).toBe(0);
  return stdout;
};

it("exports what the modules export, under the same names", async () => {
  expect(await faceOf(new URL("index.js", BUNDLE))).toBe(await faceOf(new URL("index.js", DIST)));
});

it.each(["index.js", "entry.js", "attendant-thread.js", "copier-thread.js"])(
  "%s imports no other file",
  (file) => {
    expect(readFileSync(new URL(file, BUNDLE), "utf8")).not.toMatch(/(?:from|import)\s*\(?\s*"\./);
  },
);

describe("the command does its work", () => {
  const lines = ["selftest", "selftest -n 3 --nodes 2", "info", `run -n 2 ${LOCK}`];

  it.each(lines)("%s", async (line) => {
    const { code, output } = await node(MAIN, ...line.split(" "));
    expect(code, output).toBe(0);
  });
});
