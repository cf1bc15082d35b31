/** The simulation sends what the library sends, and the document says what the formulas say. */
import { readFileSync } from "node:fs";
import * as fc from "fast-check";
import { format, resolveConfig } from "prettier";
import { describe, expect, it } from "vitest";
import {
  Claimer,
  layoutOf,
  openTable,
  perform,
  simulateStart,
  type Access,
} from "../../bench/simulation/claim.ts";
import { COSTS, type CallName } from "../../bench/simulation/formulas.ts";
import { simulateLock } from "../../bench/simulation/lock.ts";
import { simulateBarrier, simulateSet } from "../../bench/simulation/meeting.ts";
import { SLINGSHOT, type Network } from "../../bench/simulation/network.ts";
import { valueOf } from "../../bench/simulation/quantities.ts";
import { countTables } from "../../bench/simulation/tables.ts";
import { OPEN } from "../../dist/batch/states.js";
import { TaskTable } from "../../dist/batch/table.js";
import { ArrayWords } from "../unit/batch-words.ts";

function counted(name: CallName, nodes: number, bytes = 0) {
  const nodeOf = Array.from({ length: nodes }, (_, node) => node);
  const setting = { nodeOf, root: 0, caller: 0, waiter: 0, bytes, tasks: 0 };
  const { across, bytes: sent } = COSTS[name];
  return { messages: valueOf(across, setting), bytes: valueOf(sent, setting) };
}

/** Only the way between two network cards takes time: one for each message of the longest chain of messages. */
const HOPS: Network = {
  latency: 1,
  overhead: 0,
  gap: 0,
  perByte: 0,
  handling: 0,
  line: 0,
  perByteCopied: 0,
};

const NODES = [1, 2, 3, 5, 8, 17, 64];

describe("simulated meetings", () => {
  it.each(NODES)("send as many messages and bytes as counted, on %i nodes", (nodes) => {
    expect(simulateBarrier(SLINGSHOT, nodes, 4)).toMatchObject(counted("barrier", nodes));
    for (const small of [64, 8192])
      expect(simulateSet(SLINGSHOT, nodes, 4, small)).toMatchObject(counted("set, small", nodes, small));
    const large = 5_600_000;
    expect(simulateSet(SLINGSHOT, nodes, 4, large)).toMatchObject(counted("set, in pieces", nodes, large));
  });

  it.each([2, 4, 16, 128])("have a depth of one logarithm, on %i nodes", (nodes) => {
    expect(simulateBarrier(HOPS, nodes, 1).µs).toBe(Math.log2(nodes));
    expect(simulateSet(HOPS, nodes, 1, 64).µs).toBe(Math.log2(nodes));
    expect(simulateBarrier(HOPS, nodes - 1, 1).µs).toBeLessThanOrEqual(Math.log2(nodes));
  });
});

describe("a simulated lock", () => {
  const { accesses: lock } = COSTS["lock, free"];
  const { accesses: unlock } = COSTS["unlock, nobody waits"];
  const { accesses: handOver } = COSTS["unlock, and the lock of the one who waits"];
  // Without that to a word of the rank's own. Three words of a run are one access.
  const RUNS = 2 * 2;
  const [first, last] = [lock!.atomic + lock!.plain - 1 - RUNS, unlock!.atomic + unlock!.plain - 1];

  it("takes as many accesses as counted", () => {
    expect(simulateLock(SLINGSHOT, 1).served).toBe(first + last);
    // Two of a hand-over are to the word of the one who waits, four to the ranks' own.
    const passed = handOver!.atomic + handOver!.plain - 2 - 4 - RUNS;
    expect(simulateLock(SLINGSHOT, 2).served).toBe(first + passed + last);
    expect(simulateLock(SLINGSHOT, 3).served).toBe(first + 2 * passed + last);
  });
});

/** The words of a table that note who accesses what, and before chosen accesses let others claim. */
class DisturbedWords extends ArrayWords {
  readonly made: Access[] = [];
  readonly #disturb: (access: number) => void;

  constructor(tasks: number, disturb: (words: Int32Array, access: number) => void) {
    super(TaskTable.wordsFor(tasks));
    this.memory.set(openTable(tasks));
    this.#disturb = (access) => disturb(this.memory, access);
  }

  act(access: Access): number {
    this.#disturb(this.made.length);
    this.made.push(access);
    return perform(this.memory, access);
  }

  override load(_rank: number, index: number): number {
    return this.act({ index });
  }

  override compareExchange(_rank: number, index: number, expected: number, value: number): number {
    return this.act({ index, swap: [expected, value] });
  }
}

/** Carries a claim out with nobody in between. */
function claimAtOnce(words: Int32Array, claimer: Claimer): number {
  const claim = claimer.claim();
  let step = claim.next();
  while (!step.done) step = claim.next(perform(words, step.value));
  return step.value;
}

describe("a simulated claim", () => {
  it("begins with the words of a table in which all tasks are open", () => {
    for (const tasks of [1, 31, 33, 600, 9000]) {
      const words = new ArrayWords(TaskTable.wordsFor(tasks));
      new TaskTable(words, 0, tasks).fill(Array(tasks).fill(OPEN));
      expect(openTable(tasks)).toEqual(words.memory);
    }
  });

  it("makes the accesses that the table makes, whatever others claim in between", () => {
    const others = fc.array(fc.constantFrom(0, 0, 0, 1, 2, 20), { maxLength: 60 });
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 700 }), others, (tasks, disturbances) => {
        const disturbed = () => {
          const other = new Claimer(layoutOf(tasks));
          return new DisturbedWords(tasks, (words, access) => {
            for (let i = 0; i < (disturbances[access] ?? 0); i++) claimAtOnce(words, other);
          });
        };
        const [real, simulated] = [disturbed(), disturbed()];
        const claimer = new Claimer(layoutOf(tasks));
        const table = new TaskTable(real, 0, tasks);
        for (let i = 0; i < 40; i++) {
          const claim = claimer.claim();
          let step = claim.next();
          while (!step.done) step = claim.next(simulated.act(step.value));
          expect(step.value).toBe(table.claim([OPEN])?.task ?? -1);
        }
        expect(simulated.made).toEqual(real.made);
      }),
    );
  });

  it("takes as many accesses as counted", () => {
    const { atomic } = COSTS["nextTask, a worker of one rank"].accesses!;
    expect(simulateStart(SLINGSHOT, 1).accesses).toBe(atomic);
    const words = new DisturbedWords(64, () => {});
    const table = new TaskTable(words, 0, 64);
    const costs = Array.from({ length: 33 }, () => {
      const before = words.made.length;
      table.claim([OPEN]);
      return words.made.length - before;
    });
    // The claim that empties a word of the set takes its bit away above; the next one looks for another word.
    expect(costs).toEqual([...Array<number>(31).fill(atomic), atomic + 3, atomic + 2]);
  });
});

it("docs/scaling.md has the tables of the formulas", async () => {
  const path = new URL("../../docs/scaling.md", import.meta.url).pathname;
  const made = await format(countTables(), { ...(await resolveConfig(path)), filepath: path });
  expect(readFileSync(path, "utf8")).toContain(made);
});
