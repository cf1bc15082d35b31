/** Conformance: messages between two ranks. */
import assert from "node:assert/strict";
import { ANY_SOURCE, ANY_TAG } from "../../dist/index.js";
import { codeOf, type Case } from "./case.ts";

export const messageCases: readonly Case[] = [
  {
    name: "a rank can send to itself",
    run(comm) {
      comm.send({ to: "me" }, comm.rank, 5);
      assert.deepEqual(comm.recv({ source: comm.rank, tag: 5 }), { to: "me" });
    },
  },
  {
    name: "messages of a pair arrive in the order sent",
    run(comm) {
      const [right, left] = [(comm.rank + 1) % comm.size, (comm.rank + comm.size - 1) % comm.size];
      const requests = Array.from({ length: 200 }, (_, i) => comm.isend(i, right, i % 3));
      for (let i = 0; i < 200; i++) assert.equal(comm.recv({ source: left }), i);
      for (const request of requests) request.wait();
    },
  },
  {
    name: "tags choose among messages",
    run(comm) {
      const [right, left] = [(comm.rank + 1) % comm.size, (comm.rank + comm.size - 1) % comm.size];
      for (const tag of [1, 2, 3]) comm.send(`tag ${tag}`, right, tag);
      for (const tag of [3, 1, 2]) assert.equal(comm.recv({ source: left, tag }), `tag ${tag}`);
    },
  },
  {
    name: "any source and any tag match, and the message tells which",
    run(comm) {
      for (let dest = 0; dest < comm.size; dest++) comm.send(comm.rank, dest, 10 + comm.rank);
      const seen = new Set<number>();
      for (let i = 0; i < comm.size; i++) {
        const { value, source, tag } = comm.recvMessage<number>({ source: ANY_SOURCE, tag: ANY_TAG });
        assert.equal(value, source);
        assert.equal(tag, 10 + source);
        seen.add(source);
      }
      assert.equal(seen.size, comm.size);
    },
  },
  {
    name: "large messages cross both ways at once",
    run(comm) {
      const [right, left] = [(comm.rank + 1) % comm.size, (comm.rank + comm.size - 1) % comm.size];
      const sending = comm.isend(new Float64Array(500_000).fill(comm.rank), right);
      const received = comm.recv<Float64Array>({ source: left });
      sending.wait();
      assert.equal(received.length, 500_000);
      assert.ok(received.every((element) => element === left));
    },
  },
  {
    name: "sendrecv does not deadlock",
    run(comm) {
      const [right, left] = [(comm.rank + 1) % comm.size, (comm.rank + comm.size - 1) % comm.size];
      const received = comm.sendrecv<Int32Array>(new Int32Array(400_000).fill(comm.rank), right, {
        source: left,
        sendTag: 2,
        tag: 2,
      });
      assert.ok(received.every((element) => element === left));
    },
  },
  {
    name: "a sent value may be changed at once",
    run(comm) {
      const right = (comm.rank + 1) % comm.size;
      const buffer = new Int32Array(200_000).fill(1);
      const request = comm.isend(buffer, right);
      buffer.fill(2);
      assert.ok(comm.recv<Int32Array>().every((element) => element === 1));
      request.wait();
    },
  },
  {
    name: "receives match in the order they were asked for",
    run(comm) {
      const [right, left] = [(comm.rank + 1) % comm.size, (comm.rank + comm.size - 1) % comm.size];
      const first = comm.irecv<string>({ source: left });
      const second = comm.irecv<string>({ source: left });
      comm.send("first", right);
      comm.send("second", right);
      assert.equal(second.wait(), "second");
      assert.equal(first.wait(), "first");
      assert.equal(first.wait(), "first", "waiting again gives the same");
    },
  },
  {
    name: "test tells whether a request is complete",
    run(comm) {
      const [right, left] = [(comm.rank + 1) % comm.size, (comm.rank + comm.size - 1) % comm.size];
      const request = comm.irecv({ source: left, tag: 9 });
      assert.equal(request.test(), false);
      comm.barrier();
      comm.send("now", right, 9);
      while (!request.test());
      assert.equal(request.wait(), "now");
    },
  },
  {
    name: "a receive without a message ends with the communicator",
    async run(comm) {
      const other = comm.dup();
      const [kept, late] = [other.irecv({ tag: 1 }), other.irecv({ tag: 2 })];
      const untouched = other.irecv({ tag: 3 });
      const promised = other.irecv({ tag: 2 }).waitAsync();
      other.send("in time", other.rank, 1);
      assert.equal(kept.test(), true);
      other.send("in time too", other.rank, 3);
      other.free();
      assert.equal(untouched.wait(), "in time too");
      assert.equal(kept.wait(), "in time");
      const freed = { code: "FREED" };
      assert.throws(() => late.test(), freed);
      assert.throws(() => late.wait(), freed);
      await assert.rejects(promised, freed);
      await assert.rejects(late.waitAsync(), freed);
    },
  },
  {
    name: "waitAsync resolves while the event loop turns",
    async run(comm) {
      const [right, left] = [(comm.rank + 1) % comm.size, (comm.rank + comm.size - 1) % comm.size];
      const request = comm.irecv<number>({ source: left });
      // Both are awaited: a rank that blocks in a later call runs no timers.
      const sent = new Promise<void>((resolve) => {
        setTimeout(() => {
          comm.send(comm.rank, right);
          resolve();
        }, 20);
      });
      assert.equal(await request.waitAsync(), left);
      await sent;
    },
  },
  {
    name: "probe leaves the message and tells its size",
    run(comm) {
      const [right, left] = [(comm.rank + 1) % comm.size, (comm.rank + comm.size - 1) % comm.size];
      assert.equal(comm.iprobe({ tag: 77 }), null);
      comm.barrier();
      comm.send(new Uint8Array(100), right, 77);
      const info = comm.probe({ source: left, tag: 77 });
      assert.equal(info.source, left);
      assert.equal(info.tag, 77);
      assert.ok(info.bytes >= 100);
      assert.deepEqual(comm.iprobe({ tag: 77 }), info);
      assert.equal(comm.recv<Uint8Array>({ tag: 77 }).length, 100);
    },
  },
  {
    name: "an unfinished isend goes on while its rank waits elsewhere",
    minSize: 2,
    run(comm) {
      if (comm.rank === 0) {
        const request = comm.isend(new Float64Array(400_000), 1);
        comm.barrier();
        request.wait();
      } else {
        if (comm.rank === 1) assert.equal(comm.recv<Float64Array>({ source: 0 }).length, 400_000);
        comm.barrier();
      }
    },
  },
  {
    name: "bad arguments are refused where they are made",
    run(comm) {
      assert.equal(
        codeOf(() => comm.send(1, comm.size)),
        "BAD_RANK",
      );
      assert.equal(
        codeOf(() => comm.send(1, -1)),
        "BAD_RANK",
      );
      assert.equal(
        codeOf(() => comm.send(1, 0, -1)),
        "BAD_TAG",
      );
      assert.equal(
        codeOf(() => comm.send(1, 0, 1.5)),
        "BAD_TAG",
      );
      assert.equal(
        codeOf(() => comm.recv({ source: comm.size })),
        "BAD_RANK",
      );
      assert.equal(
        codeOf(() => comm.send(() => 1, 0)),
        "NOT_CLONEABLE",
      );
      assert.throws(() => comm.isend(() => 1, 0), {
        code: "NOT_CLONEABLE",
        call: "isend",
        message: /^isend: /,
      });
    },
  },
];
