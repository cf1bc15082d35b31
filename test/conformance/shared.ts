/** Conformance: arrays of which every node holds a copy. */
import assert from "node:assert/strict";
import { constants } from "node:buffer";
import { inspect } from "node:util";
import {
  DTYPES,
  MPIShared,
  PshmemError,
  type Communicator,
  type DType,
  type ErrorCode,
  type NdSource,
  type Scalar,
} from "../../dist/index.js";
import { codeOf, type Case } from "./case.ts";
import { lostArray } from "./collectives.ts";

/** Number n as an element of each dtype, within every dtype's range. */
export function elementOf(dtype: DType, n: number): Scalar {
  if (dtype === "int64" || dtype === "uint64") return BigInt(n);
  if (dtype === "bool") return n % 2 === 1;
  if (dtype === "complex64" || dtype === "complex128") return { re: n, im: -n };
  return n;
}

/** 0, 1, 2 … */
export function count(length: number, first = 0): number[] {
  return Array.from({ length }, (_, i) => first + i);
}

/** `first`, and the next numbers. */
function rising(length: number, first: number): Float64Array {
  return Float64Array.from({ length }, (_, i) => first + i);
}

/** Bits of halves, and what they stand for. */
export const HALVES = [[0x3c00, 1], [0, 0], [0x7c00, Infinity], [0xc000, -2]] as const; // prettier-ignore

function halfBits(length: number): Uint16Array<ArrayBuffer> {
  return Uint16Array.from({ length }, (_, i) => HALVES[i % 4][0]);
}

function halves(length: number): number[] {
  return count(length).map((i) => HALVES[i % 4][1]);
}

/** Every rank sees these elements, and knows that the others do. */
export function seenByAll(comm: Communicator, shared: MPIShared, elements: readonly unknown[]): void {
  assert.deepEqual([...(shared.data as Iterable<unknown>)], elements);
  comm.barrier();
}

/** What an error has to be beside its code. */
interface Wanted {
  /** The rank that it names. */
  readonly rank?: number;
  /** What its text says. */
  readonly text?: RegExp;
}

/** Every rank's call throws an error of this package with this code, and the communicator is still good. */
export function refused(
  comm: Communicator,
  code: ErrorCode,
  call: () => unknown,
  { rank, text = /./ }: Wanted = {},
): void {
  let error: unknown;
  try {
    call();
  } catch (thrown) {
    error = thrown;
  }
  assert.ok(error instanceof PshmemError, `${code} was expected, not ${inspect(error)}`);
  assert.equal(error.code, code, error.message);
  if (rank !== undefined) assert.equal(error.rank, rank, error.message);
  if (rank !== undefined && comm.size > 1) assert.match(error.message, new RegExp(`rank ${rank}\\b`));
  assert.match(error.message, text);
  // The same text on all ranks, but for the name of their call; told by a collective, which needs them all.
  const said = error.message.slice(error.message.indexOf(": "));
  for (const theirs of comm.allgather(said)) assert.equal(theirs, said);
}

/** The same, and the array is as it was. */
export function refusedBy(
  shared: MPIShared,
  code: ErrorCode,
  call: () => unknown,
  wanted: Wanted = {},
): void {
  const before = [...(shared.data as Iterable<unknown>)];
  const { version } = shared;
  refused(shared.comm, code, call, wanted);
  assert.deepEqual([...(shared.data as Iterable<unknown>)], before);
  assert.equal(shared.version, version);
}

const construction: readonly Case[] = [
  {
    name: "an array begins as zeros, in every dtype",
    run(comm) {
      for (const dtype of DTYPES) {
        using shared = new MPIShared<DType>([2, 3], dtype, comm);
        assert.equal(shared.dtype, dtype);
        assert.deepEqual(shared.at().toNested(), [
          [0, 0, 0].map(() => zeroOf(dtype)),
          [0, 0, 0].map(() => zeroOf(dtype)),
        ]);
      }
    },
  },
  {
    name: "an array tells its shape, strides and sizes",
    run(comm) {
      using shared = new MPIShared([3, 5, 2], "complex64", comm);
      assert.deepEqual([...shared.shape], [3, 5, 2]);
      assert.deepEqual([...shared.strides], [10, 2, 1]);
      assert.equal(shared.size, 30);
      assert.equal(shared.nbytes, 240);
      assert.equal(shared.length, 3);
      assert.equal(shared.version, 0);
      assert.equal(shared.comm, comm);
      assert.equal(shared.nodeComm.size, comm.topology.nodeSize);
      assert.equal(shared.nodeComm.rank, comm.topology.nodeRank);
      assert.ok(Object.isFrozen(shared.shape) && Object.isFrozen(shared.strides));
    },
  },
  {
    name: "a shape can be a typed array, and is not kept",
    run(comm) {
      const shape = new Int32Array([2, 2]);
      using shared = new MPIShared(shape, "int8", comm);
      shape[0] = 9;
      assert.deepEqual([...shared.shape], [2, 2]);
    },
  },
  {
    name: "arrays of no dimensions, of no elements, and of many dimensions",
    run(comm) {
      using point = new MPIShared([], "float64", comm);
      assert.deepEqual([point.size, point.length, point.nbytes], [1, 1, 8]);
      point.set(2.5);
      assert.equal(point.get(), 2.5);
      for (const shape of [[0], [3, 0], [0, 3], [2, 0, 2]]) {
        using empty = new MPIShared(shape, "float64", comm);
        assert.deepEqual([empty.size, empty.nbytes, empty.data.length], [0, 0, 0]);
        empty.set({ data: new Float64Array(0), shape });
        assert.equal(empty.version, 1);
        assert.match(String(empty), /No Data/);
      }
      using deep = new MPIShared(
        Array.from({ length: 12 }, () => 2),
        "int16",
        comm,
      );
      deep.set(new Int16Array(count(4096)), { shape: deep.shape });
      assert.deepEqual([...deep.data], count(4096));
    },
  },
  {
    name: "null stands for a rank alone",
    run(comm) {
      using shared = new MPIShared([2], "int32", null);
      shared.set([comm.rank, 7]);
      assert.deepEqual([shared.comm.size, shared.comm.backend], [1, "serial"]);
      comm.barrier();
      assert.deepEqual([...shared.data], [comm.rank, 7]);
    },
  },
  {
    name: "communicators made before are used again",
    run(comm) {
      const { nodeRank, nodeIndex } = comm.topology;
      const commNode = comm.splitShared();
      const commNodeRank = comm.split(nodeRank, nodeIndex);
      for (const reuse of [{ commNode, commNodeRank }, { commNode }, { commNodeRank, commNode: null }]) {
        using shared = new MPIShared([2], "int32", comm, reuse);
        if (reuse.commNode) assert.equal(shared.nodeComm, commNode);
        shared.set([4, 5], { fromRank: comm.size - 1 });
        seenByAll(comm, shared, [4, 5]);
      }
      commNode.free();
      commNodeRank.free();
    },
  },
  {
    name: "arrays on one communicator share their node communicator",
    run(comm) {
      using first = new MPIShared([1], "int8", comm);
      using second = new MPIShared([1], "int8", comm);
      assert.equal(first.nodeComm, second.nodeComm);
    },
  },
  {
    name: "communicators that do not describe the nodes are refused",
    run(comm) {
      const { nodeRank, nodeIndex } = comm.topology;
      for (const name of ["commNode", "commNodeRank"] as const) {
        const right = name === "commNode" ? comm.splitShared() : comm.split(nodeRank, nodeIndex);
        for (const other of [comm.split(comm.rank), comm.dup(), comm.split(Math.floor(comm.rank / 2))]) {
          const [mine, wanted] = [other.allgather(comm.rank), right.allgather(comm.rank)];
          const misfits = comm.allgather(mine.join() !== wanted.join());
          const make = () => new MPIShared([2], "int8", comm, { [name]: other });
          if (misfits.includes(true)) {
            refused(comm, "BAD_NODE_COMM", make, { rank: misfits.indexOf(true), text: new RegExp(name) });
          } else make().close();
          other.free();
        }
        right.free();
      }
    },
  },
  {
    name: "what is no communicator, or one no longer, is refused for reuse",
    run(comm) {
      const last = comm.size - 1;
      const freed = comm.splitShared();
      freed.free();
      for (const bad of [freed, 5, {}, "node"]) {
        const reuse = comm.rank === last ? { commNode: bad as Communicator } : {};
        refused(comm, "BAD_NODE_COMM", () => new MPIShared([2], "int8", comm, reuse), { rank: last });
      }
    },
  },
  {
    name: "reuse on some ranks only is a mismatch",
    minSize: 2,
    run(comm) {
      const commNode = comm.splitShared();
      refused(comm, "MISMATCH", () => {
        return new MPIShared([2], "int8", comm, comm.rank === 0 ? { commNode } : {});
      });
      commNode.free();
    },
  },
  {
    name: "what is no communicator is refused",
    run() {
      for (const bad of [undefined, 1, {}, "world"]) {
        assert.equal(
          codeOf(() => new MPIShared([1], "int8", bad as never)),
          "BAD_ARGUMENT",
        );
      }
    },
  },
];

function zeroOf(dtype: DType): Scalar {
  return dtype.startsWith("complex") ? { re: 0, im: 0 } : elementOf(dtype, 0);
}

const writing: readonly Case[] = [
  {
    name: "set from every rank in every dtype is seen by every rank",
    run(comm) {
      for (const dtype of DTYPES) {
        using shared = new MPIShared<DType>([2, 3], dtype, comm);
        for (let fromRank = 0; fromRank < comm.size; fromRank++) {
          const rows = [0, 1].map((i) => count(3).map((j) => elementOf(dtype, 10 * fromRank + 3 * i + j)));
          shared.set(comm.rank === fromRank ? rows : null, { fromRank });
          assert.deepEqual(shared.at().toNested(), rows);
          comm.barrier();
        }
        assert.equal(shared.version, comm.size);
      }
    },
  },
  {
    name: "what other ranks pass does not matter",
    run(comm) {
      using shared = new MPIShared([2, 2], "float64", comm);
      const fromRank = comm.size - 1;
      for (const junk of [
        null,
        undefined,
        "text",
        [1n],
        [[1, 2, 3]],
        new Int8Array(99),
        { data: 1, shape: 1 },
      ]) {
        const own = comm.rank === fromRank;
        shared.set(own ? [[1, 2]] : (junk as never), { fromRank, offset: own ? [1, 0] : [9, 9, 9] });
        seenByAll(comm, shared, [0, 0, 1, 2]);
      }
    },
  },
  {
    name: "typed arrays again and again, of the same length and of others, with some that do not fit",
    run: (comm) => {
      using shared = new MPIShared([6], "float64", comm);
      const expected = count(6).map(() => 0);
      for (const [round, length] of [3, 3, 6, 7, 3, 0, 6, 6].entries()) {
        const data = rising(length, 10 * round);
        const act = () => shared.set(comm.rank === 0 ? data : null);
        if (length > 6) assert.equal(codeOf(act), "OUT_OF_BOUNDS");
        else act();
        if (length <= 6) expected.splice(0, length, ...data);
        // What becomes of the data afterwards is nobody's business.
        data.fill(-1);
        seenByAll(comm, shared, expected);
      }
      assert.equal(
        codeOf(() => shared.set(new Int32Array(6) as never)),
        "BAD_DTYPE",
      );
      assert.equal(
        codeOf(() => shared.set(new DataView(new ArrayBuffer(48)) as never)),
        "BAD_DTYPE",
      );
      seenByAll(comm, shared, expected);
    },
  },
  {
    name: "data of no elements lie nowhere",
    run: (comm) => {
      using shared = new MPIShared([4], "float64", comm);
      for (const offset of [0, 99, -1]) {
        const data = { data: new Float64Array(2), shape: [0], offset };
        shared.set(comm.rank === 0 ? data : null);
      }
      assert.equal(shared.version, 3);
      seenByAll(comm, shared, [0, 0, 0, 0]);
    },
  },
  {
    name: "set takes data in every form",
    run(comm) {
      const forms: readonly NdSource<"int32">[] = [
        [[1, 2, 3], [4, 5, 6]], // prettier-ignore
        [new Int32Array([1, 2, 3]), new Int32Array([4, 5, 6])],
        { data: new Int32Array([1, 2, 3, 4, 5, 6]), shape: [2, 3] },
        { data: [1, 2, 3, 4, 5, 6], shape: new Uint8Array([2, 3]) },
        { data: new Int32Array([9, 1, 4, 2, 5, 3, 6]), shape: [2, 3], stride: [1, 2], offset: 1 },
        { data: new Int32Array([6, 5, 4, 3, 2, 1]), shape: [2, 3], strides: [-3, -1], offset: 5 },
      ];
      const fromRank = comm.size - 1;
      for (const form of forms) {
        using shared = new MPIShared([2, 3], "int32", comm);
        shared.set(form, { fromRank });
        seenByAll(comm, shared, [1, 2, 3, 4, 5, 6]);
      }
      using shared = new MPIShared([2, 3], "int32", comm);
      shared.set(new Int32Array([1, 2, 3, 4, 5, 6]), { shape: [2, 3], fromRank });
      seenByAll(comm, shared, [1, 2, 3, 4, 5, 6]);
      shared.set([9, 8, 7], { shape: [1, 3], offset: [1, 0] });
      seenByAll(comm, shared, [1, 2, 3, 9, 8, 7]);
      using line = new MPIShared([4], "int32", comm);
      line.set(new Int32Array([1, 2]), { offset: new Int16Array([2]) });
      seenByAll(comm, line, [0, 0, 1, 2]);
    },
  },
  {
    name: "halves given as their bits are those numbers, in every form and length",
    run(comm) {
      const Native = Reflect.get(globalThis, "Float16Array") as typeof Uint16Array | undefined;
      using shared = new MPIShared([2, 4], "float16", comm);
      const rows = [halves(4), halves(4)];
      const forms: [NdSource<"float16">, { shape?: number[] }][] = [
        [{ data: halfBits(8), shape: [2, 4] }, {}],
        [halfBits(8), { shape: [2, 4] }],
        [[halfBits(4), halfBits(4)], {}],
        [{ data: halfBits(9), shape: [2, 4], strides: [4, 1] }, {}],
        [{ data: halfBits(8).toReversed(), shape: [2, 4], strides: [-4, -1], offset: 7 }, {}],
        [{ data: Native ? new Native(halves(8)) : halfBits(8), shape: [2, 4] }, {}],
      ];
      for (const [data, options] of forms) {
        shared.set(data, options);
        assert.deepEqual(shared.at("...").toNested(), rows);
        comm.barrier();
        shared.set([[0, 0, 0, 0], [0, 0, 0, 0]]); // prettier-ignore
      }
      shared.assign([1, ":"], comm.rank === comm.size - 1 ? halfBits(4) : null);
      assert.deepEqual(shared.at(1).toNested(), rows[1]);
      using long = new MPIShared([70_000], "float16", comm);
      long.set(halfBits(70_000));
      assert.deepEqual(long.at("...").toNested(), halves(70_000));
      using joint = new MPIShared([comm.size, 4], "float16", comm);
      joint.setAll([halfBits(4)], { offset: [comm.rank, 0] });
      joint.setAll({ data: halfBits(4), shape: [1, 4] }, { offset: [comm.rank, 0] });
      assert.deepEqual(
        joint.at("...").toNested(),
        Array.from({ length: comm.size }, () => rows[0]),
      );
      comm.barrier();
    },
  },
  {
    name: "strides of 0 repeat an element",
    run(comm) {
      using shared = new MPIShared([2, 3], "float32", comm);
      shared.set({ data: new Float32Array([5, 6]), shape: [2, 3], strides: [1, 0] });
      seenByAll(comm, shared, [5, 5, 5, 6, 6, 6]);
    },
  },
  {
    name: "regions at every offset, up to the ends of the axes",
    run(comm) {
      using shared = new MPIShared([3, 4], "int32", comm);
      const reference = new Int32Array(12);
      let value = 0;
      for (let i = 0; i <= 3; i++) {
        for (let j = 0; j <= 4; j++) {
          const [rows, columns] = [Math.min(2, 3 - i), Math.min(3, 4 - j)];
          const data = new Int32Array(count(rows * columns, (value += 100)));
          const fromRank = (i + j) % comm.size;
          shared.set({ data, shape: [rows, columns] }, { offset: [i, j], fromRank });
          data.forEach((x, n) => (reference[(i + Math.floor(n / columns)) * 4 + j + (n % columns)] = x));
          seenByAll(comm, shared, [...reference]);
        }
      }
    },
  },
  {
    name: "views of other arrays and of the array itself are data, overlapping or not",
    run(comm) {
      using source = new MPIShared([4, 4], "int64", comm);
      using target = new MPIShared([4, 4], "int64", comm);
      const all = count(16).map(BigInt);
      source.set(new BigInt64Array(all), { shape: [4, 4] });
      const fromRank = comm.size - 1;
      target.set(source.at("::-1", "::-1"), { fromRank });
      seenByAll(comm, target, all.toReversed());
      target.set(source, { fromRank });
      seenByAll(comm, target, all);
      target.set(target.at("0:3"), { offset: [1, 0], fromRank });
      seenByAll(comm, target, [...all.slice(0, 4), ...all.slice(0, 12)]);
      source.set(source.at("::-1", "::-1"), { fromRank });
      seenByAll(comm, source, all.toReversed());
      source.set(source.at("1:", "1:"));
      const moved = [10n, 9n, 8n, 12n, 6n, 5n, 4n, 8n, 2n, 1n, 0n, 4n, 3n, 2n, 1n, 0n];
      seenByAll(comm, source, moved);
    },
  },
  {
    name: "assign at an offset, as array[i, j] = data",
    run(comm) {
      using shared = new MPIShared([3, 4], "float64", comm);
      for (let from = 0; from < comm.size; from++) {
        const data = comm.rank === from ? [[from, 1], [2, 3]] : null; // prettier-ignore
        // Only the source's selectors count.
        shared.assign(comm.rank === from ? [1, 2] : null, data);
        seenByAll(comm, shared, [0, 0, 0, 0, 0, 0, from, 1, 0, 0, 2, 3]);
      }
      assert.equal(shared.version, comm.size);
    },
  },
  {
    name: "assign to slices with steps, from the end, and to whole axes",
    run(comm) {
      using line = new MPIShared([7], "int16", comm);
      const own = comm.rank === comm.size - 1;
      line.assign(["::2"], own ? [1, 2, 3, 4] : null);
      seenByAll(comm, line, [1, 0, 2, 0, 3, 0, 4]);
      line.assign(["-2:"], own ? [8, 9] : null);
      seenByAll(comm, line, [1, 0, 2, 0, 3, 8, 9]);
      line.assign(["-2::-3"], own ? [5, 6] : null);
      seenByAll(comm, line, [1, 0, 6, 0, 3, 5, 9]);
      line.assign(["7:"], own ? new Int16Array(0) : undefined);
      seenByAll(comm, line, [1, 0, 6, 0, 3, 5, 9]);
      using table = new MPIShared([2, 3], "int16", comm);
      table.assign([1], own ? [1, 2, 3] : null);
      seenByAll(comm, table, [0, 0, 0, 1, 2, 3]);
      table.assign([null, -1], own ? [7, 8] : null);
      seenByAll(comm, table, [0, 0, 7, 1, 2, 8]);
      table.assign(["...", "::-1"], own ? [[1, 2, 3], [4, 5, 6]] : null); // prettier-ignore
      seenByAll(comm, table, [3, 2, 1, 6, 5, 4]);
      table.assign([], own ? [[0, 1, 2], [3, 4, 5]] : null); // prettier-ignore
      seenByAll(comm, table, [0, 1, 2, 3, 4, 5]);
    },
  },
  {
    name: "assign one element to one place or to many",
    run(comm) {
      using table = new MPIShared([2, 3], "complex128", comm);
      const own = comm.rank === 0;
      table.assign([1, -1], own ? { re: 1, im: 2 } : null);
      table.assign([0, "1:"], own ? { re: 3, im: 0 } : null);
      seenByAll(comm, table, [0, 0, 3, 0, 3, 0, 0, 0, 0, 0, 1, 2]);
      using point = new MPIShared([], "bool", comm);
      point.assign([], own ? true : null);
      assert.equal(point.get(), true);
    },
  },
  {
    name: "large strided regions reach every node whole",
    run(comm) {
      const [rows, columns] = [301, 1009];
      for (const dtype of ["uint8", "complex64"] as const) {
        using shared = new MPIShared<DType>([rows, columns], dtype, comm);
        const lanes = dtype === "uint8" ? 1 : 2;
        const numbers = count((rows - 2) * (columns - 3) * lanes).map((n) => (n * 7) % 251);
        const data = dtype === "uint8" ? new Uint8Array(numbers) : new Float32Array(numbers);
        const fromRank = comm.size - 1;
        shared.set({ data, shape: [rows - 2, columns - 3] }, { offset: [1, 2], fromRank });
        const inside = shared.at("1:-1", "2:-1").copy().data as ArrayLike<number>;
        assert.ok(numbers.every((x, i) => x === inside[i]));
        const edges = [shared.at(0), shared.at(-1), shared.at(null, "0:2"), shared.at(null, -1)];
        for (const edge of edges) assert.ok((edge.copy().data as Uint8Array).every((x) => x === 0));
        shared.assign(["::-2", "::3"], comm.rank === 0 ? elementOf(dtype, 1) : null);
        const written = shared.at("::2", "::3").copy().data as Uint8Array;
        assert.ok(written.every((x, i) => x === (lanes === 1 || i % 2 === 0 ? 1 : -1)));
        assert.equal(shared.get(1, 2) === 1 || shared.get(1, 3) === 1, false);
        comm.barrier();
      }
    },
  },
  {
    name: "long data lands whole, from every rank, dense and strided, beside what was there",
    run(comm) {
      // Copied by all ranks where they see each other's memory, and of 4 MiB and more by a rank and its helper where they do not.
      for (const [rows, columns] of [
        [300, 500],
        [900, 700],
      ])
        longFromEveryRank(comm, rows, columns);
    },
  },
  {
    name: "long data of one byte an element, to an odd place, and from another array",
    run(comm) {
      const length = 700_001;
      const [bytes, copy] = [0, 1].map(() => new MPIShared([length + 5], "uint8", comm));
      const data = Uint8Array.from({ length }, (_, i) => i % 251);
      bytes.set(comm.rank === 0 ? data : null, { offset: [3] });
      assert.deepEqual(bytes.data.subarray(3, 3 + length), data);
      for (let time = 0; time < 6; time++)
        copy.set(comm.rank === 0 ? bytes.at(`3:${length}`) : null, { offset: [1] });
      assert.deepEqual(copy.data.subarray(1, length - 2), data.subarray(0, length - 3));
      comm.barrier();
      copy.set(comm.rank === 0 ? copy.at(`:${length}`) : null, { offset: [5] });
      assert.deepEqual(copy.data.subarray(6, length + 3), data.subarray(0, length - 3));
      comm.barrier();
      for (const one of [bytes, copy]) one.close();
    },
  },
  {
    name: "arrays of sizes around every limit",
    run(comm) {
      // A cache line, what travels with a call (from a rank, and from one that leads its node), a short message of MPI, a shared chunk of
      // memory, a piece between nodes, all pieces on their way at once.
      for (const limit of [64, 936, 1024, 16_328, 16 * 1024, 128 * 1024, 1024 * 1024, 4 * 1024 * 1024]) {
        for (const bytes of [limit - 65, limit - 64, limit - 1, limit, limit + 1].filter((n) => n > 0)) {
          using shared = new MPIShared([bytes], "uint8", comm);
          const data = new Uint8Array(bytes).map((_, i) => i % 251);
          shared.set(data, { fromRank: bytes % comm.size });
          assert.ok(
            shared.data.every((x, i) => x === data[i]),
            `${bytes} bytes`,
          );
          comm.barrier();
        }
      }
    },
  },
  {
    name: "the version counts the writes, on all ranks alike",
    run(comm) {
      using shared = new MPIShared([2], "int8", comm);
      shared.set([1, 2]);
      shared.assign([0], comm.rank === 0 ? [3] : null);
      shared.set(new Int8Array(0), { offset: [2] });
      assert.deepEqual(
        comm.allgather(shared.version),
        comm.allgather(comm.rank).map(() => 3),
      );
    },
  },
];

const reading: readonly Case[] = [
  {
    name: "get and at give elements and views without a copy",
    run(comm) {
      using shared = new MPIShared([3, 4], "float32", comm);
      shared.set(new Float32Array(count(12)), { shape: [3, 4] });
      assert.equal(shared.get(2, 3), 11);
      assert.equal(shared.get(-1, 0), 8);
      assert.deepEqual(shared.get(1).toNested(), [4, 5, 6, 7]);
      assert.deepEqual(shared.at("1:3", "::2").toNested(), [[4, 6], [8, 10]]); // prettier-ignore
      assert.deepEqual(shared.at(null, 1).toNested(), [1, 5, 9]);
      for (const view of [shared.get(1), shared.at("1:3", "::2"), shared.at("...", "::-1")]) {
        assert.equal(view.data.buffer, shared.data.buffer);
        assert.equal(view.writable, false);
      }
      const row = shared.at(1);
      comm.barrier();
      shared.set([[9]], { offset: [1, 2], fromRank: comm.size - 1 });
      assert.deepEqual([...row], [4, 5, 9, 7]);
    },
  },
  {
    name: "what is read cannot be written through",
    run(comm) {
      using shared = new MPIShared([2, 2], "int32", comm);
      for (const view of [shared.get(0), shared.at(), shared.at("::-1"), ...shared]) {
        const writable = view as unknown as { set(index: number[], x: number): void; fill(x: number): void };
        assert.equal(
          codeOf(() => writable.set([0, 0].slice(0, view.shape.length), 1)),
          "READ_ONLY",
        );
        assert.equal(
          codeOf(() => writable.fill(1)),
          "READ_ONLY",
        );
      }
      assert.throws(() => {
        (shared as { data: unknown }).data = new Int32Array(4);
      }, TypeError);
      const copy = shared.at().copy();
      copy.fill(3);
      seenByAll(comm, shared, [0, 0, 0, 0]);
    },
  },
  {
    name: "iteration gives elements, rows, and nothing for an empty axis",
    run(comm) {
      using line = new MPIShared([3], "uint64", comm);
      line.set([1n, 2n, 3n]);
      assert.deepEqual([...line], [1n, 2n, 3n]);
      using table = new MPIShared([2, 2], "bool", comm);
      table.set([[true, false], [false, true]]); // prettier-ignore
      assert.deepEqual(
        [...table].map((row) => [...row]),
        [[true, false], [false, true]], // prettier-ignore
      );
      using empty = new MPIShared([0, 2], "bool", comm);
      assert.equal([...empty].length, 0);
      using point = new MPIShared([], "bool", comm);
      assert.equal(
        codeOf(() => [...point]),
        "BAD_DIMENSIONS",
      );
    },
  },
  {
    name: "reads outside the array are refused, on the rank that tries",
    run(comm) {
      using shared = new MPIShared([2, 3], "int8", comm);
      for (const [code, read] of [
        ["OUT_OF_BOUNDS", () => shared.get(2, 0)],
        ["OUT_OF_BOUNDS", () => shared.get(0, -4)],
        ["OUT_OF_BOUNDS", () => shared.at(2)],
        ["BAD_DIMENSIONS", () => shared.at(0, 0, 0)],
        ["BAD_SLICE", () => shared.at("1-2" as ":")],
        ["BAD_SLICE", () => shared.at("::0")],
      ] as const) {
        assert.equal(codeOf(read), code);
      }
      assert.deepEqual([...shared.at("5:", null).shape], [0, 3]);
    },
  },
  {
    name: "an array prints as the Python original's does",
    run(comm) {
      using shared = new MPIShared([5, 2], "int32", comm);
      shared.set(new Int32Array(count(10)), { shape: [5, 2] });
      const { topology } = comm;
      const sizes = count(topology.nodeCount).map(
        (node) => count(comm.size).filter((rank) => topology.nodeOf(rank) === node).length,
      );
      const [least, most] = [Math.min(...sizes), Math.max(...sizes)];
      const each = least === most ? `${least}` : `${least} to ${most}`;
      assert.equal(
        String(shared),
        `<MPIShared\n  replicated on ${topology.nodeCount} nodes, each with ${each} processes (${comm.size} total)\n` +
          "  shape = (5, 2), dtype = int32\n  [ [0 1] [2 3] ... [6 7] [8 9] ]\n>",
      );
      assert.equal(inspect(shared), String(shared));
    },
  },
];

const memory: readonly Case[] = [
  {
    name: "the ranks of a node share one copy, and every node has its own",
    run(comm) {
      const { nodeIndex, nodeRank } = comm.topology;
      for (const length of [4, 100_000]) {
        using shared = new MPIShared([length], "int32", comm);
        const last = { offset: [length - 1], shape: [1] };
        if (nodeRank === 0) shared.write(last, (view) => view.fill(nodeIndex + 1));
        comm.barrier();
        assert.equal(shared.get(length - 1), nodeIndex + 1);
        comm.barrier();
        shared.set([9], { offset: [length - 1] });
        assert.equal(shared.get(length - 1), 9);
      }
    },
  },
  {
    name: "many arrays of many sizes do not overlap",
    run(comm) {
      const arrays = count(60).map((i) => new MPIShared([(i * i * 11) % 3000], "int32", comm));
      arrays.forEach((shared, i) => {
        shared.set(new Int32Array(shared.size).fill(i + 1), { fromRank: i % comm.size });
      });
      arrays.forEach((shared, i) => assert.ok(shared.data.every((x) => x === i + 1)));
      comm.barrier();
      for (const shared of arrays) shared.close();
    },
  },
  {
    name: "thousands of arrays come and go, each zeroed",
    run(comm) {
      for (let round = 0; round < 2000; round++) {
        using shared = new MPIShared([1 + (round % 50)], "int32", comm);
        assert.ok(
          shared.data.every((x) => x === 0),
          `round ${round}`,
        );
        comm.barrier();
        shared.set(new Int32Array(shared.size).fill(-1), { fromRank: round % comm.size });
      }
      for (let round = 0; round < 100; round++) {
        using shared = new MPIShared([50_000 + round], "int32", comm);
        assert.equal(shared.get(-1), 0);
        shared.set([round], { offset: [0] });
        assert.equal(shared.get(0), round);
        comm.barrier();
      }
    },
  },
  {
    name: "close is local and idempotent, and memory in use is not given away",
    run(comm) {
      const kept = new MPIShared([8], "int32", comm);
      kept.set(new Int32Array(8).fill(5), { fromRank: comm.size - 1 });
      const [view, fives] = [kept.at(), [...kept.data]];
      assert.ok(fives.every((x) => x === 5));
      if (comm.rank === 0) {
        kept.close();
        kept.close();
        kept[Symbol.dispose]();
        assert.equal(inspect(kept), "<MPIShared, closed>");
      }
      for (let round = 0; round < 300; round++) {
        using other = new MPIShared([8], "int32", comm);
        other.set(new Int32Array(8).fill(round));
      }
      // Its memory is still that of the ranks that have not closed it.
      if (comm.rank !== 0 || comm.topology.nodeSize > 1) assert.deepEqual([...view], fives);
      if (comm.rank !== 0) assert.deepEqual([...kept.data], fives);
      comm.barrier();
      kept.close();
    },
  },
  {
    name: "using closes at the end of the block, also when it is left by an error",
    run(comm) {
      const shared = new MPIShared([1], "int8", comm);
      const leave = () => {
        using left = shared;
        throw new Error(`${left.size} is enough`);
      };
      assert.throws(leave, /enough/);
      assert.equal(
        codeOf(() => shared.data),
        "FREED",
      );
    },
  },
  {
    name: "arrays on parts of a communicator are independent",
    run(comm) {
      const part = comm.split(comm.rank % 2);
      const node = comm.splitShared();
      using whole = new MPIShared([3], "int32", comm);
      using half = new MPIShared([3], "int32", part);
      using local = new MPIShared([3], "int32", node);
      half.set([comm.rank % 2, 1, 1], { fromRank: part.size - 1 });
      local.set([comm.topology.nodeIndex, 2, 2], { fromRank: node.size - 1 });
      whole.set([7, 3, 3], { fromRank: comm.size - 1 });
      assert.deepEqual([...half.data], [comm.rank % 2, 1, 1]);
      assert.deepEqual([...local.data], [comm.topology.nodeIndex, 2, 2]);
      assert.deepEqual([...whole.data], [7, 3, 3]);
      comm.barrier();
      node.free();
      part.free();
    },
  },
  {
    name: "an array on a communicator whose ranks are in another order",
    run(comm) {
      const turned = comm.split(0, -comm.rank);
      using shared = new MPIShared([2], "int32", turned);
      for (let fromRank = 0; fromRank < turned.size; fromRank++) {
        shared.set([fromRank, comm.size - 1 - comm.rank === fromRank ? comm.rank : -1], { fromRank });
        seenByAll(comm, shared, [fromRank, comm.size - 1 - fromRank]);
      }
      turned.free();
    },
  },
];

/** Shapes that are none, with what is wrong with them. */
const BAD_SHAPES: readonly unknown[] = [
  [-1],
  [2, -3],
  [1.5],
  [NaN],
  [Infinity],
  ["2"],
  [null],
  "23",
  5,
  null,
  undefined,
  new Float64Array([2]),
  [2 ** 30, 2 ** 30],
];

/** Every rank sets all of an array a few times, then a block in its midst, then a turned block. */
function longFromEveryRank(comm: Communicator, rows: number, columns: number): void {
  const shared = new MPIShared([rows + 3, columns + 2], "float64", comm);
  for (let root = 0; root < comm.size; root++) {
    const whole = rising(shared.size, root);
    // At first a rank copies long data by itself, later others may help.
    for (let time = 0; time < 6; time++)
      shared.set(comm.rank === root ? whole : null, { fromRank: root, shape: shared.shape });
    assert.deepEqual(shared.data, whole);
    // The ranks of a node look at one copy.
    comm.barrier();
    const block = rising(rows * columns, -root);
    shared.set(comm.rank === root ? block : null, {
      fromRank: root,
      offset: [2, 1],
      shape: [rows, columns],
    });
    for (let row = 0; row < rows; row++) {
      const at = (row + 2) * shared.shape[1] + 1;
      whole.set(block.subarray(row * columns, (row + 1) * columns), at);
    }
    assert.deepEqual(shared.data, whole);
    comm.barrier();
    const turned = { data: block, shape: [columns, rows].toReversed(), stride: [1, rows] };
    shared.set(comm.rank === root ? turned : null, { fromRank: root });
    assert.equal(shared.get(1, 2), block[1 + 2 * rows]);
    assert.equal(shared.get(rows - 1, columns - 1), block[rows * columns - 1]);
    comm.barrier();
  }
  shared.close();
}

/** Data and offsets that cannot be set in a float64 array of shape [3, 4]. */
const BAD_DATA: readonly (readonly [ErrorCode, unknown, unknown?])[] = [
  ["NO_SOURCE", null],
  ["NO_SOURCE", undefined],
  ["BAD_DTYPE", { data: new Float32Array(12), shape: [3, 4] }],
  ["BAD_DTYPE", [[1n]]],
  ["BAD_DTYPE", [["1"]]],
  ["BAD_DTYPE", "text"],
  ["BAD_DIMENSIONS", [1, 2, 3]],
  ["BAD_DIMENSIONS", 1],
  ["BAD_DIMENSIONS", [[[1]]]],
  ["BAD_DIMENSIONS", [[1]], [0]],
  ["BAD_DIMENSIONS", [[1]], [0, 0, 0]],
  ["BAD_DIMENSIONS", { data: new Float64Array(4), shape: [2, 2], strides: [1] }],
  ["OUT_OF_BOUNDS", [[1, 2, 3, 4, 5]]],
  ["OUT_OF_BOUNDS", [[1]], [3, 0]],
  ["OUT_OF_BOUNDS", [[1]], [0, 4]],
  ["OUT_OF_BOUNDS", [[1]], [-1, 0]],
  ["BAD_ARGUMENT", [[1]], [0, 0.5]],
  ["BAD_ARGUMENT", [[1]], [NaN, 0]],
  ["BAD_ARGUMENT", [[1]], ["0", 0]],
  ["BAD_ARGUMENT", [[1]], [0, 0n]],
  ["BAD_ARGUMENT", [[1]], "ab"],
  ["BAD_ARGUMENT", [[1]], 0],
  ["BAD_ARGUMENT", [[1]], 5],
  ["OUT_OF_BOUNDS", { data: new Float64Array(3), shape: [2, 2] }],
  ["OUT_OF_BOUNDS", { data: new Float64Array(4), shape: [2, 2], strides: [-2, 1] }],
  ["BAD_SHAPE", [[1], [1, 2]]],
  ["BAD_SHAPE", { data: new Float64Array(1), shape: [-1, 1] }],
  ["BAD_ARGUMENT", { data: new Float64Array(4), shape: [1, 1], strides: [0.5, 1] }],
  ["BAD_ARGUMENT", { data: new Float64Array(4), shape: [1, 1], offset: 0.5 }],
];

const faults: readonly Case[] = [
  {
    name: "a bad shape is refused on every rank, whoever passes it",
    run(comm) {
      for (const bad of BAD_SHAPES) {
        refused(comm, "BAD_SHAPE", () => new MPIShared(bad as number[], "int8", comm), { rank: 0 });
        const last = comm.size - 1;
        const shape = comm.rank === last ? bad : [2];
        refused(comm, "BAD_SHAPE", () => new MPIShared(shape as number[], "int8", comm), { rank: last });
      }
      using shared = new MPIShared([1], "int8", comm);
      seenByAll(comm, shared, [0]);
    },
  },
  {
    name: "an unknown dtype is refused on every rank, whoever passes it",
    run(comm) {
      for (const bad of ["float128", "", null, undefined, 8, Symbol("int8"), {}, Float64Array]) {
        const last = comm.size - 1;
        for (const culprits of [(rank: number) => rank >= 0, (rank: number) => rank === last]) {
          const dtype = culprits(comm.rank) ? bad : "int8";
          const rank = culprits(0) ? 0 : last;
          refused(comm, "BAD_DTYPE", () => new MPIShared([1], dtype as DType, comm), { rank });
        }
      }
    },
  },
  {
    name: "more memory than there is is refused on every rank",
    run(comm) {
      refused(comm, "NO_MEMORY", () => new MPIShared([2 ** 52], "complex128", comm), { text: /bytes/ });
      // Memory that the system would promise, but more elements than a typed array can have on some Nodes.
      const most = constants.MAX_LENGTH;
      if (most < 2 ** 34) {
        refused(comm, "NO_MEMORY", () => new MPIShared([most + 1], "uint8", comm), { text: /later Node/ });
      }
    },
  },
  {
    name: "different shapes or dtypes are a mismatch that tells both",
    minSize: 2,
    run(comm) {
      const first = comm.rank === 0;
      const shapes = () => new MPIShared(first ? [2, 3] : [3, 2], "int8", comm);
      refused(comm, "MISMATCH", shapes, { text: /\[2,3\].*\[3,2\]/s });
      const dtypes = () => new MPIShared<DType>([2], first ? "int8" : "uint8", comm);
      refused(comm, "MISMATCH", dtypes, { text: /\bint8.*\buint8/s });
      const dimensions = () => new MPIShared(first ? [2] : [2, 1], "int8", comm);
      refused(comm, "MISMATCH", dimensions, { text: /\[2\].*\[2,1\]/s });
    },
  },
  {
    name: "data that does not fit is refused on every rank, and the array unchanged",
    run(comm) {
      using shared = new MPIShared([3, 4], "float64", comm);
      shared.set(new Float64Array(count(12)), { shape: [3, 4] });
      for (const [code, bad, offset = [0, 0]] of BAD_DATA) {
        for (const fromRank of new Set([0, comm.size - 1])) {
          const own = comm.rank === fromRank;
          const set = () =>
            shared.set(own ? (bad as never) : [[1]], { fromRank, offset: own ? (offset as never) : [0, 0] });
          refusedBy(shared, code, set, { rank: fromRank });
        }
      }
    },
  },
  {
    name: "integers out of range, and fractions, are refused",
    run(comm) {
      using shared = new MPIShared([2], "uint8", comm);
      for (const bad of [256, -1, 0.5, NaN]) {
        refusedBy(shared, "BAD_ARGUMENT", () => shared.set([1, bad]), { rank: 0 });
      }
      using wide = new MPIShared([1], "uint64", comm);
      refusedBy(wide, "BAD_ARGUMENT", () => wide.set([2n ** 64n]), { rank: 0 });
    },
  },
  {
    name: "data whose buffer was transferred is refused on every rank, also where nothing is wanted",
    run(comm) {
      using shared = new MPIShared([2], "float64", comm);
      const lost = lostArray();
      const last = comm.size - 1;
      const own = comm.rank === last;
      const writes = [
        () => shared.set(lost, { fromRank: last }),
        () => shared.set({ data: lost, shape: [0] }, { fromRank: last }),
        () => shared.assign([":"], own ? lost : null),
        () => shared.assign(["0:0"], own ? lost : null),
        () => shared.setAll(own ? lost : null),
      ];
      for (const write of writes) assert.equal(codeOf(write), "NOT_CLONEABLE");
      assert.equal(shared.version, 0);
    },
  },
  {
    name: "data that throws when it is looked at is an error on every rank",
    run(comm) {
      using shared = new MPIShared([2], "int8", comm);
      const fromRank = comm.size - 1;
      const trap = {
        shape: [2],
        get data(): never {
          throw new RangeError("boom");
        },
      };
      refusedBy(shared, "BAD_ARGUMENT", () => shared.set(trap, { fromRank }), {
        rank: fromRank,
        text: /boom/,
      });
      try {
        shared.set(trap, { fromRank });
      } catch (error) {
        assert.equal((error as Error).cause instanceof RangeError, comm.rank === fromRank);
      }
    },
  },
  {
    name: "a fromRank that is none is refused on every rank, whoever passes it",
    run(comm) {
      using shared = new MPIShared([1], "int8", comm);
      const circular: { self?: unknown } = {};
      circular.self = circular;
      for (const bad of [-1, comm.size, 0.5, NaN, "0", null, {}, circular, 2n ** 70n, Symbol("0")]) {
        for (const culprits of [count(comm.size), [comm.size - 1]]) {
          const fromRank = culprits.includes(comm.rank) ? (bad as number) : 0;
          refusedBy(shared, "BAD_RANK", () => shared.set([1], { fromRank }), { rank: culprits[0] });
        }
      }
    },
  },
  {
    name: "different ranks for fromRank are a mismatch",
    minSize: 2,
    run(comm) {
      using shared = new MPIShared([1], "int8", comm);
      const set = () => shared.set([1], { fromRank: comm.rank === 0 ? 0 : 1 });
      refusedBy(shared, "MISMATCH", set, { text: /root 0.*root 1/s });
    },
  },
  {
    name: "assign without data, or with data on several ranks, is refused",
    run(comm) {
      using shared = new MPIShared([2], "int8", comm);
      refusedBy(shared, "NO_SOURCE", () => shared.assign([0], null));
      refusedBy(shared, "NO_SOURCE", () => shared.assign([0], undefined));
      if (comm.size === 1) return;
      refusedBy(shared, "MANY_SOURCES", () => shared.assign([0], [1]), { text: /0, 1/ });
      const two = () => shared.assign([0], comm.rank === 0 || comm.rank === comm.size - 1 ? [1] : null);
      refusedBy(shared, "MANY_SOURCES", two, { text: new RegExp(`0, ${comm.size - 1} `) });
    },
  },
  {
    name: "assign to what is not there is refused on every rank",
    run(comm) {
      using shared = new MPIShared([3, 4], "float64", comm);
      const from = comm.size - 1;
      for (const [code, axes, data] of [
        ["BAD_SLICE", ["0-1"], 1],
        ["BAD_SLICE", ["::0"], 1],
        ["BAD_SLICE", [0.5, 0.5, "..."], 1],
        ["BAD_SLICE", [0, 0.5], [[1]]],
        ["BAD_DIMENSIONS", [0, 0, 0], 1],
        ["BAD_DIMENSIONS", [0, 0], [1, 2]],
        ["OUT_OF_BOUNDS", [3], 1],
        ["OUT_OF_BOUNDS", [2, 2], [[1, 2, 3]]],
        ["OUT_OF_BOUNDS", [-1, 0], [[1]]],
        ["BAD_SHAPE", ["::2"], [[1, 2, 3, 4]]],
        ["BAD_SHAPE", [1], [1, 2, 3]],
        ["BAD_DTYPE", [1], [1n, 2n, 3n, 4n]],
      ] as const) {
        const own = comm.rank === from;
        const assign = () => shared.assign(own ? (axes as never) : null, own ? (data as never) : null);
        refusedBy(shared, code, assign, { rank: from });
      }
    },
  },
  {
    name: "one rank in set and the others elsewhere is a mismatch",
    minSize: 2,
    run(comm) {
      using shared = new MPIShared([1], "int8", comm);
      using other = new MPIShared([1], "int8", comm);
      const first = comm.rank === 0;
      refusedBy(shared, "MISMATCH", () => (first ? shared.set([1]) : comm.barrier()), {
        text: /set.*barrier/s,
      });
      refusedBy(shared, "MISMATCH", () => (first ? comm.barrier() : shared.set([1])), {
        text: /barrier.*set/s,
      });
      refusedBy(shared, "MISMATCH", () => (first ? shared : other).set([1]), {
        text: /object \d.*object \d/s,
      });
      refusedBy(shared, "MISMATCH", () => (first ? shared.set([1]) : shared.assign([0], null)));
      refused(comm, "MISMATCH", () => (first ? new MPIShared([1], "int8", comm) : shared.set([1])));
      seenByAll(comm, other, [0]);
    },
  },
  {
    name: "use after close is refused",
    run(comm) {
      const shared = new MPIShared([2, 2], "int8", comm);
      shared.close();
      const local = [
        () => shared.data,
        () => shared.get(0, 0),
        () => shared.at(),
        () => [...shared],
        () => String(shared),
      ];
      for (const read of local) assert.equal(codeOf(read), "FREED");
      refused(comm, "FREED", () => shared.set([[1]]), { rank: 0 });
      refused(comm, "FREED", () => shared.assign([0, 0], comm.rank === 0 ? [[1]] : null), { rank: 0 });
      // The first thing wrong is that it is closed, not that all ranks pass data, or none.
      for (const data of [[[1]], null])
        refused(comm, "FREED", () => shared.assign([0, 0], data), { rank: 0 });
      assert.deepEqual([...shared.shape], [2, 2]);
    },
  },
  {
    name: "a write that one rank has closed the array for is refused on every rank",
    run(comm) {
      for (const culprit of new Set([0, comm.size - 1])) {
        const shared = new MPIShared([2], "int8", comm);
        const [view, zeros] = [shared.data, [0, 0]];
        if (comm.rank === culprit) shared.close();
        refused(comm, "FREED", () => shared.set([1, 2]), { rank: culprit });
        refused(comm, "FREED", () => shared.assign([0], comm.rank === 0 ? [1] : null), { rank: culprit });
        assert.deepEqual([...view], zeros);
        comm.barrier();
        shared.close();
      }
    },
  },
  {
    name: "after the communicator is freed nothing can be written or made",
    run(comm) {
      const twin = comm.dup();
      const shared = new MPIShared([1], "int8", twin);
      shared.set([3]);
      twin.free();
      for (const call of [
        () => shared.set([1]),
        () => shared.assign([0], [1]),
        () => new MPIShared([1], "int8", twin),
        () => shared.nodeComm.barrier(),
      ]) {
        assert.equal(codeOf(call), "FREED");
      }
      assert.deepEqual([...shared.data], [3]);
      comm.barrier();
      shared.close();
    },
  },
  {
    name: "a write waits for the asynchronous collectives called before it",
    async run(comm) {
      const barrier = comm.barrierAsync();
      using shared = new MPIShared([1], "int8", comm);
      const another = comm.barrierAsync();
      shared.set([2]);
      seenByAll(comm, shared, [2]);
      await Promise.all([barrier, another]);
    },
  },
];

export const sharedCases: readonly Case[] = [...construction, ...writing, ...reading, ...memory, ...faults];
