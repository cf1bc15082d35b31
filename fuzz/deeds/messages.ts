/** Messages in patterns that cannot deadlock, and calls that are refused where they are made. */
import type { Message, Request } from "../../dist/index.js";
import { badRank, anyValue, shown, unsendable } from "../values.ts";
import type { Site } from "../site.ts";
import type { Deed } from "./deed.ts";

/** Every rank sends to the next one around. */
function ring(site: Site): void {
  const { comm, rank, size } = site;
  const shift = site.random.between(0, size - 1);
  const [to, from] = [(rank + shift) % size, (rank + size - shift) % size];
  const tag = site.random.pick([0, 1, 0x7fff_ffff]);
  const values = site.each(anyValue);
  site.tell(`shift ${shift}, tag ${tag}, ${shown(values)}`);
  const sending = comm.isend(values[rank], to, tag);
  if (site.random.once(2)) {
    const { source, tag: found } = comm.probe({ source: from });
    site.same("probe", [source, found], [from, tag]);
  }
  site.check("recv", () => comm.recv({ source: from, tag }), { value: values[from] });
  site.check("wait", () => sending.wait(), { value: undefined });
  site.check("nothing is left", () => comm.iprobe({ tag: 77 }), { value: null });
}

/** Every rank sends several to one, which takes them as they come: from each rank in order. */
function toOne(site: Site): void {
  const { comm, rank, size } = site;
  const root = site.random.below(size);
  const each = site.random.between(1, 4);
  site.tell(`${each} from each to ${root}`);
  const requests = Array.from({ length: each }, (_, i) => comm.isend([rank, i], root, 3));
  if (rank === root) takeAll(site, each);
  for (const request of requests) request.wait();
  // Without it a rank's next messages could come in between.
  comm.barrier();
}

function takeAll(site: Site, each: number): void {
  const next = site.each(() => 0);
  for (let i = 0; i < each * site.size; i++) {
    const { source, value, tag } = site.comm.recvMessage<[number, number]>({ tag: 3 }) satisfies Message;
    site.same("a message", [value, tag], [[source, next[source]++], 3]);
  }
}

/** In pairs along a random order of the ranks. */
function exchange(site: Site): void {
  const { comm, rank, size } = site;
  const order = site.random.shuffled(site.each((_, one) => one));
  const place = order.indexOf(rank);
  const [to, from] = [order[(place + 1) % size], order[(place + size - 1) % size]];
  const values = site.each(anyValue);
  site.tell(`sendrecv along ${order.join()}: ${shown(values)}`);
  const options = { source: from, tag: from, sendTag: rank };
  site.check("sendrecv", () => comm.sendrecv(values[rank], to, options), { value: values[from] });
}

/** Receives are there before the messages, and are completed in another order. */
async function posted(site: Site): Promise<void> {
  const { comm, rank, size } = site;
  const [to, from] = [(rank + 1) % size, (rank + size - 1) % size];
  const tags = site.random.shuffled([10, 11, 12]);
  const values = site.each((random) => [
    anyValue(random),
    "x".repeat(random.pick([1, 100_000])),
    anyValue(random),
  ]);
  site.tell(`irecv before isend, tags ${tags.join()}: ${shown(values)}`);
  const receiving = [10, 11, 12].map((tag): Request => comm.irecv({ source: from, tag }));
  const sending = tags.map((tag) => comm.isend(values[rank][tag - 10], to, tag));
  site.check("wait", () => receiving[2].wait(), { value: values[from][2] });
  await site.checkAsync("waitAsync", () => receiving[0].waitAsync(), { value: values[from][0] });
  while (!receiving[1].test()) await new Promise(setImmediate);
  site.check("wait after test", () => receiving[1].wait(), { value: values[from][1] });
  for (const one of sending) one.wait();
}

/** Refused at once, on the rank alone. */
function refused(site: Site): void {
  const { comm, random, size } = site;
  const [rank, value] = [badRank(random, size), unsendable(random)];
  const tag = random.pick<unknown>([-2, 0.5, NaN, "1", 2 ** 31, null, {}]) as number;
  site.tell(`bad dest ${shown(rank)}, bad tag ${shown(tag)}`);
  site.check("send to nobody", () => comm.send(1, rank), { code: "BAD_RANK" });
  site.check("isend with no tag", () => comm.isend(1, 0, tag), { code: "BAD_TAG" });
  site.check("send of what cannot be", () => comm.send(value, 0), { code: "NOT_CLONEABLE" });
  site.check("sendrecv to nobody", () => comm.sendrecv(1, rank), { code: "BAD_RANK" });
  const source = rank === -1 ? size : rank;
  site.check("recv from nobody", () => comm.recv({ source }), { code: "BAD_RANK" });
  site.check("iprobe with no tag", () => comm.iprobe({ tag }), { code: "BAD_TAG" });
}

export const messageDeeds: readonly Deed[] = [
  { name: "messages around", weight: 3, run: ring },
  { name: "messages to one", weight: 2, run: toOne },
  { name: "exchange", weight: 2, run: exchange },
  { name: "posted receives", weight: 2, run: posted },
  { name: "refused messages", weight: 1, run: refused },
];
