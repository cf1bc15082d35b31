/** Conformance: one-sided memory. */
import assert from "node:assert/strict";
import { DTYPES, type DType, type FetchOp, type Scalar } from "../../dist/index.js";
import { codeOf, type Case } from "./case.ts";
import { lostArray } from "./collectives.ts";
import { HALVES } from "./shared.ts";

/** Number n as an element of each dtype, within every dtype's range. */
function elementOf(dtype: DType, n: number): Scalar {
  if (dtype === "int64" || dtype === "uint64") return BigInt(n);
  if (dtype === "bool") return n % 2 === 1;
  if (dtype === "complex64" || dtype === "complex128") return { re: n, im: n + 1 };
  return n;
}

/** The dtypes whose elements a machine can update at once. */
const ATOMIC = DTYPES.filter((dtype) => dtype !== "complex128");

/** Floating-point and integer dtypes, on which arithmetic gives the plain result for small numbers. */
const NUMBERS = ATOMIC.filter((dtype) => !dtype.startsWith("complex") && dtype !== "bool");

export const windowCases: readonly Case[] = [
  {
    name: "memory begins as zeros, with each rank's own count",
    run(comm) {
      using window = comm.allocateWindow("float64", comm.rank + 1);
      assert.equal(window.count, comm.rank + 1);
      for (let rank = 0; rank < comm.size; rank++) {
        assert.equal(window.countOf(rank), rank + 1);
        assert.deepEqual(
          [...window.get(rank, 0, rank + 1)],
          Array.from({ length: rank + 1 }, () => 0),
        );
      }
      comm.barrier();
    },
  },
  {
    name: "put then read by fetchAndOp, every rank to every rank, in every dtype",
    run(comm) {
      for (const dtype of ATOMIC) {
        using window = comm.allocateWindow<DType>(dtype, comm.size);
        for (let target = 0; target < comm.size; target++) {
          window.put(target, comm.rank, elementOf(dtype, comm.rank + 1));
        }
        window.flush();
        comm.barrier();
        for (let target = 0; target < comm.size; target++) {
          for (let from = 0; from < comm.size; from++) {
            const read = window.fetchAndOp(target, from, elementOf(dtype, 0), "no_op");
            assert.deepEqual(read, elementOf(dtype, from + 1));
          }
        }
        comm.barrier();
      }
    },
  },
  {
    name: "puts of arrays land where they should",
    run(comm) {
      using window = comm.allocateWindow("complex128", 10);
      const right = (comm.rank + 1) % comm.size;
      window.put(right, 3, [
        { re: comm.rank, im: 1 },
        { re: 2, im: 3 },
      ]);
      window.put(right, 8, new Float64Array([5, 6, 7, 8]));
      window.flush(right);
      comm.barrier();
      window.sync();
      const left = (comm.rank + comm.size - 1) % comm.size;
      assert.deepEqual([...window.local], [0, 0, 0, 0, 0, 0, left, 1, 2, 3, 0, 0, 0, 0, 0, 0, 5, 6, 7, 8]);
      assert.deepEqual([...window.get(comm.rank, 4, 2)], [2, 3, 0, 0]);
      comm.barrier();
    },
  },
  {
    name: "halves put as their bits are those numbers",
    run(comm) {
      using window = comm.allocateWindow("float16", 5);
      const right = (comm.rank + 1) % comm.size;
      const bits = Uint16Array.from(HALVES, ([half]) => half);
      window.put(right, 0, bits);
      window.put(right, 4, bits.subarray(3));
      window.flush(right);
      comm.barrier();
      const read = [0, 1, 2, 3, 4].map((place) => window.fetchAndOp(comm.rank, place, 0, "no_op"));
      assert.deepEqual(read, [1, 0, Infinity, -2, -2]);
      comm.barrier();
    },
  },
  {
    name: "local stores are seen by others after sync and barrier",
    run(comm) {
      using window = comm.allocateWindow("int16", 4);
      window.local.fill(comm.rank + 1);
      window.sync();
      comm.barrier();
      for (let rank = 0; rank < comm.size; rank++) {
        assert.deepEqual(
          [...window.get(rank, 0, 4)],
          Array.from({ length: 4 }, () => rank + 1),
        );
      }
      comm.barrier();
    },
  },
  {
    name: "fetchAndOp is atomic in every dtype",
    run(comm) {
      for (const dtype of NUMBERS) {
        using window = comm.allocateWindow<DType>(dtype, 1);
        for (let i = 0; i < 20; i++) window.fetchAndOp(0, 0, elementOf(dtype, 1));
        comm.barrier();
        assert.deepEqual(
          window.fetchAndOp(0, 0, elementOf(dtype, 0), "no_op"),
          elementOf(dtype, 20 * comm.size),
        );
        comm.barrier();
      }
    },
  },
  {
    name: "fetchAndOp returns each old value once",
    run(comm) {
      using window = comm.allocateWindow("uint32", 1);
      const mine = Array.from({ length: 100 }, () => window.fetchAndOp(comm.size - 1, 0, 1));
      const all = comm.allgather(mine).flat();
      assert.deepEqual(
        all.toSorted((a, b) => a - b),
        Array.from({ length: 100 * comm.size }, (_, i) => i),
      );
    },
  },
  {
    name: "every operation of fetchAndOp",
    run(comm) {
      using window = comm.allocateWindow("int32", 1);
      const results: Partial<Record<FetchOp, number>> = {
        sum: 15,
        prod: 36,
        min: 3,
        max: 12,
        land: 1,
        lor: 1,
        lxor: 0,
        band: 0,
        bor: 15,
        bxor: 15,
        replace: 3,
        no_op: 12,
      };
      for (const [op, result] of Object.entries(results)) {
        window.put(comm.rank, 0, 12);
        assert.equal(window.fetchAndOp(comm.rank, 0, 3, op as FetchOp), 12);
        assert.equal(window.get(comm.rank)[0], result, op);
      }
      comm.barrier();
    },
  },
  {
    name: "fetchAndOp refuses what an element has no meaning for, and names what it has",
    run(comm) {
      for (const dtype of ["float16", "float32", "float64", "complex64"] as const) {
        using window = comm.allocateWindow<DType>(dtype, 1);
        const one = dtype === "complex64" ? { re: 1, im: 0 } : 1;
        const refused = () => window.fetchAndOp(comm.rank, 0, one, "bor");
        assert.throws(refused, {
          code: "BAD_ARGUMENT",
          message: new RegExp(
            `^Window\\.fetchAndOp: bor is not an operation on ${dtype}; use one of sum, prod`,
          ),
        });
        comm.barrier();
      }
    },
  },
  {
    name: "fetchAndOp on complex numbers and booleans",
    run(comm) {
      using numbers = comm.allocateWindow("complex64", 1);
      numbers.put(comm.rank, 0, { re: 1, im: 2 });
      numbers.fetchAndOp(comm.rank, 0, { re: 3, im: -1 }, "prod");
      assert.deepEqual([...numbers.get(comm.rank)], [5, 5]);
      using flags = comm.allocateWindow("bool", 1);
      assert.equal(flags.fetchAndOp(comm.rank, 0, true, "lor"), false);
      assert.equal(flags.fetchAndOp(comm.rank, 0, true, "sum"), true);
      assert.deepEqual([...flags.get(comm.rank)], [1]);
      comm.barrier();
    },
  },
  {
    name: "compareAndSwap lets one rank win",
    run(comm) {
      for (const dtype of NUMBERS) {
        using window = comm.allocateWindow<DType>(dtype, 1);
        const before = window.compareAndSwap(0, 0, elementOf(dtype, 0), elementOf(dtype, comm.rank + 1));
        const winners = comm.allgather(Number(before) === 0).filter(Boolean);
        assert.equal(winners.length, 1);
        const value = Number(window.fetchAndOp(0, 0, elementOf(dtype, 0), "no_op"));
        assert.ok(value >= 1 && value <= comm.size);
        comm.barrier();
      }
    },
  },
  {
    name: "windows do not overlap",
    run(comm) {
      const windows = Array.from({ length: 50 }, (_, i) => comm.allocateWindow("uint8", i));
      windows.forEach((window, i) => window.local.fill(i));
      comm.barrier();
      windows.forEach((window, i) => {
        for (let rank = 0; rank < comm.size; rank++)
          assert.ok(window.get(rank, 0, i).every((element) => element === i));
      });
      comm.barrier();
      for (const window of windows) window.close();
    },
  },
  {
    name: "a bad dtype or count on one rank is thrown on all",
    run(comm) {
      const bad = comm.rank === comm.size - 1;
      assert.equal(
        codeOf(() => comm.allocateWindow(bad ? ("int33" as DType) : "int32", 1)),
        "BAD_DTYPE",
      );
      for (const count of [-1, 0.5, NaN]) {
        assert.equal(
          codeOf(() => comm.allocateWindow("int32", bad ? count : 1)),
          "BAD_ARGUMENT",
        );
      }
      assert.equal(comm.allreduce(1), comm.size);
    },
  },
  {
    name: "different dtypes are a mismatch",
    minSize: 2,
    run(comm) {
      assert.equal(
        codeOf(() => comm.allocateWindow(comm.rank === 0 ? "int32" : "uint32", 1)),
        "MISMATCH",
      );
    },
  },
  {
    name: "access outside, of other kinds, or after close is refused",
    run(comm) {
      const window = comm.allocateWindow("int32", 4);
      const codes = [
        codeOf(() => window.get(comm.size)),
        codeOf(() => window.get(0, 4)),
        codeOf(() => window.get(0, 3, 2)),
        codeOf(() => window.get(0, -1)),
        codeOf(() => window.put(0, 2, [1, 2, 3])),
        codeOf(() => window.put(0, 0, "text" as never)),
        codeOf(() => window.put(0, 0, new Float64Array(1) as never)),
        codeOf(() => window.fetchAndOp(0, 0, 1n as never)),
        codeOf(() => window.fetchAndOp(0, 0, 1, "minloc" as never)),
      ];
      const kinds = ["BAD_DTYPE", "BAD_DTYPE", "BAD_DTYPE", "BAD_ARGUMENT"];
      assert.deepEqual(codes, [
        "BAD_RANK",
        "OUT_OF_BOUNDS",
        "OUT_OF_BOUNDS",
        "OUT_OF_BOUNDS",
        "OUT_OF_BOUNDS",
        ...kinds,
      ]);
      comm.barrier();
      window.close();
      window.close();
      assert.equal(
        codeOf(() => window.get(0)),
        "FREED",
      );
      assert.equal(
        codeOf(() => window.local),
        "FREED",
      );
    },
  },
  {
    name: "elements that a dtype does not hold are refused, and nothing is changed",
    run(comm) {
      const cases: [DType, Scalar[]][] = [
        ["int32", [1.5, NaN, Infinity, 2 ** 31, -(2 ** 31) - 1]],
        ["uint8", [-1, 256]],
        ["int64", [2n ** 63n]],
        ["uint64", [-1n]],
      ];
      for (const [dtype, values] of cases) {
        using window = comm.allocateWindow<DType>(dtype, 2);
        const five = elementOf(dtype, 5);
        const target = (comm.rank + 1) % comm.size;
        window.put(target, 0, [five, five]);
        for (const value of values) {
          const calls = {
            put: [() => window.put(target, 0, value), () => window.put(target, 0, [five, value])],
            fetchAndOp: [() => window.fetchAndOp(target, 0, value)],
            compareAndSwap: [
              () => window.compareAndSwap(target, 0, value, five),
              () => window.compareAndSwap(target, 0, five, value),
            ],
          };
          for (const [name, attempts] of Object.entries(calls)) {
            const expected = {
              code: "BAD_ARGUMENT",
              call: `Window.${name}`,
              message: /^Window\.\w+: .* is no u?int/,
            };
            for (const attempt of attempts) assert.throws(attempt, expected);
          }
        }
        window.flush();
        assert.deepEqual([...window.get(target, 0, 2)], [five, five]);
        comm.barrier();
      }
    },
  },
  {
    name: "elements whose buffer was transferred are refused",
    run(comm) {
      using window = comm.allocateWindow("float64", 2);
      for (let target = 0; target < comm.size; target++) {
        assert.equal(
          codeOf(() => window.put(target, 0, lostArray())),
          "NOT_CLONEABLE",
        );
        assert.equal(
          codeOf(() => comm.send(lostArray(), target)),
          "NOT_CLONEABLE",
        );
      }
      assert.equal(comm.allreduce(1), comm.size);
      assert.equal(comm.iprobe(), null);
    },
  },
  {
    name: "sixteen bytes cannot be updated at once",
    run(comm) {
      using window = comm.allocateWindow("complex128", 1);
      assert.equal(
        codeOf(() => window.fetchAndOp(0, 0, { re: 1, im: 1 })),
        "UNSUPPORTED",
      );
      comm.barrier();
    },
  },
];
