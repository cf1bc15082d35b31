/** What a meeting comes to, and faults on their way to the other ranks. */
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { digestOf } from "../../dist/comm/calls.js";
import {
  asFault,
  decodeFault,
  encodeFault,
  faultOf,
  lossOn,
  merged,
  type Statement,
} from "../../dist/comm/verdict.js";
import { decodeSlab, encodeSlab, packStatement, payloadRoom, unpackStatement } from "../../dist/comm/wire.js";
import { boardBytes, Board } from "../../dist/node/board.js";
import { ERROR_CODES, PshmemError, type ErrorCode, type ErrorFields } from "../../dist/errors.js";

/** What travels with a call at the most. */
const ROOM = 900;

const codes = Object.keys(ERROR_CODES) as ErrorCode[];

function trip(error: PshmemError, rank = 3, own?: PshmemError, reader = 0): PshmemError {
  return decodeFault(encodeFault(error, rank), "barrier", 8, reader, own);
}

describe("a fault on its way", () => {
  it("keeps every field", () => {
    const fields: Required<ErrorFields> = {
      rank: 3,
      call: "barrier",
      expected: [2, 3],
      actual: { a: "b" },
      bytes: 5,
      available: 6,
      holder: 7,
      queue: [1, 2],
      token: 8,
      heldFor: 9,
      task: 10,
      path: "/somewhere",
      lost: [1],
    };
    for (const code of codes) {
      const came = trip(new PshmemError(code, "what was wrong", fields));
      expect(came).toMatchObject({ ...fields, code });
      expect(came.message).toContain("what was wrong");
    }
  });

  it("names the rank it was found on, except for a mismatch, which names two", () => {
    expect(trip(new PshmemError("BAD_RANK", "text")).message).toBe("barrier, on rank 3: text");
    expect(trip(new PshmemError("MISMATCH", "text")).message).toBe("barrier: text");
    const alone = decodeFault(encodeFault(new PshmemError("BAD_RANK", "text"), 0), "barrier", 1, 0);
    expect(alone.message).toBe("barrier: text");
  });

  it("names its call once", () => {
    const error = new PshmemError("FREED", "barrier: text");
    expect(trip(error).message).toBe("barrier, on rank 3: text");
    expect(decodeFault(encodeFault(error, 0), "barrier", 1, 0).message).toBe("barrier: text");
    expect(decodeFault(encodeFault(error, 0), "bcast", 1, 0).message).toBe("bcast: barrier: text");
  });

  it("has its cause on its own rank only", () => {
    const cause = new RangeError("inner");
    const error = new PshmemError("NO_MEMORY", "text", { cause });
    expect(trip(error, 3, error, 3).cause).toBe(cause);
    expect(trip(error, 3, undefined, 0).cause).toBeUndefined();
  });

  it("fits its room and still tells code and rank, whatever it holds", () => {
    const text = fc.oneof(fc.string({ unit: "binary", maxLength: 3000 }), fc.constant("\0".repeat(2000)));
    const field = fc.anything({ withBigInt: true });
    fc.assert(
      fc.property(fc.constantFrom(...codes), text, field, field, (code, message, expected, actual) => {
        const bytes = encodeFault(new PshmemError(code, message, { expected, actual, path: message }), 5);
        expect(bytes.length).toBeLessThanOrEqual(ROOM);
        expect(decodeFault(bytes, "bcast", 8, 0)).toMatchObject({ code, rank: 5 });
      }),
    );
  });

  it("travels even if what was passed has no JSON", () => {
    const circular: { self?: unknown } = {};
    circular.self = circular;
    const hostile = {
      toJSON(): never {
        throw new Error("no");
      },
    };
    for (const actual of [circular, hostile, 5n, NaN, Infinity, Symbol("s"), () => 1]) {
      const came = trip(new PshmemError("BAD_ARGUMENT", "text", { actual, bytes: 7 }));
      expect(came).toMatchObject({ code: "BAD_ARGUMENT", rank: 3, bytes: 7 });
    }
    expect(trip(new PshmemError("BAD_ARGUMENT", "text", { actual: NaN })).actual).toBe("NaN");
  });

  it("is made of any exception", () => {
    const ours = new PshmemError("BAD_TASK", "text");
    expect(asFault(ours)).toBe(ours);
    expect(asFault(new RangeError("Array buffer allocation failed")).code).toBe("NO_MEMORY");
    expect(asFault(new RangeError("Invalid array length")).code).toBe("NO_MEMORY");
    const error = new TypeError("text");
    expect(asFault(error)).toMatchObject({ code: "BAD_ARGUMENT", message: "TypeError: text", cause: error });
    for (const thrown of [undefined, null, "text", 5]) expect(asFault(thrown).code).toBe("BAD_ARGUMENT");
  });
});

function statement(rank: number, fields: Partial<Statement> = {}): Statement {
  const nothing = {
    op: 1,
    object: 0,
    root: -1,
    digest: 0,
    about: "",
    differing: null,
    fault: null,
    isFresh: false,
  };
  return { rank, ...nothing, faultRank: rank, ...fields };
}

/** Any statement of a rank: what it says, whether it has a fault, or takes no more part. */
function anyStatement(rank: number): fc.Arbitrary<Statement> {
  const fault = encodeFault(new PshmemError("BAD_RANK", `of ${rank}`), rank);
  const loss = encodeFault(new PshmemError("RANK_LOST", `found by ${rank}`), rank);
  const faults = [{}, {}, {}, { fault, faultRank: rank }, { fault: loss, faultRank: lossOn(rank) }];
  const saying = fc.record({ op: fc.constantFrom(1, 1, 2), about: fc.constantFrom("", "shape [2]") });
  return fc
    .tuple(saying, fc.constantFrom(...faults), fc.boolean())
    .map(([said, at, isFresh]) => statement(rank, { ...said, ...at, isFresh }));
}

const RANKS = 9;
const crowd = fc.tuple(...Array.from({ length: RANKS }, (_, rank) => anyStatement(rank)));
/** Ranks in the order in which they are merged, some of them often; cut into groups which are merged by themselves first. */
const order = fc
  .tuple(fc.array(fc.nat(RANKS - 1), { maxLength: 20 }), fc.infiniteStream(fc.boolean()))
  .chain(([more, cuts]) =>
    fc
      .shuffledSubarray([...Array(RANKS).keys(), ...more], { minLength: RANKS + more.length })
      .map((ranks) => ({ ranks, cuts })),
  );

function mergedBy(
  { ranks, cuts }: { ranks: number[]; cuts: Iterator<boolean> },
  said: readonly Statement[],
): Statement {
  const groups: Statement[][] = [[]];
  for (const rank of ranks) {
    if (groups.at(-1)!.length > 0 && cuts.next().value) groups.push([]);
    groups.at(-1)!.push(said[rank]);
  }
  return groups.map((group) => group.reduce(merged)).reduceRight(merged);
}

describe("statements of ranks", () => {
  it("come to one, whatever their order and groups, and however often each is told", () => {
    fc.assert(
      fc.property(crowd, order, (said, by) => {
        expect(mergedBy(by, said)).toEqual(said.reduce(merged));
      }),
      { numRuns: 500 },
    );
  });

  it("come to the loss of ranks, else the fault of the lowest rank, else the lowest two that differ", () => {
    fc.assert(
      fc.property(crowd, (said) => {
        const fault = faultOf(said.reduce(merged));
        const losses = said.filter(({ faultRank }) => faultRank < 0);
        const faulty = said.find((one) => one.fault);
        const differing = said.find(({ op }) => op !== said[0].op);
        if (losses.length > 0) expect(fault).toEqual(losses.at(-1)!.fault);
        else if (faulty) expect(fault).toEqual(faulty.fault);
        else if (differing)
          expect(decodeFault(fault!, "barrier", RANKS, 0)).toMatchObject({
            code: "MISMATCH",
            rank: differing.rank,
          });
        else expect(fault).toBeNull();
      }),
      { numRuns: 300 },
    );
  });

  it.each([
    ["op", { op: 2 }, /barrier.*bcast/],
    ["object", { object: 4 }, /object 4/],
    ["root", { root: 2 }, /root 2/],
    ["digest", { digest: 9 }, /different arguments/],
    ["arguments", { digest: 9, about: "shape [3]" }, /\(shape \[2\]\).*\(shape \[3\]\)/],
  ] satisfies [string, Partial<Statement>, RegExp][])(
    "that differ in their %s are a mismatch that tells both",
    (_, differs, text) => {
      const about = "about" in differs ? "shape [2]" : "";
      const fault = faultOf(merged(statement(1, { about }), statement(6, differs)));
      const error = decodeFault(fault!, "barrier", 8, 0);
      expect(error).toMatchObject({ code: "MISMATCH", rank: 6 });
      expect(error.message).toMatch(text);
      expect(error.message).toMatch(/ranks 1 and 6/);
    },
  );

  it("survive the trip between nodes", () => {
    const numbers = fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 });
    const bytes = fc.uint8Array({ minLength: 1, maxLength: 900 });
    const shape = fc.record({
      rank: fc.nat(),
      op: numbers,
      object: numbers,
      root: numbers,
      digest: numbers,
      faultRank: fc.nat(),
      isFresh: fc.boolean(),
    });
    fc.assert(
      fc.property(shape, bytes, fc.string({ minLength: 1 }), (fields, text, about) => {
        const none = new Uint8Array(0);
        const sound = { ...fields, about: "", differing: null, fault: null };
        const payload = payloadRoom(text.length);
        payload.set(text);
        expect(unpackStatement(packStatement(sound, payload))).toEqual({ statement: sound, payload: text });
        expect(unpackStatement(packStatement(sound, none))).toEqual({ statement: sound, payload: none });
        const faulty = { ...sound, fault: text };
        expect(unpackStatement(packStatement(faulty, text))).toEqual({ statement: faulty, payload: none });
        const telling = { ...sound, about: about.toWellFormed() };
        expect(unpackStatement(packStatement(telling, none))).toEqual({ statement: telling, payload: none });
        const { rank, op, object, root, digest } = fields;
        for (const other of ["", telling.about]) {
          const differing = { rank: op, op: digest, object: root, root: object, digest: rank, about: other };
          const both = { ...telling, differing };
          expect(unpackStatement(packStatement(both, text))).toEqual({ statement: both, payload: none });
        }
      }),
    );
  });
});

it("digests tell arguments apart, and take whatever a user passes", () => {
  expect(digestOf("a", "b")).not.toBe(digestOf("ab"));
  expect(digestOf(1, 2)).toBe(digestOf("1", "2"));
  expect(Number.isInteger(digestOf(Symbol("s") as unknown as string))).toBe(true);
});

it("slabs survive the trip between nodes, also those beyond 4 GiB", () => {
  const extent = fc.integer({ min: 0, max: 2 ** 52 });
  const axes = fc.array(fc.tuple(extent, fc.integer({ min: -(2 ** 52), max: 2 ** 52 })), { maxLength: 8 });
  fc.assert(
    fc.property(extent, extent, axes, (offset, rowBytes, list) => {
      const slab = {
        offset,
        rowBytes,
        shape: list.map((axis) => axis[0]),
        strides: list.map((axis) => axis[1]),
      };
      expect(decodeSlab(encodeSlab(slab))).toEqual(slab);
    }),
  );
  expect(decodeSlab(encodeSlab(null))).toBeNull();
});

it("a board keeps what fits, and says whether the meeting failed", () => {
  const board = new Board({ buffer: new SharedArrayBuffer(boardBytes(1)), byteOffset: 0 }, 1);
  board.conclude(new Uint8Array(2000).fill(7), true);
  expect(board.failed).toBe(true);
  expect(board.result).toEqual(new Uint8Array(960).fill(7));
  // Its only rank is the last to enter.
  expect(board.enter()).toBe(true);
  expect(board.failed).toBe(false);
  expect(board.result.length).toBe(0);
});
