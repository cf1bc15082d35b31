/** The table of faults: what it is made of, that the page is up to date, and that a cell that differs is seen. */
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { FAMILIES } from "../../faults/families.ts";
import type { Ending } from "../../faults/fault.ts";
import type { Observed } from "../../faults/job.ts";
import { differences } from "../../faults/judge.ts";
import { ALL_SETTINGS } from "../../faults/settings.ts";
import { endingText, page } from "../../faults/table.ts";

const PAGE = new URL("../../docs/faults.md", import.meta.url);

it("docs/faults.md is the table", () => {
  expect(readFileSync(PAGE, "utf8") === page(), "npm run faults writes it").toBe(true);
});

it("names each fault of a setting once", () => {
  for (const faults of Object.values(FAMILIES)) {
    for (const setting of ALL_SETTINGS) {
      const names = faults.filter(({ expected }) => expected[setting]).map(({ name }) => name);
      expect(new Set(names).size).toBe(names.length);
    }
  }
});

it("has a fault for each of the sixteen defects", () => {
  const numbers = FAMILIES["Defects of the Python original"].map(
    ({ name }) => /^defect (\d+): /.exec(name)?.[1],
  );
  expect(numbers).toEqual(Array.from({ length: 16 }, (_, index) => String(index + 1)));
});

const SEEN: Observed = {
  tells: ["RANK_LOST lost 1", null, "RANK_LOST lost 1"],
  exit: 1,
  hung: false,
  stderr: "rank 1 has gone",
  left: [],
  after: undefined,
  output: "",
};
const EXPECTED: Ending = { tells: SEEN.tells, exit: 1, says: ["has gone"] };

describe("an observation", () => {
  it("may be as expected", () => {
    expect(differences("threads", EXPECTED, SEEN)).toEqual([]);
    const ended: Ending = { ...EXPECTED, tells: { orEnded: "RANK_LOST lost 1" }, exit: "not 0" };
    expect(differences("mpich", ended, SEEN)).toEqual([]);
    expect(differences("mpich", { ...ended, exit: "any" }, SEEN)).toEqual([]);
  });

  it.each<[string, Partial<Observed>]>([
    ["rank 0: told nothing", { tells: [null, null, "RANK_LOST lost 1"] }],
    ["rank 1: returns", { tells: ["RANK_LOST lost 1", "returns", "RANK_LOST lost 1"] }],
    ["exit code 0", { exit: 0 }],
    ["exit code null", { exit: null }],
    ["the job hung", { hung: true }],
    ["does not say 'has gone'", { stderr: "" }],
    ["left behind: /dev/shm/x", { left: ["/dev/shm/x"] }],
    ["afterwards: 1 DONE kept", { after: "1 DONE kept" }],
  ])("may differ: %s", (difference, seen) => {
    expect(differences("threads", EXPECTED, { ...SEEN, ...seen })).toEqual([difference]);
  });

  it("may differ from what a launcher may cut short", () => {
    const ended: Ending = { tells: { orEnded: "FREED" }, exit: "not 0" };
    expect(differences("mpich", ended, { ...SEEN, tells: ["FREED", null, "returns"], exit: 0 })).toEqual([
      "rank 2: returns",
      "exit code 0",
    ]);
  });
});

it("a cell says in one line what must come of a fault", () => {
  expect(endingText("threads", EXPECTED)).toBe(
    "0, 2: RANK_LOST lost 1; 1: gone; exit code 1; says “has gone”",
  );
  expect(endingText("serial", { tells: "FREED" })).toBe("FREED");
});
