/** Long waits: whom a rank asks how it is, and when and what it tells of a stall. */
import { afterEach, describe, expect, it, vi } from "vitest";
import type { Company } from "../../dist/node/company.js";
import type { Awaited, Concern } from "../../dist/node/machine.js";
import { Roster, rosterBytes, type Missed } from "../../dist/node/roster.js";
import { stallRule } from "../../dist/node/stall.js";
import { Watch } from "../../dist/node/watch.js";

const LOOK_MS = 1_000;
const NEVER = { seconds: Infinity, aborts: false };

afterEach(() => vi.restoreAllMocks());

/** Rank 0, alone on its node, waits; each look asks some of the others, of which those that have ended answer. */
class Wait {
  /** Whom it has asked, look by look. */
  readonly asked: number[][] = [];
  /** Whom it has asked anew. */
  readonly anew: number[] = [];
  readonly #gone = new Set<number>();
  readonly #others: readonly number[];
  readonly #ended: (rank: number) => boolean;
  #now = 0;

  constructor(others: readonly number[], ended: (rank: number) => boolean) {
    this.#others = others;
    this.#ended = ended;
  }

  /** Looks until nobody is left or so many looks are over. */
  run(concern: Partial<Concern>, looks: number, mates: readonly number[] = [0]): void {
    vi.spyOn(performance, "now").mockImplementation(() => this.#now);
    const vigil = new Watch(this.#company(mates), NEVER).begin({
      describe: () => "a wait",
      awaited: () => [],
      mind: () => {},
      ...concern,
    });
    while (this.asked.length < looks && this.left.length > 0) {
      this.asked.push([]);
      this.#now += LOOK_MS;
      vigil.look();
    }
    vigil.end();
  }

  get left(): readonly number[] {
    return this.#others.filter((rank) => !this.#gone.has(rank));
  }

  #company(mates: readonly number[]): Company {
    const buffer = new SharedArrayBuffer(rosterBytes(mates.length));
    return {
      roster: new Roster({ buffer, byteOffset: 0 }, mates.length),
      mates,
      place: 0,
      runs: null,
      ringAll: () => {},
      sight: { look: () => 0, asLooked: (act: () => void) => act() },
      distant: { ask: (rank, anew) => this.#ask(rank, anew), heard: () => null },
      abort: () => {
        throw new Error("it must not end the job");
      },
    };
  }

  #ask(rank: number, anew: boolean): void {
    if (anew) this.anew.push(rank);
    this.asked.at(-1)!.push(rank);
    if (this.#ended(rank)) this.#gone.add(rank);
  }
}

const ranks = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, i) => from + i);

describe("a wait that any rank of other nodes could end", () => {
  it("asks one rank at each look, as long as that lives", () => {
    const wait = new Wait(ranks(1, 9), () => false);
    wait.run({ able: () => wait.left }, 3);
    expect(wait.asked).toEqual([[1], [1], [1]]);
  });

  it("asks ever more where those have ended, until it finds one that lives", () => {
    const wait = new Wait(ranks(1, 9), (rank) => rank !== 5);
    wait.run({ able: () => wait.left }, 5);
    expect(wait.asked).toEqual([[1], [2, 3], [4, 5, 6, 7], [5, 8, 9], [5]]);
  });

  it("comes to the end of thousands in some looks", () => {
    const wait = new Wait(ranks(1, 4095), () => true);
    wait.run({ able: () => wait.left }, 100);
    expect(wait.left).toEqual([]);
    expect(wait.asked.length).toBe(12);
  });

  it("asks nobody where one that could end it is seen in the roster", () => {
    const wait = new Wait(ranks(1, 9), () => true);
    wait.run({ able: () => wait.left }, 3, [0, 4]);
    expect(wait.asked).toEqual([[], [], []]);
  });

  it("asks whom it awaits, and nobody else", () => {
    const wait = new Wait(ranks(1, 9), () => false);
    wait.run({ awaited: () => [{ rank: 3 }, { rank: 7 }] }, 2);
    expect(wait.asked).toEqual([
      [3, 7],
      [3, 7],
    ]);
  });

  it("asks each anew once: what it answers to one question counts until it has answered the next", () => {
    const wait = new Wait(ranks(1, 9), () => false);
    const awaited = [{ rank: 3 }];
    wait.run({ awaited: () => (wait.asked.length < 3 ? awaited : [...awaited, { rank: 7 }]) }, 4);
    expect(wait.anew).toEqual([3, 7]);
  });
});

/** Rank 0 waits beside three others of its node; the rank 7 of another node is asked at each look. */
class Stall {
  readonly roster = new Roster({ buffer: new SharedArrayBuffer(rosterBytes(4)), byteOffset: 0 }, 4);
  /** What rank 7 has answered. */
  answer: string | null = null;

  /** What it tells, and after how many seconds; null if it tells nothing in a minute. */
  run(seconds: number, awaited: readonly Awaited[]): { seconds: number; lines: readonly string[] } | null {
    let now = 0;
    vi.spyOn(performance, "now").mockImplementation(() => now);
    const written: string[] = [];
    vi.spyOn(process.stderr, "write").mockImplementation((chunk) => {
      written.push(String(chunk));
      return true;
    });
    const watch = new Watch(this.#company(), { seconds, aborts: false });
    const vigil = watch.begin({ describe: () => "recv", awaited: () => awaited, mind: () => {} });
    while (written.length === 0 && now < 60 * LOOK_MS) {
      now += LOOK_MS;
      vigil.look();
    }
    return written.length === 0
      ? null
      : {
          seconds: now / LOOK_MS,
          lines: written
            .join("")
            .trim()
            .split(/\n?pshmem: +/),
        };
  }

  /** The rank at a place waits for these. */
  waits(place: number, text: string, awaited: readonly Missed[]): void {
    this.roster.tell(place, { text, since: Date.now() - 5_000, awaited });
  }

  #company(): Company {
    return {
      roster: this.roster,
      mates: [0, 1, 2, 3],
      place: 0,
      runs: null,
      ringAll: () => {},
      sight: { look: () => 0, asLooked: (act: () => void) => act() },
      distant: { ask: () => {}, heard: () => this.answer },
      abort: () => {
        throw new Error("it must not end the job");
      },
    };
  }
}

const GONE_SILENT = "is in no wait: it computes, sleeps or is stopped";

describe("the report of a stall", () => {
  it("says of every stall on the node what the missing rank does, and did last", () => {
    const stall = new Stall();
    stall.waits(2, "barrier, for rank 3", [{ rank: 3, last: "was in split before" }]);
    const { seconds, lines } = stall.run(5, [{ rank: 1 }])!;
    expect(seconds).toBe(5);
    expect(lines).toContain("rank 2 has waited 5 s in barrier, for rank 3");
    expect(lines).toContain(`rank 0 waits for rank 1, which ${GONE_SILENT}`);
    expect(lines).toContain(`rank 2 waits for rank 3, which ${GONE_SILENT}; it was in split before`);
  });

  it("names each missing rank of others once, and none that waits itself", () => {
    const stall = new Stall();
    stall.waits(1, "barrier, for rank 3", [{ rank: 3 }]);
    stall.waits(2, "barrier, for ranks 0, 1, 3, 7", [0, 1, 3].map((rank) => ({ rank })).concat({ rank: 7 }));
    const { lines } = stall.run(5, [{ rank: 1 }])!;
    expect(lines.filter((line) => line.includes(", which "))).toEqual([
      "rank 0 waits for rank 1, which waits itself (see above)",
      `rank 1 waits for rank 3, which ${GONE_SILENT}`,
      "rank 2 waits for rank 7, which is on another node and has not answered: it computes, sleeps or is stopped",
    ]);
  });

  it("says what ranks of another node have answered, whoever asked them", () => {
    const stall = new Stall();
    stall.answer = "has waited 3 s in recv, for rank 9";
    const asked = stall.run(5, [{ rank: 7 }])!;
    expect(asked.lines).toContain("rank 0 waits for rank 7, which has waited 3 s in recv, for rank 9");
    const other = new Stall();
    other.waits(2, "recv, for rank 8", [{ rank: 8, heard: "has ended" }]);
    expect(other.run(5, [])!.lines).toContain("rank 2 waits for rank 8, which has ended");
  });

  it("has room for a rank that awaits thousands", () => {
    const stall = new Stall();
    const many = ranks(100, 4000).map((rank) => ({
      rank,
      last: `was in barrier before, or in ${"é".repeat(30)}`,
    }));
    stall.waits(2, "x".repeat(2_000), many);
    const { lines } = stall.run(5, [])!;
    expect(lines.filter((line) => line.startsWith("rank 2 waits for rank 10"))).not.toEqual([]);
  });

  it.each([5, 30, 600])("comes two looks later where all wait for one another: %i s", (seconds) => {
    vi.spyOn(Date, "now").mockReturnValue(1e12);
    const stall = new Stall();
    stall.waits(1, "recv, for rank 0", [{ rank: 0 }]);
    const told = stall.run(seconds, [{ rank: 1 }]);
    expect(told?.seconds ?? null).toBe(seconds < 60 ? seconds + 2 : null);
  });

  it("is left to a rank that waits for the missing one itself", () => {
    const stall = new Stall();
    stall.waits(1, "recv, for rank 3", [{ rank: 3 }]);
    expect(stall.roster.mayReport(1)).toBe(true);
    expect(stall.run(30, [{ rank: 1 }])).toBe(null);
  });
});

const secondsFor = (text: string | undefined) => stallRule({ PSHMEM_STALL_SECONDS: text }).seconds;

describe("PSHMEM_STALL_SECONDS", () => {
  it.each([
    [undefined, 30],
    ["", 30],
    [" ", 30],
    ["0", Infinity],
    ["0.0", Infinity],
    [" 7 ", 7],
    ["2.5", 2.5],
    [".5", 0.5],
    ["007", 7],
  ])("%o is %f seconds", (text, seconds) => expect(secondsFor(text)).toBe(seconds));

  it.each(["soon", "0x10", "Infinity", "NaN", "-1", "+1", "1e3", "1_0", "1 2", ".", "9".repeat(400)])(
    "'%s' is refused",
    (text) =>
      expect(() => secondsFor(text)).toThrow(
        expect.objectContaining({
          code: "BAD_LAUNCH",
          message: expect.stringContaining("a decimal number of seconds, as 30 or 2.5 (0: never)"),
        }),
      ),
  );
});
