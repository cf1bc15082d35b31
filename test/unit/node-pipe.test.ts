/** Bytes and messages through shared memory. */
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { bellBytes, Bells } from "../../dist/node/bells.js";
import { Mailbox, mailboxBytes, pipeCapacity } from "../../dist/node/mailbox.js";
import { Pipe, pipeBytes } from "../../dist/node/pipe.js";
import {
  BULK,
  LATER,
  Post,
  SYSTEM,
  USER,
  type Box,
  type Courier,
  type Incoming,
  type Outgoing,
  type Taker,
} from "../../dist/node/post.js";
import { threadSleeper } from "../../dist/threads/sleeper.js";

/** Where the pipe keeps its two positions, in words. */
const POSITIONS = [0, 16];

/** A pipe of 64 bytes, `short` of the end of its counters' range. */
function makePipe(short: number): Pipe {
  const buffer = new SharedArrayBuffer(pipeBytes(64));
  for (const index of POSITIONS) new Int32Array(buffer)[index] = -short;
  return new Pipe(buffer, 0, 64);
}

const chunks = fc.array(
  fc.record({ write: fc.integer({ min: 0, max: 100 }), read: fc.integer({ min: 0, max: 100 }) }),
  {
    minLength: 1,
    maxLength: 60,
  },
);

/** Writes and reads in chunks, and gives what is wrong with what came out. */
function flow(pipe: Pipe, plan: readonly { write: number; read: number }[]): string {
  let [written, read] = [0, 0];
  for (const chunk of plan) {
    const bytes = Uint8Array.from({ length: chunk.write + 3 }, (_, i) => (written + i - 3) % 251);
    const took = pipe.write(bytes, 3);
    if (took !== Math.min(chunk.write, 64 - (written - read))) return `took ${took} of ${chunk.write}`;
    written += took;
    const into = new Uint8Array(chunk.read + 2);
    const gave = pipe.read(into, 2);
    if (gave !== Math.min(chunk.read, written - read)) return `gave ${gave} of ${written - read}`;
    for (let i = 0; i < gave; i++) if (into[2 + i] !== (read + i) % 251) return `byte ${read + i} is another`;
    read += gave;
  }
  return "";
}

describe("Pipe", () => {
  it("gives the bytes in the order written, at every place of its counters", () => {
    fc.assert(
      fc.property(fc.nat(200), chunks, (short, plan) => {
        expect(flow(makePipe(short), plan)).toBe("");
      }),
    );
  });

  it("is found out when its room is no power of two and its counters wrap", () => {
    const buffer = new SharedArrayBuffer(pipeBytes(60));
    for (const index of POSITIONS) new Int32Array(buffer)[index] = -10;
    const plan = Array.from({ length: 6 }, () => ({ write: 50, read: 25 }));
    expect(flow(new Pipe(buffer, 0, 60), plan)).not.toBe("");
  });
});

/** The mailboxes of some ranks, with world ranks that are not their places. */
function makeMailboxes(size: number) {
  const bells = new Bells(new Int32Array(new SharedArrayBuffer(bellBytes(size))), threadSleeper);
  const memory = { buffer: new SharedArrayBuffer(mailboxBytes(size) + 64), byteOffset: 64 };
  const ranks = Array.from({ length: size }, (_, place) => 10 * place + 3);
  return ranks.map((_, place) => new Mailbox(memory, ranks, place, bells));
}

function outgoing(dest: number, tag: number, bytes: Uint8Array, box: Partial<Box> = {}): Outgoing {
  return {
    box: { maker: 1, serial: 2, kind: USER, ...box },
    dest,
    tag,
    bytes,
    sent: 0,
    left: false,
    done: false,
  };
}

function pattern(length: number, seed: number): Uint8Array {
  const bytes = new Uint8Array(length);
  for (let i = 0; i < length; i++) bytes[i] = i * 7 + (i >>> 8) + seed;
  return bytes;
}

/** Takes all in, each in memory of its own. */
function keepIn(came: Incoming[]): Taker {
  return {
    room: (_box, _source, length) => new Uint8Array(length),
    deliver: (message) => void came.push(message),
  };
}

describe("Mailbox", () => {
  it("has pipes of a power of two, within limits, for any number of ranks", () => {
    for (const size of [1, 2, 3, 7, 64, 100, 1000]) {
      const capacity = pipeCapacity(size);
      expect(Math.log2(capacity) % 1).toBe(0);
      expect(capacity).toBeGreaterThanOrEqual(4096);
      expect(capacity).toBeLessThanOrEqual(256 * 1024);
    }
  });

  it("carries a message's head whole", () => {
    const [a, b] = makeMailboxes(2);
    const message = outgoing(13, 0x7fff_ffff, pattern(5, 1), { maker: 7, serial: 2 ** 31 - 1, kind: SYSTEM });
    a.push(message);
    expect(message.done).toBe(true);
    const came: Incoming[] = [];
    b.pull(keepIn(came));
    expect(came).toEqual([{ box: message.box, source: 3, tag: 0x7fff_ffff, bytes: pattern(5, 1) }]);
  });

  it("keeps the order of each pair, for messages of any size", () => {
    const room = pipeCapacity(3);
    const length = fc.oneof(fc.nat(200), fc.integer({ min: room - 40, max: room + 40 }), fc.nat(3 * room));
    const plan = fc.array(fc.record({ from: fc.nat(1), length, pulls: fc.boolean() }), { maxLength: 12 });
    fc.assert(
      fc.property(plan, (messages) => {
        const boxes = makeMailboxes(3);
        const waiting: Outgoing[][] = [[], []];
        const came: Incoming[] = [];
        const pull = () => boxes[2].pull(keepIn(came));
        const push = (from: number) => {
          const queue = waiting[from];
          while (queue.length > 0) {
            boxes[from].push(queue[0]);
            if (!queue[0].done) return;
            queue.shift();
          }
        };
        messages.forEach((message, i) => {
          waiting[message.from].push(outgoing(23, i, pattern(message.length, i)));
          push(message.from);
          if (message.pulls) pull();
        });
        // Each round moves at least something of what is left.
        for (let round = 0; round < 100 && came.length < messages.length; round++) {
          [0, 1].forEach(push);
          pull();
        }
        for (const from of [0, 1]) {
          const wanted = messages.flatMap((message, i) => (message.from === from ? [i] : []));
          const got = came.filter((one) => one.source === 10 * from + 3);
          expect(got.map((one) => one.tag)).toEqual(wanted);
          for (const one of got)
            expect(Buffer.compare(one.bytes, pattern(messages[one.tag].length, one.tag))).toBe(0);
        }
      }),
      { numRuns: 40 },
    );
  });
});

/** A courier that takes what it is told to, and brings nothing. */
class Narrow implements Courier {
  readonly slice = 5;
  readonly longSlice = 5;
  readonly log: string[] = [];
  room = 0;

  push(message: Outgoing): void {
    const count = Math.min(this.room, message.bytes.length - message.sent);
    this.room -= count;
    for (const byte of message.bytes.subarray(message.sent, message.sent + count))
      this.log.push(`${message.dest}:${byte}`);
    message.sent += count;
    message.left = message.done = message.sent === message.bytes.length;
  }

  pull(): boolean {
    return false;
  }
}

const box: Box = { maker: 0, serial: 1, kind: USER };

function makePost() {
  const courier = new Narrow();
  let wakes = 0;
  const post = new Post(0, [courier], () => courier, () => void wakes++); // prettier-ignore
  return { courier, post, wakes: () => wakes };
}

describe("Post", () => {
  it("hands messages over in order, one destination at a time not holding up another", () => {
    const { courier, post } = makePost();
    const first = post.send(box, 1, 0, Uint8Array.of(1, 2));
    const second = post.send(box, 1, 0, Uint8Array.of(3));
    courier.room = 1;
    post.poll();
    const other = post.send(box, 2, 0, Uint8Array.of(9));
    expect([first.done, second.done, other.done]).toEqual([false, false, false]);
    courier.room = 10;
    post.poll();
    expect([first.done, second.done, other.done]).toEqual([true, true, true]);
    expect(courier.log).toEqual(["1:1", "1:2", "1:3", "2:9"]);
  });

  it("leaves bulk where it is until its receiver says where it goes, and then puts it there", () => {
    const [a, b] = makeMailboxes(2);
    const { post, wakes } = makePost();
    const bulk: Box = { maker: 0, serial: 1, kind: BULK };
    const rooms = new Set<unknown>();
    const seen: Taker = {
      room(...asked) {
        const room = post.room(...asked);
        rooms.add(room);
        return room;
      },
      deliver: (message) => post.deliver(message),
    };
    const messages = [pattern(3 * pipeCapacity(2), 1), Uint8Array.of(1, 2, 3), Uint8Array.of()].map((bytes) =>
      outgoing(13, 0, bytes, bulk),
    );
    const round = () => {
      for (const message of messages) {
        if (!message.left) a.push(message);
        if (!message.left) break;
      }
      b.pull(seen);
    };
    for (let rounds = 0; rounds < 10; rounds++) round();
    expect([...rooms]).toEqual([LATER]);
    expect(messages.some(({ left }) => left)).toBe(false);
    const landings = messages.map(({ bytes }) => post.expect(bulk, 3, new Uint8Array(bytes.length)));
    expect(wakes()).toBe(3);
    for (let rounds = 0; rounds < 10; rounds++) round();
    for (const [i, { bytes, landed }] of landings.entries()) {
      expect(landed).toBe(true);
      expect(Buffer.compare(bytes, messages[i].bytes)).toBe(0);
      // Not by way of memory of its own.
      expect(rooms.has(bytes)).toBe(true);
    }
  });

  it("keeps what follows bulk in its order", () => {
    const [a, b] = makeMailboxes(2);
    const { post } = makePost();
    a.push(outgoing(13, 0, Uint8Array.of(1), { kind: BULK }));
    a.push(outgoing(13, 7, Uint8Array.of(2)));
    b.pull(post);
    expect(post.take({ box: { maker: 1, serial: 2, kind: USER } })).toBeNull();
    const landing = post.expect({ maker: 1, serial: 2, kind: BULK }, 3, new Uint8Array(1));
    b.pull(post);
    expect(landing).toEqual({ bytes: Uint8Array.of(1), landed: true });
    expect(post.take({ box: { maker: 1, serial: 2, kind: USER } })?.tag).toBe(7);
  });

  it("throws bulk away that nobody wants any more, and lets through what follows", () => {
    const [a, b] = makeMailboxes(2);
    const post = new Post(13, [b], () => b, () => {}); // prettier-ignore
    const bulk: Box = { maker: 1, serial: 2, kind: BULK };
    const landing = post.expect(bulk, 3, new Uint8Array(2 * pipeCapacity(2)));
    const [begun, late, last] = [landing.bytes.length, 1, 2].map((length) =>
      outgoing(13, 0, pattern(length, length), bulk),
    );
    a.push(begun);
    post.poll();
    post.expect(bulk, 3, new Uint8Array(1));
    post.abandon(bulk);
    for (let rounds = 0; rounds < 5; rounds++) {
      if (!begun.left) a.push(begun);
      post.poll();
    }
    expect(landing.landed).toBe(true);
    expect(Buffer.compare(landing.bytes, begun.bytes)).toBe(0);
    for (const message of [late, last, outgoing(13, 7, Uint8Array.of(2))]) a.push(message);
    post.poll();
    expect(post.take({ box: { maker: 1, serial: 2, kind: USER } })?.tag).toBe(7);
  });

  it("delivers to itself at once, and rings its own bell", () => {
    const { post, wakes } = makePost();
    const bytes = Uint8Array.of(1);
    expect(post.send(box, 0, 4, bytes).done).toBe(true);
    bytes[0] = 2;
    expect(wakes()).toBe(1);
    expect(post.peek({ box, tag: 4 })?.bytes).toEqual(Uint8Array.of(1));
    expect(post.take({ box, source: 0 })?.tag).toBe(4);
    expect(post.take({ box })).toBeNull();
  });

  it("matches by box, source and tag, oldest first", () => {
    const { post } = makePost();
    for (const [tag, value] of [[1, 10], [2, 20], [1, 30]]) post.send(box, 0, tag, Uint8Array.of(value)); // prettier-ignore
    const twin: Box = { ...box, kind: SYSTEM };
    post.send(twin, 0, 1, Uint8Array.of(40));
    expect(post.take({ box, source: 7 })).toBeNull();
    expect(post.take({ box, tag: 2 })?.bytes[0]).toBe(20);
    expect(post.take({ box, tag: 1 })?.bytes[0]).toBe(10);
    expect(post.take({ box: twin })?.bytes[0]).toBe(40);
    post.forget(box);
    expect(post.take({ box })).toBeNull();
  });

  it("says whether anything came", () => {
    const [a, b] = makeMailboxes(2);
    const post = new Post(13, [b], () => b, () => {}); // prettier-ignore
    expect(post.poll()).toBe(false);
    a.push(outgoing(13, 0, Uint8Array.of(1)));
    expect(post.poll()).toBe(true);
    expect(post.poll()).toBe(false);
  });

  it("has nothing come where a message was only left again", () => {
    const [a, b] = makeMailboxes(2);
    const { post } = makePost();
    a.push(outgoing(13, 0, Uint8Array.of(1), { kind: BULK }));
    expect([b.pull(post), b.pull(post)]).toEqual([true, false]);
    post.expect({ maker: 1, serial: 2, kind: BULK }, 3, new Uint8Array(1));
    expect([b.pull(post), b.pull(post)]).toEqual([true, false]);
  });

  it("keeps the boxes of different kinds and communicators apart", () => {
    const { post } = makePost();
    const boxes = [USER, SYSTEM, 2, 3].flatMap((kind) =>
      [1, 2].map((serial) => ({ maker: 0, serial, kind }) as Box),
    );
    boxes.forEach((one, i) => post.send(one, 0, 5, Uint8Array.of(i)));
    boxes.forEach((one, i) => expect(post.take({ box: one })?.bytes[0]).toBe(i));
  });

  it("sleeps no longer than its couriers allow", () => {
    expect(makePost().post.slice).toBe(5);
  });
});
