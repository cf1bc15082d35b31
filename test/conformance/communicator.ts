/** Conformance: what a communicator is, and how others are made from it. */
import assert from "node:assert/strict";
import { codeOf, type Case } from "./case.ts";
import { type Communicator, PshmemError, world } from "../../dist/index.js";

export const communicatorCases: readonly Case[] = [
  {
    name: "rank and size are those of a group",
    run(comm) {
      assert.deepEqual(
        comm.allgather(comm.rank),
        Array.from({ length: comm.size }, (_, rank) => rank),
      );
      assert.equal(world(), world());
      assert.equal(comm.backend, world().backend);
    },
  },
  {
    name: "every rank has the same idea of the nodes",
    run(comm) {
      const { topology } = comm;
      const nodes = Array.from({ length: comm.size }, (_, rank) => topology.nodeOf(rank));
      for (const theirs of comm.allgather(nodes)) assert.deepEqual(theirs, nodes);
      assert.equal(topology.nodeIndex, nodes[comm.rank]);
      assert.equal(topology.nodeCount, new Set(nodes).size);
      const mates = nodes.flatMap((node, rank) => (node === topology.nodeIndex ? [rank] : []));
      assert.equal(topology.nodeSize, mates.length);
      assert.equal(topology.nodeRank, mates.indexOf(comm.rank));
      assert.equal(
        codeOf(() => topology.nodeOf(comm.size)),
        "BAD_RANK",
      );
    },
  },
  {
    name: "no rank leaves a barrier before the last has entered",
    run(comm) {
      const entered = comm.allocateWindow("int32", 1);
      for (let round = 1; round <= 50; round++) {
        entered.fetchAndOp(0, 0, 1);
        comm.barrier();
        assert.equal(entered.get(0)[0], round * comm.size);
        comm.barrier();
      }
      entered.close();
    },
  },
  {
    name: "barrierAsync keeps the event loop turning",
    async run(comm) {
      let turns = 0;
      const timer = setInterval(() => turns++, 1);
      if (comm.rank === 0) await new Promise((resolve) => setTimeout(resolve, 100));
      const before = turns;
      await comm.barrierAsync();
      await comm.barrierAsync();
      clearInterval(timer);
      if (comm.rank !== 0) assert.ok(turns > before, "no timer ran during the wait");
    },
  },
  {
    name: "blocking and asynchronous barriers meet",
    async run(comm) {
      for (let round = 0; round < 10; round++) {
        if ((comm.rank + round) % 2 === 0) comm.barrier();
        else await comm.barrierAsync();
      }
    },
  },
  {
    name: "a blocking collective waits for the asynchronous ones called before it",
    minSize: 2,
    async run(comm) {
      // Rank 0 comes last: the others' barriers cannot have ended before.
      if (comm.rank === 0) comm.recv({ source: 1 });
      const barriers = [comm.barrierAsync(), comm.barrierAsync()];
      if (comm.rank === 1) comm.send("go", 0);
      assert.equal(comm.allreduce(1), comm.size);
      await Promise.all(barriers);
      assert.equal(comm.bcast(comm.rank), 0);
    },
  },
  {
    name: "asynchronous collectives called one after the other take turns",
    async run(comm) {
      const order: number[] = [];
      const barriers = [0, 1, 2].map((i) => comm.barrierAsync().then(() => order.push(i)));
      await Promise.all(barriers);
      assert.deepEqual(order, [0, 1, 2]);
    },
  },
  {
    name: "an asynchronous collective that meets another call fails, and the next one works",
    minSize: 2,
    async run(comm) {
      const barrier = comm.rank === 0 ? comm.barrierAsync() : null;
      if (barrier) await assert.rejects(barrier, { code: "MISMATCH" });
      else
        assert.equal(
          codeOf(() => comm.bcast(1)),
          "MISMATCH",
        );
      await comm.barrierAsync();
    },
  },
  {
    name: "split groups by colour and orders by key",
    run(comm) {
      const part = comm.split(comm.rank % 2, -comm.rank);
      const mine = comm.allgather(comm.rank).filter((rank) => rank % 2 === comm.rank % 2);
      assert.deepEqual(part.allgather(comm.rank), mine.toReversed());
      assert.equal(part.size, mine.length);
      part.free();
    },
  },
  {
    name: "split with equal keys keeps the rank order",
    run(comm) {
      const part = comm.split(7);
      assert.equal(part.rank, comm.rank);
      assert.equal(part.size, comm.size);
      part.free();
    },
  },
  {
    name: "split with null leaves a rank out",
    run(comm) {
      const part = comm.split(comm.rank === 0 ? null : 0);
      if (comm.rank === 0) return assert.equal(part, null);
      assert.equal(part!.size, comm.size - 1);
      assert.equal(part!.rank, comm.rank - 1);
      part!.free();
    },
  },
  {
    name: "communicators can be split again and again",
    run(comm) {
      const halves: Communicator[] = [comm.dup()];
      while (halves.at(-1)!.size > 1) {
        const whole = halves.at(-1)!;
        halves.push(whole.split(whole.rank % 2));
      }
      assert.equal(halves.at(-1)!.allreduce(1), 1);
      for (const part of halves.toReversed()) part.free();
    },
  },
  {
    name: "splitShared gives the ranks of the node",
    run(comm) {
      const node = comm.splitShared();
      assert.equal(node.size, comm.topology.nodeSize);
      assert.equal(node.rank, comm.topology.nodeRank);
      assert.equal(node.topology.nodeCount, 1);
      const mates = node.allgather(comm.rank);
      assert.ok(mates.every((rank) => comm.topology.nodeOf(rank) === comm.topology.nodeIndex));
      node.free();
    },
  },
  {
    name: "messages of a duplicate are its own",
    run(comm) {
      const twin = comm.dup();
      const [right, left] = [(comm.rank + 1) % comm.size, (comm.rank + comm.size - 1) % comm.size];
      comm.send("original", right, 3);
      twin.send("twin", right, 3);
      assert.equal(twin.recv({ source: left, tag: 3 }), "twin");
      assert.equal(comm.recv({ source: left, tag: 3 }), "original");
      twin.free();
    },
  },
  {
    name: "hundreds of communicators come and go",
    run(comm) {
      for (let round = 0; round < 300; round++) {
        const twin = comm.dup();
        assert.equal(twin.allreduce(1), comm.size);
        twin.free();
      }
    },
  },
  {
    name: "many communicators are open at once",
    run(comm) {
      const twins = Array.from({ length: 100 }, () => comm.dup());
      twins.forEach((twin, i) => assert.equal(twin.bcast(comm.rank === 0 ? i : null), i));
      for (const twin of twins) twin.free();
    },
  },
  {
    name: "use after free is refused",
    run(comm) {
      const twin = comm.dup();
      twin.free();
      const calls = [
        () => twin.barrier(),
        () => twin.bcast(1),
        () => twin.send(1, 0),
        () => twin.recv(),
        () => twin.split(0),
        () => twin.free(),
        () => twin.allocateWindow("int8", 1),
      ];
      for (const call of calls) assert.equal(codeOf(call), "FREED");
    },
  },
  {
    name: "the world cannot be freed",
    run() {
      assert.equal(
        codeOf(() => world().free()),
        "BAD_ARGUMENT",
      );
      world().barrier();
    },
  },
  {
    name: "a bad colour or key on one rank is thrown on all",
    run(comm) {
      const last = comm.size - 1;
      const isLast = comm.rank === last;
      for (const [color, key] of [
        [-1, 0],
        [0.5, 0],
        [0, 0.5],
      ]) {
        try {
          comm.split(isLast ? color : 0, isLast ? key : 0);
          assert.fail("nothing was thrown");
        } catch (error) {
          assert.ok(error instanceof PshmemError);
          assert.equal(error.code, "BAD_ARGUMENT");
          assert.equal(error.rank, last);
        }
      }
    },
  },
  {
    name: "different collectives at the same time are a mismatch on every rank",
    minSize: 2,
    run(comm) {
      const call = comm.rank === 0 ? () => comm.barrier() : () => void comm.bcast(1);
      assert.equal(codeOf(call), "MISMATCH");
      // The communicator is still good.
      assert.equal(comm.allreduce(1), comm.size);
    },
  },
];
