import { Writable } from "node:stream";
import { MessageChannel } from "node:worker_threads";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { OutputOrder } from "../../dist/threads/order.js";
import { RankOutput } from "../../dist/threads/output.js";
import { divert, makeCount, makeTickets, postFailure } from "../../dist/threads/stdio.js";

/** A job whose ranks post when they are told to: what they wrote before is under way. */
function job(size: number) {
  const written: string[] = [];
  const sink = {
    write(bytes: Uint8Array, done: () => void): void {
      written.push(Buffer.from(bytes).toString());
      done();
    },
  };
  const tickets = makeTickets();
  const order = new OutputOrder(tickets);
  const ranks = Array.from({ length: size }, () => {
    const { port1, port2 } = new MessageChannel();
    const count = makeCount();
    const stream = new Writable({ decodeStrings: false });
    const underWay: unknown[] = [];
    const post = port2.postMessage.bind(port2);
    port2.postMessage = (posted: unknown) => underWay.push(posted);
    divert(stream, { port: port2, count, tickets }, 1, null);
    const source = { port: port1, count, output: new RankOutput({ 1: sink, 2: sink }, "", false) };
    order.add(source);
    return {
      underWay,
      write: (text: string) => stream.write(text),
      deliver: () => underWay.splice(0).forEach((posted) => post(posted)),
      fail: (text: string) => postFailure(Object.assign(port2, { postMessage: post }), failureOf(text)),
      failure: () => order.failureOf(source),
      end: () => order.end(source),
    };
  });
  return { written, ranks };
}

const failureOf = (text: string) => ({ text, isConsequence: false });

const eventLoop = (): Promise<void> => new Promise((resolve) => void setTimeout(resolve, 5));

describe("OutputOrder", () => {
  it("holds a write back until those before it are there", async () => {
    const { written, ranks } = job(3);
    const [a, b, c] = ranks;
    a.write("first\n");
    b.write("second\n");
    c.write("third\n");
    c.deliver();
    await eventLoop();
    b.deliver();
    await eventLoop();
    expect(written).toEqual([]);
    a.deliver();
    await eventLoop();
    expect(written).toEqual(["first\n", "second\n", "third\n"]);
    ranks.forEach(({ end }) => end());
  });

  it("does not wait for what a rank had under way when it was stopped", async () => {
    const { written, ranks } = job(2);
    const [a, b] = ranks;
    a.write("lost\n");
    b.write("kept\n");
    b.deliver();
    await eventLoop();
    expect(written).toEqual([]);
    a.end();
    expect(written).toEqual(["kept\n"]);
    b.write("more\n");
    b.deliver();
    await eventLoop();
    expect(written).toEqual(["kept\n", "more\n"]);
    b.end();
  });

  it("completes a rank's last line in its turn", () => {
    const { written, ranks } = job(2);
    const [a, b] = ranks;
    a.write("early\n");
    b.write("tail");
    b.deliver();
    b.end();
    expect(written).toEqual([]);
    a.deliver();
    a.end();
    expect(written).toEqual(["early\n", "tail"]);
  });

  it("knows the failure that a rank has just posted", () => {
    const { ranks } = job(2);
    ranks[1].fail("boom");
    expect(ranks.map(({ failure }) => failure()?.text)).toEqual([undefined, "boom"]);
    ranks.forEach(({ end }) => end());
  });

  it("keeps the order, and keeps nothing back without need, whatever comes when", () => {
    const step = fc.record({
      rank: fc.nat(2),
      deed: fc.constantFrom("write", "write", "deliver", "deliver", "stop"),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        const { written, ranks } = job(3);
        const running = new Set(ranks);
        const posted: number[] = [];
        const held = new Map(ranks.map((rank) => [rank, [] as number[]]));
        const stop = (rank: (typeof ranks)[number]): void => {
          running.delete(rank);
          rank.end();
        };
        for (const [number, { rank: index, deed }] of steps.entries()) {
          const rank = ranks[index];
          if (!running.has(rank)) continue;
          if (deed === "write") {
            rank.write(`${number}\n`);
            held.get(rank)!.push(number);
          } else if (deed === "deliver") {
            posted.push(...held.get(rank)!.splice(0));
            rank.deliver();
            rank.failure();
          } else {
            stop(rank);
          }
          // What is under way in a rank that runs is all that may hold others back.
          const first = Math.min(...[...running].flatMap((other) => held.get(other)!));
          const due = posted.filter((other) => other < first).toSorted((x, y) => x - y);
          if (deed === "write") continue;
          // A ticket lost with a stopped rank looks like one that a running rank has under way, as long as any has.
          const shown = written.map(Number);
          const lost = steps.some(({ deed: other }, n) => n <= number && other === "stop");
          expect(shown).toEqual(lost && Number.isFinite(first) ? due.slice(0, shown.length) : due);
        }
        running.forEach(stop);
        expect(written.map(Number)).toEqual(posted.toSorted((x, y) => x - y));
      }),
    );
  });
});
