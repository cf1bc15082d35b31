/** The library does exactly what the tables of `docs/scaling.md` say: counted on several placements of ranks. */
import { fileURLToPath } from "node:url";
import { beforeAll, describe, expect, it } from "vitest";
import { COSTS, type CallName, type Cost } from "../../bench/simulation/formulas.ts";
import { valueOf, type Setting } from "../../bench/simulation/quantities.ts";
import { placeRanks, type PlacementOptions } from "../../dist/threads/placement.js";
import { runJob } from "../job.ts";
import { CALLS } from "./calls.ts";
import type { Counts } from "./counting.ts";
import type { Counted } from "./programs/count.ts";

const MAIN = fileURLToPath(new URL("../../dist/cli/main.js", import.meta.url));
const PROGRAM = fileURLToPath(new URL("./programs/count.ts", import.meta.url));

const PLACEMENTS: readonly (PlacementOptions & { readonly ranks: number })[] = [
  { ranks: 1 },
  { ranks: 3 },
  { ranks: 2, nodes: 2 },
  { ranks: 4, nodes: 2, placement: "cyclic" },
  { ranks: 5, nodeSizes: [2, 1, 2] },
  { ranks: 6, nodeSizes: [1, 4, 1], placement: "cyclic" },
  { ranks: 8, nodeSizes: [3, 1, 2, 2] },
];

/** As options of `pshmem run`. */
function optionsOf({ ranks, nodes, nodeSizes, placement }: (typeof PLACEMENTS)[number]): string[] {
  const options = ["-n", String(ranks)];
  if (nodes) options.push("--nodes", String(nodes));
  if (nodeSizes) options.push("--node-sizes", nodeSizes.join());
  if (placement) options.push("--placement", placement);
  return options;
}

const costOf = (name: CallName): Cost => COSTS[name];

function sumOf(counts: readonly Counts[], of: (one: Counts) => number): number {
  return counts.reduce((sum, one) => sum + of(one), 0);
}

/** What was counted, as far as the tables tell of it. */
function found(name: CallName, counts: readonly Counts[], waits: boolean) {
  const count = (key: keyof Counts) => sumOf(counts, (one) => one[key]);
  const messages = { across: count("across"), bytes: count("bytes"), inside: count("inside") };
  if (!costOf(name).accesses) return messages;
  const atomic = waits ? count("atomic") - count("looks") : count("atomic");
  const [plain, rings, remote] = [count("plain"), count("rings"), count("remote")];
  return { ...messages, atomic, plain, rings, remote };
}

function expected(name: CallName, setting: Setting) {
  const { across, bytes, inside, accesses } = costOf(name);
  const messages = {
    across: valueOf(across, setting),
    bytes: valueOf(bytes, setting),
    inside: valueOf(inside, setting),
  };
  return accesses ? { ...messages, ...accesses, remote: valueOf(accesses.remote, setting) } : messages;
}

it("counts every call of the tables", () => {
  expect(CALLS.map(({ name }) => name)).toEqual(Object.keys(COSTS));
});

describe.each(PLACEMENTS.map((placement) => [optionsOf(placement).join(" "), placement] as const))(
  "%s",
  (_, placement) => {
    const nodeOf = placeRanks(placement.ranks, placement);
    let counted: readonly Counted[] = [];

    beforeAll(async () => {
      const end = await runJob(process.execPath, [MAIN, "run", ...optionsOf(placement), PROGRAM]);
      expect(end.code, end.output).toBe(0);
      counted = end.stdout
        .split("\n")
        .filter(Boolean)
        .map((line) => JSON.parse(line));
    });

    for (const { name, waits = false } of CALLS) {
      // A rank that waits beside holder and root needs three.
      if (waits && placement.ranks < 3) continue;
      it(name, () => {
        const runs = counted.filter((one) => one.name === name);
        expect(runs.length).toBe(2);
        for (const { counts, ...parts } of runs) {
          expect(found(name, counts, waits), JSON.stringify(parts)).toEqual(
            expected(name, { nodeOf, ...parts }),
          );
        }
      });
    }
  },
);
