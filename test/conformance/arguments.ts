/** Arguments that are no such thing: every rank is told the same, whichever rank passed them, and all can go on. */
import assert from "node:assert/strict";
import {
  MPIBatch,
  MPICondition,
  MPICounter,
  MPILock,
  MPISemaphore,
  MPIShared,
  type Communicator,
  type ReduceOp,
} from "../../dist/index.js";
import { codeOf, type Case } from "./case.ts";

/** All ranks come to the same end. */
function allCome(comm: Communicator, code: string, call: () => unknown): void {
  assert.deepEqual(
    comm.allgather(codeOf(call)),
    Array.from({ length: comm.size }, () => code),
  );
}

/** Objects that no text can be made of. */
function withoutText(): unknown[] {
  const failing = {
    toString() {
      throw new Error("no text");
    },
  };
  return [Object.create(null), failing];
}

/** Errors of which no text can be made. */
function unreadableErrors(): unknown[] {
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  const mute = new Error("never seen");
  Object.defineProperty(mute, "message", { get: fail });
  return [proxy, mute];
}

/** `odd` on the last rank, `usual` elsewhere. */
function onLast<T>(comm: Communicator, odd: unknown, usual: T): T {
  return comm.rank === comm.size - 1 ? (odd as T) : usual;
}

function fail(): never {
  throw new Error("unreadable");
}

/** What is no options: each was meant for another parameter. */
const NO_OPTIONS: readonly unknown[] = [0, Number.NaN, "x", true, 1n, fail, [1], Int32Array.of(1)];

/** All that is made collectively, from its options. */
function makers(comm: Communicator): { op: string; make: (options: unknown) => { close(): void } }[] {
  return [
    { op: "new MPIShared", make: (options) => new MPIShared([1], "int8", comm, options as null) },
    { op: "new MPILock", make: (options) => new MPILock(comm, options as null) },
    { op: "new MPICounter", make: (options) => new MPICounter(comm, options as null) },
    { op: "new MPISemaphore", make: (options) => new MPISemaphore(comm, 1, options as null) },
    { op: "new MPIBatch", make: (options) => new MPIBatch(comm, 1, 1, options as null) },
  ];
}

const circular: unknown[] = [];
circular.push(circular);

export const argumentCases: readonly Case[] = [
  {
    name: "what has no text can still be named in an error",
    run(comm) {
      for (const value of withoutText()) {
        allCome(comm, "BAD_RANK", () => comm.bcast(1, onLast(comm, value, 0)));
        allCome(comm, "BAD_ARGUMENT", () => comm.allreduce(1, onLast<ReduceOp>(comm, value, "sum")));
        allCome(comm, "BAD_ARGUMENT", () => comm.split(onLast(comm, value, 0)));
        allCome(comm, "BAD_DTYPE", () => comm.allocateWindow(onLast(comm, value, "int8"), 1));
        allCome(comm, "BAD_DTYPE", () => new MPIShared([1], onLast(comm, value, "int8"), comm));
        allCome(comm, "BAD_RANK", () => new MPILock(comm, { root: onLast(comm, value, 0) }));
        allCome(comm, "BAD_ARGUMENT", () => new MPISemaphore(comm, onLast(comm, value, 1)));
        allCome(comm, "BAD_WORKER_SIZE", () => new MPIBatch(comm, onLast(comm, value, 1), 1));
        using array = new MPIShared([1], "int8", comm);
        allCome(comm, "BAD_RANK", () => array.set([1], { fromRank: onLast(comm, value, 0) }));
        allCome(comm, "BAD_RANK", () => comm.topology.nodeOf(value as number));
      }
    },
  },
  {
    name: "options can be null, and must be an object otherwise",
    async run(comm) {
      using array = new MPIShared([1], "int8", comm);
      for (const { op, make } of makers(comm)) {
        make(onLast(comm, null, {})).close();
        for (const odd of NO_OPTIONS) allCome(comm, "BAD_ARGUMENT", () => make(onLast(comm, odd, {})));
        const message = new RegExp(`^${op}(, on rank \\d+)?: the options are `);
        assert.throws(() => make(onLast(comm, 0, {})), { message });
      }
      using batch = new MPIBatch(comm, comm.size, 1);
      using lock = new MPILock(comm);
      for (const odd of NO_OPTIONS) {
        allCome(comm, "BAD_ARGUMENT", () => array.set([1], onLast(comm, odd, {})));
        allCome(comm, "BAD_ARGUMENT", () => array.setAll(null, onLast(comm, odd, {})));
        allCome(comm, "BAD_ARGUMENT", () => batch.nextTask(onLast(comm, odd, {})));
        await assert.rejects(
          batch.run(() => undefined, onLast(comm, odd, {})),
          { code: "BAD_ARGUMENT" },
        );
        allCome(comm, "BAD_ARGUMENT", () => lock.acquire(odd as null));
        allCome(comm, "BAD_ARGUMENT", () => comm.iprobe(odd as null));
      }
      assert.equal((await batch.run(() => undefined, onLast(comm, null, {}))).done, 1);
      array.set([1], onLast(comm, null, {}));
      array.setAll(null, onLast(comm, null, {}));
      lock.acquire(null).release();
      assert.equal(comm.iprobe(null), null);
      assert.deepEqual([array.version, array.get(0)], [1, 1]);
    },
  },
  {
    name: "what cannot be read is told to all ranks",
    async run(comm) {
      const unreadable = onLast<never>(comm, new Proxy({}, { get: fail }), {} as never);
      const halt = onLast(comm, unreadable, { failures: 1 });
      for (const { op, make } of makers(comm)) {
        allCome(comm, "BAD_ARGUMENT", () => make(unreadable));
        assert.throws(() => make(unreadable), { call: op, rank: comm.size - 1 });
      }
      using array = new MPIShared([1], "int8", comm);
      allCome(comm, "BAD_ARGUMENT", () => array.set([1], unreadable));
      allCome(comm, "BAD_ARGUMENT", () => array.setAll([1], unreadable));
      using batch = new MPIBatch(comm, comm.size, 1);
      await assert.rejects(
        batch.run(() => undefined, unreadable),
        { code: "BAD_ARGUMENT" },
      );
      await assert.rejects(
        batch.run(() => undefined, { halt }),
        { code: "BAD_ARGUMENT" },
      );
      const list = onLast<number[]>(
        comm,
        new Proxy([], { get: fail }),
        Array.from({ length: comm.size }, Number),
      );
      allCome(comm, "BAD_ARGUMENT", () => comm.scatter(list, comm.size - 1));
      allCome(comm, "BAD_ARGUMENT", () => comm.alltoall(list));
      assert.deepEqual([array.version, array.get(0)], [0, 0]);
      comm.barrier();
    },
  },
  {
    name: "what is thrown that cannot be read itself is told to all ranks",
    run(comm) {
      using array = new MPIShared([1], "int8", comm);
      for (const thrown of unreadableErrors()) {
        const options = {
          get offset(): never {
            throw thrown;
          },
        };
        allCome(comm, "BAD_ARGUMENT", () => array.set([1], onLast(comm, options, {})));
        allCome(comm, "BAD_ARGUMENT", () => array.setAll([1], onLast(comm, options, {})));
      }
      assert.deepEqual([array.version, array.get(0)], [0, 0]);
      comm.barrier();
    },
  },
  {
    name: "an offset is read once, and before the data; axes that are no list are refused",
    run(comm) {
      using array = new MPIShared([4], "int8", comm);
      const own = comm.rank === comm.size - 1;
      let asked = 0;
      const moving = {
        length: 1,
        get 0() {
          return asked++;
        },
      };
      array.setAll(own ? [7, 7] : null, own ? { offset: moving } : {});
      assert.deepEqual([...array.data], [7, 7, 0, 0]);
      const data = Int8Array.of(1, 2, 3, 4);
      const taking = {
        length: 1,
        get 0() {
          structuredClone(data.buffer, { transfer: [data.buffer] });
          return 0;
        },
      };
      const options = { fromRank: comm.size - 1, offset: own ? taking : [0] };
      allCome(comm, "NOT_CLONEABLE", () => array.set(own ? data : null, options));
      for (const odd of [5, {}, true, () => [0]]) {
        allCome(comm, "BAD_ARGUMENT", () => array.assign(odd as never, own ? [1] : null));
      }
      array.assign(Int8Array.of(3) as never, own ? [1] : null);
      assert.deepEqual([...array.data], [7, 7, 0, 1]);
      assert.equal(array.version, 2);
    },
  },
  {
    name: "a mismatch in the same call says what differs",
    minSize: 2,
    async run(comm) {
      using batch = new MPIBatch(comm, comm.size, 1);
      const names = { taskFsRoot: "/nowhere", taskFsNames: [onLast(comm, "a", "b")] };
      for (const [message, call] of [
        [/different .*nTask/, () => new MPIBatch(comm, 1, onLast(comm, 4, 3))],
        [/different .*taskFsNames/, () => new MPIBatch(comm, 1, 1, names)],
        [/different permits/, () => new MPISemaphore(comm, onLast(comm, 2, 1))],
        [/in allreduce, with different operations/, () => comm.allreduce(1, onLast(comm, "max", "sum"))],
        [/in reduce, .*types/, () => comm.reduce<unknown>(onLast<unknown>(comm, 1n, 1))],
        [/in scan, .*lengths/, () => comm.scan<unknown>(onLast(comm, [1], [1, 2]))],
        [/in bcastInto, .*types/, () => comm.bcastInto(onLast(comm, new Int8Array(1), new Uint8Array(1)))],
        [/in MPIBatch.nextTask.*options/, () => batch.nextTask({ ignoreDone: onLast(comm, true, false) })],
      ] satisfies [RegExp, () => unknown][]) {
        assert.throws(call, { code: "MISMATCH", message });
      }
      await assert.rejects(
        batch.run(() => undefined, { retries: onLast(comm, 2, 1) }),
        { code: "MISMATCH", message: /different retries/ },
      );
    },
  },
  {
    name: "what is no function is refused before the lock is taken",
    async run(comm) {
      using lock = new MPILock(comm);
      assert.equal(
        codeOf(() => lock.withLock(undefined as never)),
        "BAD_ARGUMENT",
      );
      await assert.rejects(lock.withLockAsync(1 as never), { code: "BAD_ARGUMENT" });
      comm.barrier();
      assert.deepEqual([lock.held, lock.state().holder, lock.state().token], [false, null, 0]);
      comm.barrier();
    },
  },
  {
    name: "a value that is no buffer is refused on every rank",
    run(comm) {
      const none = onLast<Float64Array>(comm, null, new Float64Array(1));
      allCome(comm, "BAD_ARGUMENT", () => comm.allreduceInto(none));
      allCome(comm, "BAD_ARGUMENT", () => comm.bcastInto(none));
    },
  },
  {
    name: "lists with holes hold undefined, and a list in itself is no operand",
    run(comm) {
      const holes: unknown[] = Object.assign([], { length: comm.size });
      assert.deepEqual(comm.alltoall(holes), Array.from(holes));
      assert.equal(comm.scatter(holes), undefined);
      allCome(comm, "BAD_ARGUMENT", () => comm.allreduce(onLast<unknown>(comm, circular, 1)));
    },
  },
  {
    name: "booleans are counted, however many ranks there are",
    run(comm) {
      assert.equal(comm.allreduce<unknown>(true), comm.size);
      assert.equal(comm.scan<unknown>(true), comm.rank + 1);
      assert.equal(comm.exscan<unknown>(true, "prod"), comm.rank === 0 ? null : 1);
      assert.deepEqual(comm.allreduce<unknown>([true, [false]]), [comm.size, [0]]);
      assert.equal(comm.allreduce<unknown>(true, "min"), true);
    },
  },
  {
    name: "buffers of Node are reduced as the bytes they are",
    run(comm) {
      const bytes = Buffer.of(1, comm.rank);
      const ranks = (comm.rank * (comm.rank + 1)) / 2;
      assert.deepEqual([...comm.scan<Uint8Array>(bytes)], [comm.rank + 1, ranks]);
      comm.allreduceInto(bytes);
      assert.equal(bytes[0], comm.size);
      assert.deepEqual([...comm.allreduce(onLast(comm, Buffer.of(1), Uint8Array.of(1)))], [comm.size]);
    },
  },
  {
    name: "an object that was not made does not count",
    minSize: 2,
    run(comm) {
      for (const make of [
        () => new MPIShared([1], "int8", comm),
        () => new MPILock(comm),
        () => new MPIBatch(comm, 1, 1),
      ]) {
        allCome(comm, "MISMATCH", () => (comm.rank === 0 ? make() : comm.barrier()));
        make().close();
      }
    },
  },
  {
    name: "a condition on a lock that one rank has closed is refused on every rank",
    run(comm) {
      using lock = new MPILock(comm);
      if (comm.rank === comm.size - 1) lock.close();
      allCome(comm, "FREED", () => new MPICondition(lock));
      allCome(comm, "BAD_ARGUMENT", () => new MPICondition(null as never));
    },
  },
  {
    name: "a batch on a communicator that was freed is refused",
    run(comm) {
      const dup = comm.dup();
      dup.free();
      allCome(comm, "FREED", () => new MPIBatch(dup, 1, 1));
    },
  },
  {
    name: "what is falsy is no communicator to reuse",
    run(comm) {
      for (const commNode of [0, "", false, Number.NaN]) {
        const reuse = onLast(comm, { commNode }, {});
        const [first] = comm.allgather(codeOf(() => new MPIShared([1], "int8", comm, reuse)));
        assert.equal(first, "BAD_NODE_COMM");
      }
    },
  },
];
