/** Read-only arrays (`PSHMEM_GUARD=1`) where ranks are threads, or one is alone: a stray store ends the job. */
import { cpSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { runJob, type JobEnd } from "../job.ts";

const dist = fileURLToPath(new URL("../../dist", import.meta.url));
const program = fileURLToPath(new URL("programs/stray.mjs", import.meta.url));
const onThreads = (ranks: number) => [join(dist, "cli/main.js"), "run", "-n", `${ranks}`];

function start(launch: readonly string[], guard: string, ...args: string[]): Promise<JobEnd> {
  return runJob(process.execPath, [...launch, program, ...args], { env: { PSHMEM_GUARD: guard } });
}

describe.runIf(process.platform === "linux").each([
  { title: "serial", launch: [], ranks: 1 },
  { title: "threads, 1 rank", launch: onThreads(1), ranks: 1 },
  { title: "threads, 3 ranks", launch: onThreads(3), ranks: 3 },
  { title: "threads, 2 nodes", launch: [...onThreads(4), "--nodes", "2"], ranks: 4 },
])("$title", ({ launch, ranks }) => {
  it.each(["small", "large"])("a store to a %s array ends the job under the guard", async (size) => {
    const { code, output } = await start(launch, "1", size);
    expect(code, output).not.toBe(0);
    expect(output).not.toContain("went on");
    // A signal, and no error of ours before it.
    expect(output).not.toContain("Error");
  });

  it.each(["", "0"])("and nothing happens without: PSHMEM_GUARD=%s", async (guard) => {
    const { code, output } = await start(launch, guard, "large");
    expect(code, output).toBe(0);
    expect(output.match(/went on/g)).toHaveLength(ranks);
  });
});

it("a value that is no answer is refused", async () => {
  const { code, output } = await start(onThreads(2), "yes", "small");
  expect(code).toBe(1);
  expect(output).toContain("BAD_LAUNCH");
  expect(output).toContain('PSHMEM_GUARD is "yes"; set it to 1');
});

it.each(["serial", "threads"])("without koffi it is refused, with the remedy: %s", async (backend) => {
  const folder = mkdtempSync(join(tmpdir(), "pshmem-guard-"));
  try {
    cpSync(dist, join(folder, "dist"), { recursive: true });
    writeFileSync(join(folder, "package.json"), '{ "type": "module", "version": "0.0.0" }');
    writeFileSync(join(folder, "main.js"), 'import { world } from "./dist/index.js"; world();');
    const launch = backend === "serial" ? [] : [join(folder, "dist/cli/main.js"), "run", "-n", "2"];
    const { code, output } = await runJob(process.execPath, [...launch, join(folder, "main.js")], {
      env: { PSHMEM_GUARD: "1" },
      cwd: folder,
    });
    expect(code, output).toBe(1);
    expect(output).toContain("UNSUPPORTED");
    expect(output).toContain(process.platform === "linux" ? "npm install koffi" : "needs Linux");
  } finally {
    rmSync(folder, { recursive: true });
  }
});
