import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { findProgram, findTsx, nativeTypeScript } from "../../dist/threads/program.js";

let directory: string;

beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), "pshmem-program-"));
  for (const name of ["a.js", "a.mjs", "a.ts", "a.mts"]) {
    writeFileSync(join(directory, name), "");
  }
});

afterAll(() => rmSync(directory, { recursive: true }));

describe("findProgram", () => {
  it.each(["a.js", "a.mjs"])("needs nothing for %s", (name) => {
    const path = join(directory, name);
    expect(findProgram(path)).toEqual({ path, tsx: [] });
  });

  it.each(["a.ts", "a.mts"])("takes %s through tsx only where Node cannot run it", (name) => {
    const { types, using } = nativeTypeScript();
    expect(findProgram(join(directory, name)).tsx).toHaveLength(types && using ? 0 : 2);
  });

  it("takes any program through tsx when told to", () => {
    expect(findProgram(join(directory, "a.js"), true).tsx).toEqual(findTsx(process.cwd()));
  });

  it.each(["missing.js", "."])("refuses %s", (name) => {
    expect(() => findProgram(join(directory, name))).toThrow(
      expect.objectContaining({ code: "BAD_LAUNCH", path: join(directory, name) }),
    );
  });
});

describe("findTsx", () => {
  it("falls back to the working directory", () => {
    const found = findTsx(directory);
    expect(found).toHaveLength(2);
    expect(found.every((url) => url.startsWith("file:") && url.endsWith(".mjs"))).toBe(true);
  });
});
