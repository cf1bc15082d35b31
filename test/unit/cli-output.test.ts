import { Writable } from "node:stream";
import { MessageChannel, receiveMessageOnPort } from "node:worker_threads";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { LineCutter, RankOutput } from "../../dist/threads/output.js";
import { divert, makeCount, makeTickets, settle } from "../../dist/threads/stdio.js";
import type { Terminal } from "../../dist/threads/stdio.js";

const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString();

/** Text in the characters that matter, and cuts of its bytes anywhere. */
const output = fc
  .array(fc.constantFrom("a", "é", "😀", "\n", "\r"), { maxLength: 40 })
  .map((all) => all.join(""));

function chunks(all: Uint8Array, cuts: readonly number[]): Uint8Array[] {
  const ends = [...cuts.map((cut) => cut % (all.length + 1)), all.length].toSorted((a, b) => a - b);
  return ends.map((end, index) => all.subarray(index === 0 ? 0 : ends[index - 1], end));
}

function collector() {
  const written: string[] = [];
  const sink = {
    write(bytes: Uint8Array, done: () => void): void {
      written.push(text(bytes));
      done();
    },
  };
  return { written, sinks: { 1: sink, 2: sink } };
}

function rankStream(terminal: Terminal) {
  const { port1, port2 } = new MessageChannel();
  const stream = new Writable({ decodeStrings: false });
  const count = makeCount();
  divert(stream, { port: port2, count, tickets: makeTickets() }, 1, terminal);
  const next = (): unknown => receiveMessageOnPort(port1)?.message;
  return { stream, count, next };
}

describe("LineCutter", () => {
  it("keeps a line until it ends, and passes progress on at once", () => {
    const cutter = new LineCutter("");
    const out = ["one\ntwo", " three", "\nx", "50%\r"].map((part) => text(cutter.take(Buffer.from(part))));
    expect(out).toEqual(["one\n", "", "two three\n", "x50%\r"]);
    expect(text(cutter.take(Buffer.from("tail")))).toBe("");
    expect(text(cutter.end())).toBe("tail");
  });

  it("tags every line once and completes the last", () => {
    const cutter = new LineCutter("[7] ");
    const out = ["a\r\nb\nc", "d\r", "e"].map((part) => text(cutter.take(Buffer.from(part))));
    expect(out).toEqual(["[7] a\r\n[7] b\n", "[7] cd\r", ""]);
    expect(text(cutter.end())).toBe("[7] e\n");
  });

  it("passes a line without end on in pieces, tagged once", () => {
    const cutter = new LineCutter("> ");
    const piece = Buffer.alloc(700_000, "x");
    expect(cutter.take(piece)).toHaveLength(0);
    expect(cutter.take(piece)).toHaveLength(2 + 1_400_000);
    expect(text(cutter.take(Buffer.from("y\nz\n")))).toBe("y\n> z\n");
  });

  it("loses, repeats and splits nothing, wherever writes are cut", () => {
    fc.assert(
      fc.property(output, fc.array(fc.nat(), { maxLength: 8 }), (written, cuts) => {
        const cutter = new LineCutter("");
        const pieces = chunks(Buffer.from(written), cuts).map((chunk) => text(cutter.take(chunk)));
        expect(pieces.every((piece) => piece === "" || /[\n\r]$/.test(piece))).toBe(true);
        expect(pieces.join("") + text(cutter.end())).toBe(written);
      }),
    );
  });

  it("adds nothing but tags, wherever writes are cut", () => {
    fc.assert(
      fc.property(output, fc.array(fc.nat(), { maxLength: 8 }), (written, cuts) => {
        const cutter = new LineCutter("#");
        const pieces = chunks(Buffer.from(written), cuts).map((chunk) => text(cutter.take(chunk)));
        const tagged = pieces.join("") + text(cutter.end());
        const completed = written === "" || /[\n\r]$/.test(written) ? written : `${written}\n`;
        expect(tagged.replaceAll("#", "")).toBe(completed);
        const lines = tagged.split(/(?<=[\n\r])/).filter((line) => line !== "" && line !== "\n");
        expect(lines.every((line) => /^#[^#]*$/.test(line))).toBe(true);
      }),
    );
  });
});

describe("RankOutput", () => {
  it("says done for bytes it writes and for bytes it keeps", () => {
    const { written, sinks } = collector();
    const rank = new RankOutput(sinks, "", false);
    let done = 0;
    rank.take(1, Buffer.from("kept"), () => (done += 1));
    rank.take(2, Buffer.from("error\n"), () => (done += 1));
    expect(done).toBe(2);
    expect(written).toEqual(["error\n"]);
    rank.end();
    expect(written).toEqual(["error\n", "kept"]);
  });

  it("holds nothing back from a rank that is alone", () => {
    const { written, sinks } = collector();
    const rank = new RankOutput(sinks, "", true);
    rank.take(1, Buffer.from("prompt> "), () => {});
    expect(written).toEqual(["prompt> "]);
  });
});

describe("divert", () => {
  it("posts every write before it returns, and counts the bytes", () => {
    const { stream, count, next } = rankStream(null);
    stream.write("é");
    stream.write(Buffer.from("b"));
    expect(count[0]).toBe(3);
    expect(next()).toEqual({ ticket: 0n, descriptor: 1, bytes: new Uint8Array(Buffer.from("é")) });
    expect(next()).toEqual({ ticket: 1n, descriptor: 1, bytes: new Uint8Array(Buffer.from("b")) });
    settle(count, 3);
    expect(count[0]).toBe(0);
    expect(stream).not.toHaveProperty("isTTY");
  });

  it("answers as the terminal behind it", () => {
    const { stream, next } = rankStream({ columns: 80, rows: 24 });
    expect(stream).toMatchObject({ isTTY: true, columns: 80, rows: 24 });
    const clearLine: (direction: 0) => void = Reflect.get(stream, "clearLine");
    clearLine.call(stream, 0);
    expect(next()).toMatchObject({ bytes: new Uint8Array(Buffer.from("\u001B[2K")) });
  });
});
