import { expect, it } from "vitest";
import { runJob } from "../job.ts";

const program = new URL("./programs/promise.mjs", import.meta.url).pathname;

it("a promise of a rank alone that nothing fulfils is reported, and ends the program where that is asked for", async () => {
  const env = { PSHMEM_STALL_SECONDS: "1", PSHMEM_STALL_ABORT: "1" };
  const { code, output } = await runJob(process.execPath, [program], { env });
  expect(output).toContain("a wait has lasted longer than 1 s");
  expect(output).toMatch(/rank 0 has waited \d+ s in recv, at .*promise\.mjs:6/);
  expect(output).toContain("only this rank itself could end the wait of rank 0");
  expect(code).toBe(1);
});
