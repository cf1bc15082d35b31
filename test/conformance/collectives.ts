/** Conformance: the collectives that carry values. */
import assert from "node:assert/strict";
import { runInNewContext } from "node:vm";
import { type AnyTypedArray, type Communicator, PshmemError, type ReduceOp } from "../../dist/index.js";
import { codeOf, type Case } from "./case.ts";

/** Values of many kinds, small and large. */
function samples(): unknown[] {
  return [
    null,
    undefined,
    42,
    -0,
    NaN,
    10n ** 30n,
    "text with ümlauts and 🦆",
    { a: [1, { b: 2 }], c: new Date(0) },
    new Map([["k", new Set([1, 2])]]),
    /x+/gi,
    new Float64Array([1.5, -2.5, NaN]),
    new Uint8Array(0),
    new BigInt64Array([-1n, 2n ** 62n]),
    { nested: new Int16Array([1, 2, 3]), view: new DataView(new ArrayBuffer(3), 1) },
    "x".repeat(100_000),
    new Float32Array(300_000).fill(0.25),
  ];
}

/** Every rank makes `call`; all must throw `code`, naming rank `culprit`. */
function allThrow(comm: Communicator, code: string, culprit: number, call: () => unknown): void {
  try {
    call();
    assert.fail("nothing was thrown");
  } catch (error) {
    assert.ok(error instanceof PshmemError, String(error));
    assert.equal(error.code, code);
    assert.equal(error.rank, culprit);
  }
  assert.equal(comm.allreduce(1), comm.size);
}

/** An array that has lost its memory to another. */
export function lostArray(): Float64Array<ArrayBuffer> {
  const array = new Float64Array(2);
  structuredClone(array.buffer, { transfer: [array.buffer] });
  return array;
}

const arrays: readonly (readonly [new (values: never) => AnyTypedArray, readonly (number | bigint)[]])[] = [
  [Int8Array, [1, 2, 3]],
  [Uint8Array, [1, 2, 3]],
  [Int16Array, [1, 2, 3]],
  [Uint16Array, [1, 2, 3]],
  [Int32Array, [1, 2, 3]],
  [Uint32Array, [1, 2, 3]],
  [BigInt64Array, [1n, 2n, 3n]],
  [BigUint64Array, [1n, 2n, 3n]],
  [Float32Array, [1, 2, 3]],
  [Float64Array, [1, 2, 3]],
];

/** What an operation makes of rank + 1 over all ranks, computed plainly. */
function expected(op: ReduceOp, count: number): number {
  const values = Array.from({ length: count }, (_, rank) => rank + 1);
  const fold: Partial<Record<ReduceOp, (a: number, b: number) => number>> = {
    sum: (a, b) => a + b,
    prod: (a, b) => a * b,
    min: Math.min,
    max: Math.max,
    land: (a, b) => Number(a !== 0 && b !== 0),
    lor: (a, b) => Number(a !== 0 || b !== 0),
    lxor: (a, b) => Number((a !== 0) !== (b !== 0)),
    band: (a, b) => a & b,
    bor: (a, b) => a | b,
    bxor: (a, b) => a ^ b,
  };
  return values.reduce((a, b) => fold[op]!(a, b));
}

const OPS: readonly ReduceOp[] = ["sum", "prod", "min", "max", "land", "lor", "lxor", "band", "bor", "bxor"];

export const collectiveCases: readonly Case[] = [
  {
    name: "bcast carries every kind of value from every root",
    run(comm) {
      for (let root = 0; root < comm.size; root++) {
        for (const sample of samples()) {
          assert.deepEqual(comm.bcast(comm.rank === root ? sample : "other", root), sample);
        }
      }
    },
  },
  {
    name: "gather and allgather keep the rank order",
    run(comm) {
      const all = Array.from({ length: comm.size }, (_, rank) => ({ rank, text: "y".repeat(rank * 5000) }));
      for (let root = 0; root < comm.size; root++) {
        assert.deepEqual(comm.gather(all[comm.rank], root), comm.rank === root ? all : null);
      }
      assert.deepEqual(comm.allgather(all[comm.rank]), all);
      assert.deepEqual(
        comm.allgather(comm.rank),
        all.map((one) => one.rank),
      );
    },
  },
  {
    name: "scatter gives each rank its own",
    run(comm) {
      for (let root = 0; root < comm.size; root++) {
        const values = Array.from({ length: comm.size }, (_, rank) =>
          new Float64Array(rank * 1000).fill(root),
        );
        const own = comm.scatter(comm.rank === root ? values : null, root);
        assert.deepEqual(own, values[comm.rank]);
      }
    },
  },
  {
    name: "alltoall transposes",
    run(comm) {
      const received = comm.alltoall(Array.from({ length: comm.size }, (_, to) => `${comm.rank}→${to}`));
      assert.deepEqual(
        received,
        Array.from({ length: comm.size }, (_, from) => `${from}→${comm.rank}`),
      );
      const large = comm.alltoall(
        Array.from({ length: comm.size }, (_, to) => new Int32Array(100_000).fill(to)),
      );
      assert.ok(large.every((part) => part.every((element) => element === comm.rank)));
    },
  },
  {
    name: "reduce and allreduce combine numbers by every operation",
    run(comm) {
      for (const op of OPS) {
        assert.equal(comm.allreduce(comm.rank + 1, op), expected(op, comm.size), op);
        assert.equal(
          comm.reduce(comm.rank + 1, op, comm.size - 1),
          comm.rank === comm.size - 1 ? expected(op, comm.size) : null,
        );
      }
    },
  },
  {
    name: "reductions work on bigints, booleans and arrays",
    run(comm) {
      assert.equal(comm.allreduce(BigInt(comm.rank + 1), "prod"), BigInt(expected("prod", comm.size)));
      assert.equal(comm.allreduce(comm.rank === 0, "lor"), true);
      assert.equal(comm.allreduce(comm.rank === 0, "land"), comm.size === 1);
      // What a logical operation gives does not depend on how many ranks there are.
      for (const op of ["land", "lor"] as const) {
        const buffer = new Int16Array([6, 0, -2]);
        comm.allreduceInto(buffer, op);
        assert.deepEqual(buffer, new Int16Array([1, 0, 1]));
        assert.equal(comm.allreduce(6, op), 1);
        assert.equal(comm.scan(6, op), 1);
        assert.equal(comm.exscan(6, op), comm.rank === 0 ? null : 1);
      }
      assert.deepEqual(comm.allreduce([1, comm.rank, [2]]), [
        comm.size,
        (comm.size * (comm.size - 1)) / 2,
        [2 * comm.size],
      ]);
    },
  },
  {
    name: "reductions work element by element on every typed array",
    run(comm) {
      for (const [make, values] of arrays) {
        const own = new make(values as never);
        const sum = comm.allreduce(own);
        assert.equal(sum.constructor, make);
        assert.deepEqual([...sum].map(Number), [comm.size, 2 * comm.size, 3 * comm.size]);
        assert.deepEqual([...own], [...values], "the operand is left alone");
      }
    },
  },
  {
    name: "integers wrap as their type does",
    run(comm) {
      const sum = comm.allreduce(new Uint8Array([200]));
      assert.equal(sum[0], (200 * comm.size) % 256);
      const product = comm.allreduce(new Int32Array([65_537]), "prod");
      let plain = 1;
      for (let i = 0; i < comm.size; i++) plain = Math.imul(plain, 65_537);
      assert.equal(product[0], plain);
    },
  },
  {
    name: "minloc and maxloc find where",
    run(comm) {
      const values = Array.from({ length: comm.size }, (_, rank) => (rank * 7 + 3) % 5);
      const least = Math.min(...values);
      const most = Math.max(...values);
      assert.deepEqual(comm.allreduce<unknown>(values[comm.rank], "minloc"), [least, values.indexOf(least)]);
      assert.deepEqual(comm.allreduce([values[comm.rank], comm.rank], "maxloc"), [
        most,
        values.indexOf(most),
      ]);
      assert.deepEqual(comm.allreduce([1, 100 - comm.rank], "minloc"), [1, 100 - (comm.size - 1)]);
    },
  },
  {
    name: "minloc and maxloc find a NaN, whoever has it",
    run(comm) {
      for (let place = 0; place < comm.size; place++) {
        const value = comm.rank === place ? NaN : 5;
        for (const op of ["minloc", "maxloc"] as const) {
          assert.deepEqual(comm.allreduce<unknown>(value, op), [NaN, place]);
          assert.deepEqual(comm.scan<unknown>(value, op), comm.rank < place ? [5, 0] : [NaN, place]);
        }
      }
      assert.deepEqual(comm.allreduce<unknown>(NaN, "minloc"), [NaN, 0]);
    },
  },
  {
    name: "scan and exscan combine the ranks before",
    run(comm) {
      assert.equal(comm.scan(comm.rank + 1), expected("sum", comm.rank + 1));
      assert.equal(comm.exscan(comm.rank + 1, "prod"), comm.rank === 0 ? null : expected("prod", comm.rank));
      assert.deepEqual(comm.scan(new Float64Array([1, comm.rank]))[0], comm.rank + 1);
      assert.deepEqual(comm.scan<unknown>(comm.size - comm.rank, "minloc"), [
        comm.size - comm.rank,
        comm.rank,
      ]);
    },
  },
  {
    name: "floating-point sums are the same on every rank and every time",
    run(comm) {
      const value = 1 / (comm.rank + 3);
      const first = comm.allreduce(value);
      for (let round = 0; round < 20; round++) assert.equal(comm.allreduce(value), first);
      assert.equal(new Set(comm.allgather(first)).size, 1);
      let plain = 1 / 3;
      for (let rank = 1; rank < comm.size; rank++) plain += 1 / (rank + 3);
      assert.equal(first, plain);
    },
  },
  {
    name: "bcastInto and allreduceInto fill buffers in place",
    run(comm) {
      for (const length of [0, 1, 1000, 300_000]) {
        const root = comm.size - 1;
        const buffer = new Float64Array(length).fill(comm.rank);
        comm.bcastInto(buffer, root);
        assert.ok(buffer.every((element) => element === root));
        buffer.fill(comm.rank + 1);
        comm.allreduceInto(buffer, "max");
        assert.ok(buffer.every((element) => element === comm.size));
      }
      const part = new Int32Array(10).fill(-1);
      comm.bcastInto(comm.rank === 0 ? part.subarray(2, 5).fill(9) : part.subarray(2, 5));
      assert.deepEqual([...part], [-1, -1, 9, 9, 9, -1, -1, -1, -1, -1]);
    },
  },
  {
    name: "received values share no memory",
    run(comm) {
      const [mine] = comm.allgather(new Uint8Array(4));
      mine.fill(comm.rank + 1);
      comm.barrier();
      assert.ok(mine.every((element) => element === comm.rank + 1));
    },
  },
  {
    name: "a view of shared memory is sent as a copy",
    run(comm) {
      const shared = new Int32Array(new SharedArrayBuffer(40), 4, 3).fill(5);
      const value = comm.bcast({ shared, alone: shared }, 0);
      assert.deepEqual([...value.shared], [5, 5, 5]);
      assert.deepEqual([...comm.allgather(shared)[0]], [5, 5, 5]);
    },
  },
  {
    name: "a bad root on one rank is thrown on all",
    run(comm) {
      const last = comm.size - 1;
      const root = comm.rank === last ? comm.size : 0;
      allThrow(comm, "BAD_RANK", last, () => comm.bcast(1, root));
      allThrow(comm, "BAD_RANK", last, () => comm.gather(1, root));
      allThrow(comm, "BAD_RANK", last, () =>
        comm.scatter(
          Array.from({ length: comm.size }, () => 1),
          root,
        ),
      );
      allThrow(comm, "BAD_RANK", last, () => comm.reduce(1, "sum", root));
      allThrow(comm, "BAD_RANK", last, () => comm.bcastInto(new Uint8Array(1), root));
    },
  },
  {
    name: "a value that cannot be sent is thrown on all ranks",
    run(comm) {
      const bad = comm.rank === 0 ? () => 1 : 1;
      allThrow(comm, "NOT_CLONEABLE", 0, () => comm.bcast(bad));
      allThrow(comm, "NOT_CLONEABLE", 0, () => comm.gather(bad));
      allThrow(comm, "NOT_CLONEABLE", 0, () => comm.allgather(bad));
      allThrow(comm, "NOT_CLONEABLE", 0, () => comm.scatter(Array.from({ length: comm.size }, () => bad)));
      for (const thrown of [null, undefined, "no error"]) {
        const value = {
          get field() {
            throw thrown;
          },
        };
        allThrow(comm, "NOT_CLONEABLE", 0, () => comm.bcast(comm.rank === 0 ? value : 1));
      }
      allThrow(comm, "NOT_CLONEABLE", 0, () => comm.alltoall(Array.from({ length: comm.size }, () => bad)));
    },
  },
  {
    name: "a typed array whose buffer was transferred is thrown on all ranks",
    run(comm) {
      const last = comm.size - 1;
      const buffer = comm.rank === last ? lostArray() : new Float64Array(2);
      const list = Array.from({ length: comm.size }, () => buffer);
      const calls: (() => unknown)[] = [
        () => comm.bcast(buffer, last),
        () => comm.bcast({ inside: [buffer] }, last),
        () => comm.gather(buffer),
        () => comm.allgather(buffer),
        () => comm.scatter(list, last),
        () => comm.alltoall(list),
        () => comm.reduce(buffer),
        () => comm.allreduce(buffer),
        () => comm.allreduce([buffer]),
        () => comm.scan(buffer),
        () => comm.exscan(buffer, "max"),
        () => comm.bcastInto(buffer),
        () => comm.allreduceInto(buffer),
      ];
      for (const call of calls) allThrow(comm, "NOT_CLONEABLE", last, call);
    },
  },
  {
    name: "a typed array of a subclass or another realm arrives as its elements",
    run(comm) {
      class Own extends Float64Array {}
      const foreign = runInNewContext("Float64Array.of(3, 4)") as Float64Array;
      for (const sent of [Own.of(3, 4), foreign]) {
        const came = Float64Array.of(3, 4);
        const list = Array.from({ length: comm.size }, () => sent);
        const all = Array.from({ length: comm.size }, () => came);
        const sum = came.map((element) => element * comm.size);
        for (let root = 0; root < comm.size; root++) {
          const [alone, within] = [comm.bcast(sent, root), comm.bcast({ inside: [sent] }, root)];
          // The root gets what it gave.
          if (comm.rank !== root) assert.deepEqual([alone, within], [came, { inside: [came] }]);
          assert.deepEqual(comm.scatter(list, root), came);
        }
        assert.deepEqual(comm.allgather(sent), all);
        assert.deepEqual(comm.alltoall(list), all);
        assert.deepEqual(comm.allreduce(sent), sum);
        assert.deepEqual(comm.allreduce([sent], "max"), [came]);
        assert.deepEqual(comm.allreduce(comm.rank === 0 ? sent : came), sum);
        assert.deepEqual(
          comm.scan(sent),
          came.map((element) => element * (comm.rank + 1)),
        );
        const request = comm.isend(sent, comm.rank);
        assert.deepEqual(comm.recv({ source: comm.rank }), came);
        request.wait();
        comm.allreduceInto(sent);
        assert.deepEqual([...sent], [...sum]);
      }
    },
  },
  {
    name: "lists of the wrong length are thrown on all ranks",
    run(comm) {
      allThrow(comm, "BAD_ARGUMENT", 0, () => comm.scatter(comm.rank === 0 ? [] : null));
      allThrow(comm, "BAD_ARGUMENT", 0, () =>
        comm.alltoall(comm.rank === 0 ? [] : Array.from({ length: comm.size }, () => 0)),
      );
    },
  },
  {
    name: "an unknown or unfit operation is thrown on all ranks",
    run(comm) {
      const op = (comm.rank === 0 ? "average" : "sum") as ReduceOp;
      allThrow(comm, "BAD_ARGUMENT", 0, () => comm.allreduce(1, op));
      allThrow(comm, "BAD_ARGUMENT", 0, () => comm.allreduce(comm.rank === 0 ? "text" : 1));
      allThrow(comm, "BAD_ARGUMENT", 0, () =>
        comm.allreduceInto(comm.rank === 0 ? new Float64Array(2) : new Int8Array(2), "band"),
      );
    },
  },
  {
    name: "operands that do not fit one another are a mismatch",
    minSize: 2,
    run(comm) {
      const lengths = () => comm.allreduce(new Float64Array(comm.rank === 0 ? 1 : 2));
      assert.equal(codeOf(lengths), "MISMATCH");
      assert.equal(
        codeOf(() => comm.allreduce(comm.rank === 0 ? 1 : 1n)),
        "MISMATCH",
      );
      assert.equal(
        codeOf(() => comm.bcastInto(new Uint8Array(comm.rank === 0 ? 1 : 2))),
        "MISMATCH",
      );
    },
  },
  {
    name: "different roots are a mismatch",
    minSize: 2,
    run(comm) {
      assert.equal(
        codeOf(() => comm.bcast(1, comm.rank === 0 ? 0 : 1)),
        "MISMATCH",
      );
      assert.equal(comm.allreduce(1), comm.size);
    },
  },
];
