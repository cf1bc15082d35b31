/** Conformance: arrays that all ranks write at once, each its own part. */
import assert from "node:assert/strict";
import {
  DTYPES,
  MPIShared,
  type Communicator,
  type DType,
  type NdSource,
  type Scalar,
  type WritableView,
} from "../../dist/index.js";
import { codeOf, type Case } from "./case.ts";
import { count, elementOf, refused, refusedBy, seenByAll } from "./shared.ts";

/** Writes that a view refuses because it is read-only. */
function isReadOnly(view: WritableView<"int32">): void {
  const index = view.shape.map(() => 0);
  assert.equal(
    codeOf(() => view.set(index, 1)),
    "READ_ONLY",
  );
  assert.equal(
    codeOf(() => view.fill(1)),
    "READ_ONLY",
  );
  assert.equal(view.writable, false);
}

/** Three elements of a rank. */
function rowOf(dtype: DType, rank: number): Scalar[] {
  return count(3).map((j) => elementOf(dtype, 3 * rank + j));
}

/** Byte number i of what a rank writes. */
function byteOf(rank: number, i: number): number {
  return (rank * 31 + i * 7) % 251;
}

/** Rank 0's copy, on every rank whose copy is the same. */
function sameOnAll(comm: Communicator, shared: MPIShared): unknown[] {
  const mine = [...(shared.data as Iterable<unknown>)];
  const first = comm.bcast(mine);
  assert.deepEqual(mine, first);
  return mine;
}

const setAll: readonly Case[] = [
  {
    name: "setAll puts every rank's piece in its place, in every dtype",
    run(comm) {
      for (const dtype of DTYPES) {
        using shared = new MPIShared<DType>([comm.size, 3], dtype, comm);
        shared.setAll([rowOf(dtype, comm.rank)], { offset: [comm.rank, 0] });
        assert.deepEqual(
          shared.at().toNested(),
          comm.allgather(comm.rank).map((rank) => rowOf(dtype, rank)),
        );
        assert.equal(shared.version, 1);
      }
    },
  },
  {
    name: "setAll takes pieces of different shapes and forms, and from some ranks none",
    run(comm) {
      const { rank, size } = comm;
      const lengths = count(size).map((r) => (r % 3 === 2 ? null : 1 + ((r * 5) % 4)));
      const firsts = lengths.map((_, r) => lengths.slice(0, r).reduce<number>((sum, n) => sum + (n ?? 0), 0));
      const total = lengths.reduce<number>((sum, n) => sum + (n ?? 0), 0);
      using shared = new MPIShared([2, total + 1], "int32", comm);
      const n = lengths[rank];
      const values = n === null ? [] : count(2 * n, 100 * rank);
      const forms: readonly NdSource<"int32">[] = [
        { data: new Int32Array(values), shape: [2, n ?? 0] },
        [values.slice(0, n ?? 0), values.slice(n ?? 0)],
        { data: new Int32Array(values.toReversed()), shape: [2, n ?? 0], strides: [-(n ?? 0), -1], offset: 2 * (n ?? 0) - 1 }, // prettier-ignore
      ];
      const expected = [[], []] as number[][];
      lengths.forEach((m, r) => {
        for (const row of [0, 1]) expected[row].push(...count(m ?? 0, 100 * r + row * (m ?? 0)));
      });
      for (const form of forms) {
        shared.setAll(n === null ? null : form, { offset: new Int16Array([0, firsts[rank]]) });
        seenByAll(comm, shared, [...expected[0], 0, ...expected[1], 0]);
      }
      shared.setAll(n === null ? undefined : new Int32Array(values), {
        shape: [2, n ?? 0],
        offset: [0, firsts[rank] + 1],
      });
      const first = [expected[0][0], ...expected[0], expected[1][0], ...expected[1]];
      seenByAll(comm, shared, first);
      assert.equal(shared.version, forms.length + 1);
    },
  },
  {
    name: "setAll of nothing changes nothing, of one rank's data the same as set",
    run(comm) {
      using shared = new MPIShared([2, 2], "float64", comm);
      shared.setAll(null);
      shared.setAll(undefined, { offset: [9, 9, 9] });
      shared.setAll(null, null);
      assert.equal(shared.version, 0);
      const last = comm.rank === comm.size - 1;
      shared.setAll(last ? [[1, 2]] : null, { offset: [1, 0] });
      seenByAll(comm, shared, [0, 0, 1, 2]);
      shared.setAll(last ? [[3]] : null);
      seenByAll(comm, shared, [3, 0, 1, 2]);
      // Pieces of no elements overlap nothing, wherever they are.
      shared.setAll(last ? [[5]] : { data: new Float64Array(0), shape: [0, 2] });
      seenByAll(comm, shared, [5, 0, 1, 2]);
      assert.equal(shared.version, 3);
      using point = new MPIShared([], "bool", comm);
      point.setAll(last ? true : null);
      assert.equal(point.get(), true);
      using empty = new MPIShared([0, 3], "int8", comm);
      empty.setAll({ data: new Int8Array(0), shape: [0, 3] });
      assert.equal(empty.version, 1);
    },
  },
  {
    name: "setAll of parts of the array itself reads all of them before any is written",
    run(comm) {
      const { rank, size } = comm;
      const columns = 2000;
      using shared = new MPIShared([size, columns], "int64", comm);
      const row = (r: number) => BigInt64Array.from({ length: columns }, (_, j) => BigInt(r * columns + j));
      shared.setAll(row(rank), { shape: [1, columns], offset: [rank, 0] });
      for (let round = 1; round <= 10; round++) {
        shared.setAll(shared.at(`${(rank + 1) % size}:${((rank + 1) % size) + 1}`), { offset: [rank, 0] });
        for (let r = 0; r < size; r++) {
          const expected = row((r + round) % size);
          assert.ok(expected.every((x, j) => shared.get(r, j) === x));
        }
        comm.barrier();
      }
      shared.setAll(shared.at(`${rank}:${rank + 1}`, "::-1"), { offset: [rank, 0] });
      assert.equal(shared.get(rank, 0), BigInt(((rank + 10) % size) * columns + columns - 1));
    },
  },
  {
    name: "setAll of pieces of sizes around every limit reaches every node whole",
    run(comm) {
      const { rank, size } = comm;
      for (const limit of [64, 1024, 512 * 1024, 4 * 1024 * 1024]) {
        for (const bytes of [limit - 1, limit, limit + 1]) {
          // Only two ranks bring what is long.
          const own = (r: number) => (r < 2 || bytes < 4096 ? bytes + r : 3);
          const first = (r: number) => count(r).reduce((sum, one) => sum + own(one), 0);
          using shared = new MPIShared([first(size)], "uint8", comm);
          const data = Uint8Array.from({ length: own(rank) }, (_, i) => byteOf(rank, i));
          shared.setAll(data, { offset: [first(rank)] });
          for (let r = 0; r < size; r++) {
            const piece = shared.data.subarray(first(r), first(r + 1));
            assert.ok(
              piece.every((x, i) => x === byteOf(r, i)),
              `${bytes} bytes, rank ${r}`,
            );
          }
          comm.barrier();
        }
      }
    },
  },
  {
    name: "setAll of blocks of columns, long and short, is exact to the element",
    run(comm) {
      const { rank, size } = comm;
      for (const [rows, columns] of [
        [3, 2],
        [700, 301],
        [2, 70_000],
      ] as const) {
        // prettier-ignore
        using shared = new MPIShared([rows, size * columns + 1], "float64", comm);
        const data = new Float64Array(rows * columns);
        for (let i = 0; i < rows; i++) {
          for (let j = 0; j < columns; j++) data[i * columns + j] = 1000 * i + rank * columns + j;
        }
        shared.setAll(data, { shape: [rows, columns], offset: [0, rank * columns] });
        const { data: found, strides } = shared;
        for (let i = 0; i < rows; i++) {
          for (let j = 0; j < size * columns; j++) {
            if (found[i * strides[0] + j] !== 1000 * i + j) assert.fail(`${rows} × ${columns} at ${i}, ${j}`);
          }
          assert.equal(shared.get(i, -1), 0);
        }
        comm.barrier();
      }
    },
  },
  {
    name: "what is wrong with one rank's piece is refused on every rank, and nothing is written",
    run(comm) {
      using shared = new MPIShared([comm.size, 4], "float64", comm);
      shared.set(new Float64Array(4 * comm.size).fill(7), { shape: [comm.size, 4] });
      for (const culprit of new Set([0, comm.size - 1])) {
        for (const [code, data, options] of [
          ["BAD_DTYPE", new Float32Array(4), { shape: [1, 4] }],
          ["BAD_DTYPE", [["1"]], {}],
          ["BAD_DIMENSIONS", [1, 2, 3, 4], {}],
          ["BAD_DIMENSIONS", [[1]], { offset: [culprit] }],
          ["BAD_SHAPE", [[1, 2], [3]], {}],
          ["BAD_SHAPE", new Float64Array(5), { shape: [1, 4] }],
          ["OUT_OF_BOUNDS", [[1, 2]], { offset: [culprit, 3] }],
          ["OUT_OF_BOUNDS", [[1]], { offset: [comm.size, 0] }],
          ["OUT_OF_BOUNDS", [[1]], { offset: [0, -1] }],
          ["BAD_ARGUMENT", [[1]], { offset: [0, 0.5] }],
          ["BAD_ARGUMENT", [[1]], { offset: culprit }],
        ] as const) {
          const put = () => {
            if (comm.rank === culprit) shared.setAll(data as never, options as never);
            else shared.setAll([[1, 2, 3, 4]], { offset: [comm.rank, 0] });
          };
          refusedBy(shared, code, put, { rank: culprit });
        }
      }
    },
  },
  {
    name: "pieces of setAll that overlap are refused on every rank, which names both",
    minSize: 2,
    run(comm) {
      const { rank, size } = comm;
      using shared = new MPIShared([size + 1, 6], "int16", comm);
      shared.set(new Int16Array(6 * (size + 1)).fill(7), { shape: [size + 1, 6] });
      const last = size - 1;
      const row = { data: new Int16Array(6), shape: [1, 6] };
      // The last rank begins where rank 0 is.
      refusedBy(shared, "OVERLAP", () => shared.setAll(row, { offset: [rank % last, 0] }), {
        rank: last,
        text: new RegExp(`\\[0, 0:6\\] of rank 0 and \\[0, 0:6\\] of rank ${last} `),
      });
      // Rank 0's two rows reach one element of the last rank's.
      const corner = () => {
        if (rank === 0)
          shared.setAll([[1, 1], [1, 1]], { offset: [size - 1, 0] }); // prettier-ignore
        else if (rank === last) shared.setAll([[1, 1, 1]], { offset: [size, 1] });
        else shared.setAll(null);
      };
      refusedBy(shared, "OVERLAP", corner, { rank: last });
      let actual: unknown;
      try {
        corner();
      } catch (error) {
        ({ actual } = error as { actual: unknown });
      }
      assert.deepEqual(actual, [0, last]);
      // What lies between another's rows is free.
      shared.setAll(
        rank === 0
          ? [
              [1, 2],
              [3, 4],
            ]
          : rank === last
            ? [
                [5, 6],
                [7, 8],
              ]
            : null,
        {
          // prettier-ignore
          offset: [0, rank === 0 ? 0 : 2],
        },
      );
      seenByAll(comm, shared, [1, 2, 5, 6, 7, 7, 3, 4, 7, 8, 7, 7, ...count(6 * (size - 1)).map(() => 7)]);
    },
  },
  {
    name: "one rank in setAll or sync and the others elsewhere is a mismatch",
    minSize: 2,
    run(comm) {
      using shared = new MPIShared([comm.size], "int8", comm);
      const first = comm.rank === 0;
      const put = () => shared.setAll([1], { offset: [comm.rank] });
      refusedBy(shared, "MISMATCH", () => (first ? put() : shared.set([1])), { text: /setAll.*set of/s });
      refusedBy(shared, "MISMATCH", () => (first ? shared.sync() : put()), { text: /sync.*setAll/s });
      refusedBy(shared, "MISMATCH", () => (first ? comm.barrier() : shared.sync()), {
        text: /barrier.*sync/s,
      });
      put();
      seenByAll(
        comm,
        shared,
        count(comm.size).map(() => 1),
      );
    },
  },
];

const writeAndSync: readonly Case[] = [
  {
    name: "what ranks write is with all after sync, in every dtype",
    run(comm) {
      const { rank, size } = comm;
      for (const dtype of DTYPES) {
        using shared = new MPIShared<DType, readonly [number, number]>([size, 2], dtype, comm);
        const [x, y] = [elementOf(dtype, 2 * rank), elementOf(dtype, 2 * rank + 1)];
        shared.write([rank], (row) => {
          row.set([0], x);
          row.set([-1], y);
        });
        assert.deepEqual(shared.get(rank).toNested(), [x, y]);
        assert.equal(shared.version, 0);
        shared.sync();
        assert.deepEqual(
          shared.at().toNested(),
          count(size).map((r) => [elementOf(dtype, 2 * r), elementOf(dtype, 2 * r + 1)]),
        );
        assert.equal(shared.version, 1);
        comm.barrier();
      }
    },
  },
  {
    name: "before sync other nodes do not see what was written",
    run(comm) {
      using shared = new MPIShared([comm.size], "int32", comm);
      shared.write([comm.rank], (mine) => mine.fill(comm.rank + 1));
      comm.barrier();
      const { topology } = comm;
      const far = count(comm.size).filter((rank) => topology.nodeOf(rank) !== topology.nodeIndex);
      for (const rank of far) assert.equal(shared.get(rank), 0);
      assert.equal(shared.get(comm.rank), comm.rank + 1);
      comm.barrier();
      shared.sync();
      seenByAll(comm, shared, count(comm.size, 1));
    },
  },
  {
    name: "parts of every kind: with steps, from the end, as a block, whole, empty",
    run(comm) {
      const { rank, size } = comm;
      using shared = new MPIShared([3, 4 * size], "int32", comm);
      shared.write([null, `${rank}::${size}`], (mine) => {
        for (let i = 0; i < 3; i++) for (let j = 0; j < 4; j++) mine.set([i, j], 100 * i + rank + j * size);
      });
      shared.sync();
      const all = count(3).flatMap((i) => count(4 * size, 100 * i));
      seenByAll(comm, shared, all);
      shared.write(["::-1", `${4 * rank + 3}:${4 * rank ? 4 * rank - 1 : ""}:-1`], (mine) => {
        assert.deepEqual(mine.shape, [3, 4]);
        assert.equal(mine.get(0, 0), 200 + 4 * rank + 3);
        mine.set([0, 0], -1);
      });
      shared.write({ offset: [1, 4 * rank], shape: new Int8Array([2, 2]) }, (mine) => mine.set([0, 1], -2));
      shared.sync();
      for (let r = 0; r < size; r++) all[8 * size + 4 * r + 3] = -1;
      for (let r = 0; r < size; r++) all[4 * size + 4 * r + 1] = -2;
      seenByAll(comm, shared, all);
      shared.write(["5:", null], (nothing) => {
        assert.deepEqual(nothing.shape, [0, 4 * size]);
        nothing.fill(9);
      });
      if (rank === size - 1) shared.write([], (whole) => whole.fill(5));
      if (rank === size - 1) shared.write([-1, -1], (one) => one.set([], 6));
      shared.sync();
      seenByAll(
        comm,
        shared,
        all.map((_, i) => (i === all.length - 1 ? 6 : 5)),
      );
      using point = new MPIShared([], "float32", comm);
      if (rank === 0) point.write([], (view) => view.fill(2.5));
      point.sync();
      assert.equal(point.get(), 2.5);
    },
  },
  {
    name: "many writes between two syncs, of scattered elements and again and again",
    run(comm) {
      const { rank, size } = comm;
      const length = 300;
      using shared = new MPIShared([length * size], "float64", comm);
      // More parts than a call has room for, in an order in which none goes on from another.
      for (let round = 1; round <= 3; round++) {
        for (const i of count(length).map((n) => (n * n * n + 7 * n) % length)) {
          shared.write([i * size + rank], (one) => one.set([], round * i + rank));
        }
      }
      shared.sync();
      const written = new Set(count(length).map((n) => (n * n * n + 7 * n) % length));
      const expected = count(length * size).map((at) => {
        const i = Math.floor(at / size);
        return written.has(i) ? 3 * i + (at % size) : 0;
      });
      seenByAll(comm, shared, expected);
      assert.equal(shared.version, 1);
      for (let i = 0; i < 1000; i++) shared.write({ offset: [rank], shape: [1] }, (one) => one.fill(i));
      shared.sync();
      for (let r = 0; r < size; r++) assert.equal(shared.get(r), 999);
    },
  },
  {
    name: "large parts reach every node whole: rows, columns, every second element",
    run(comm) {
      const { rank, size } = comm;
      using rows = new MPIShared([size, 600_000], "float64", comm);
      rows.write([rank], ({ data }) => data.forEach((_, i) => (data[i] = rank + i)));
      rows.sync();
      for (let r = 0; r < size; r++) assert.ok(rows.get(r).data.subarray(r * 600_000, (r + 1) * 600_000).every((x, i) => x === r + i)); // prettier-ignore
      using table = new MPIShared([500, 300 * size], "int16", comm);
      table.write([null, `${300 * rank}:${300 * (rank + 1)}`], (mine) => mine.fill(rank + 1));
      table.sync();
      const width = 300 * size;
      assert.ok(table.data.every((x, i) => x === 1 + Math.floor((i % width) / 300)));
      comm.barrier();
      table.write([`${rank}::${size}`, "::2"], (mine) => mine.fill(-rank - 1));
      table.sync();
      assert.ok(
        table.data.every((x, i) => {
          const [row, column] = [Math.floor(i / width), i % width];
          return x === (column % 2 === 0 ? -1 - (row % size) : 1 + Math.floor(column / 300));
        }),
      );
      comm.barrier();
    },
  },
  {
    name: "the view ends with the function, and what was taken from it",
    async run(comm) {
      const { rank, size } = comm;
      using shared = new MPIShared([size, 3, 4], "int32", comm);
      const kept: WritableView<"int32">[] = [];
      const result = shared.write([rank], (mine) => {
        assert.equal(mine.writable, true);
        kept.push(mine, mine.at(0), mine.get(1), ...mine, mine.at("::-1", 1));
        for (const view of kept) view.fill(1);
        return mine.copy();
      });
      for (const view of kept) isReadOnly(view);
      assert.equal(kept[0].get(2, 3), 1);
      result.set([0, 0], 5);
      // A promise does not keep it open.
      const later = shared.write([rank], async (mine) => {
        mine.set([0, 0], 2);
        await Promise.resolve();
        isReadOnly(mine);
        return mine.get(0, 0);
      });
      assert.equal(await later, 2);
      shared.sync();
      const block = [2, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1];
      seenByAll(
        comm,
        shared,
        count(size).flatMap(() => block),
      );
    },
  },
  {
    name: "a view's data is the part and nothing around it",
    run(comm) {
      const { rank, size } = comm;
      using shared = new MPIShared([size, 3, 4], "complex64", comm);
      shared.write([rank, "1:3"], ({ data, offset, shape }) => {
        assert.deepEqual([data.length, offset, [...shape]], [16, 0, [2, 4]]);
        data.set(count(16));
      });
      shared.write([rank, 0, "::-2"], (odd) => {
        assert.deepEqual([odd.data.length, odd.offset, [...odd.strides]], [6, 2, [-2]]);
        odd.set([0], { re: 8, im: 9 });
      });
      shared.write({ shape: [0, 0, 0] }, ({ data }) => assert.equal(data.length, 0));
      shared.sync();
      seenByAll(
        comm,
        shared,
        count(size).flatMap(() => [0, 0, 0, 0, 0, 0, 8, 9, ...count(16)]),
      );
    },
  },
  {
    name: "what a function wrote before it failed counts as written",
    run(comm) {
      using shared = new MPIShared([comm.size, 2], "int8", comm);
      assert.throws(
        () =>
          shared.write([comm.rank], (mine) => {
            mine.set([1], 3);
            throw new Error("no further");
          }),
        /^Error: no further$/,
      );
      shared.sync();
      seenByAll(
        comm,
        shared,
        count(comm.size).flatMap(() => [0, 3]),
      );
      assert.equal(shared.version, 1);
    },
  },
  {
    name: "sync of nothing only meets; the version counts what changed",
    run(comm) {
      using shared = new MPIShared([2], "int8", comm);
      shared.sync();
      shared.write(["2:"], (none) => none.fill(1));
      shared.sync();
      assert.equal(shared.version, 0);
      if (comm.rank === comm.size - 1) shared.write([0], (one) => one.fill(1));
      shared.sync();
      shared.sync();
      shared.setAll(comm.rank === 0 ? [4] : null, { offset: [1] });
      assert.equal(shared.version, 2);
      seenByAll(comm, shared, [1, 4]);
    },
  },
  {
    name: "a write in a write, and a sync in the middle of one",
    run(comm) {
      const { rank, size } = comm;
      using shared = new MPIShared([size, 2], "int8", comm);
      shared.write([rank], (mine) => {
        mine.set([0], 1);
        shared.write([rank, 1], (inner) => inner.fill(2));
        mine.set([0], 3);
        shared.sync();
        mine.set([0], 4);
      });
      shared.sync();
      seenByAll(
        comm,
        shared,
        count(size).flatMap(() => [4, 2]),
      );
    },
  },
  {
    name: "set, assign and setAll between write and sync: what came last stays",
    run(comm) {
      const { rank, size } = comm;
      using shared = new MPIShared([size, 4], "int16", comm);
      shared.write([rank], (mine) => mine.fill(1));
      const twos = new Int16Array(size).fill(2);
      shared.set(twos, { shape: [size, 1], fromRank: size - 1 });
      shared.assign([null, 1], rank === 0 ? twos : null);
      shared.setAll([[3]], { offset: [(rank + 1) % size, 2] });
      assert.deepEqual([...shared.get(rank)], [2, 2, 3, 1]);
      shared.sync();
      seenByAll(
        comm,
        shared,
        count(size).flatMap(() => [2, 2, 3, 1]),
      );
      assert.equal(shared.version, 4);
    },
  },
  {
    name: "elements that two ranks wrote are refused by sync on every rank, and all nodes are the same again",
    minSize: 2,
    run(comm) {
      const { rank, size } = comm;
      const last = size - 1;
      using shared = new MPIShared([size + 1, 3000], "float64", comm);
      // Each rank's own row; ranks 0 and the last also a common one, of which each writes more than half.
      shared.write([rank], (mine) => mine.fill(rank + 1));
      if (rank === 0) shared.write([size, ":2000"], (mine) => mine.fill(-1));
      if (rank === last) shared.write([size, "1000:"], (mine) => mine.fill(-2));
      refused(comm, "OVERLAP", () => shared.sync(), {
        rank: last,
        text: /0:2000\] of rank 0 and \[.*1000:3000\] of rank/,
      });
      const found = sameOnAll(comm, shared) as number[];
      for (let r = 0; r < size; r++) {
        assert.ok(found.slice(3000 * r, 3000 * (r + 1)).every((x) => x === r + 1));
      }
      const common = found.slice(3000 * size);
      assert.ok(common.slice(0, 1000).every((x) => x === -1));
      assert.ok(common.slice(1000, 2000).every((x) => x === -1 || x === -2));
      assert.ok(common.slice(2000).every((x) => x === -2));
      assert.equal(shared.version, 1);
      shared.sync();
      assert.equal(shared.version, 1);
      seenByAll(comm, shared, found);
    },
  },
  {
    name: "parts that interleave do not overlap, and a rank may write the same element twice",
    run(comm) {
      const { rank, size } = comm;
      using shared = new MPIShared([2 * size, 6], "uint8", comm);
      shared.write([`${rank}::${size}`, "::2"], (mine) => mine.fill(rank + 1));
      shared.write([`${(rank + 1) % size}::${size}`, "1::2"], (mine) => mine.fill(rank + 1));
      shared.write([rank, "::4"], (mine) => mine.fill(rank + 100));
      shared.sync();
      const expected = count(2 * size).flatMap((row) => {
        const [even, odd] = [row % size, (row + size - 1) % size];
        const fourth = row < size ? row + 100 : even + 1;
        return [fourth, odd + 1, even + 1, odd + 1, fourth, odd + 1];
      });
      seenByAll(comm, shared, expected);
    },
  },
  {
    name: "parts that are not there are refused on the rank that tries, and nothing is written",
    run(comm) {
      using shared = new MPIShared([3, 4], "int8", comm);
      for (const [code, part] of [
        ["OUT_OF_BOUNDS", [3]],
        ["OUT_OF_BOUNDS", [0, -5]],
        ["OUT_OF_BOUNDS", { offset: [2, 0], shape: [2, 1] }],
        ["OUT_OF_BOUNDS", { offset: [-1, 0], shape: [1, 1] }],
        ["BAD_DIMENSIONS", [0, 0, 0]],
        ["BAD_DIMENSIONS", { offset: [0], shape: [1, 1] }],
        ["BAD_ARGUMENT", { offset: ["0", 0], shape: [1, 1] }],
        ["BAD_ARGUMENT", { offset: "", shape: [1, 1] }],
        ["BAD_DIMENSIONS", { shape: [1] }],
        ["BAD_SHAPE", { shape: [1, -1] }],
        ["BAD_SLICE", ["1-2"]],
        ["BAD_SLICE", ["::0"]],
        ["BAD_ARGUMENT", null],
        ["BAD_ARGUMENT", "0:2"],
        ["BAD_ARGUMENT", { offset: [0, 0] }],
        ["BAD_ARGUMENT", Object.create(null)],
      ] as const) {
        const write = () => shared.write(part as never, () => assert.fail("called"));
        assert.throws(write, { code, call: "MPIShared.write", message: /^MPIShared\.write: (?!MPIShared)/ });
      }
      for (const none of [undefined, null, "a", {}]) {
        const write = () => shared.write([0], none as never);
        assert.throws(write, { code: "BAD_ARGUMENT", message: /^MPIShared\.write: fn is/ });
      }
      shared.sync();
      assert.equal(shared.version, 0);
      const outside = () => shared.write([0], (row) => row.set([4], 1));
      // A part counts as written even so, and only one rank may write it.
      if (comm.rank === 0) assert.equal(codeOf(outside), "OUT_OF_BOUNDS");
      shared.sync();
      assert.ok(shared.data.every((x) => x === 0));
    },
  },
  {
    name: "after close nothing is written, and the others hear of it",
    run(comm) {
      for (const culprit of new Set([0, comm.size - 1])) {
        const shared = new MPIShared([comm.size], "int8", comm);
        shared.write([comm.rank], (mine) => mine.fill(1));
        if (comm.rank === culprit) {
          shared.close();
          assert.equal(
            codeOf(() => shared.write([0], () => {})),
            "FREED",
          );
        }
        refused(comm, "FREED", () => shared.sync(), { rank: culprit });
        refused(comm, "FREED", () => shared.setAll([1], { offset: [comm.rank] }), { rank: culprit });
        shared.close();
      }
      const twin = comm.dup();
      using shared = new MPIShared([1], "int8", twin);
      twin.free();
      for (const call of [
        () => shared.sync(),
        () => shared.setAll([1]),
        () => shared.write([0], (view) => view.fill(1)),
      ]) {
        assert.equal(codeOf(call), "FREED");
      }
    },
  },
];

/** Cases of the suite "shared". */
export const jointCases: readonly Case[] = [...setAll, ...writeAndSync];
