/** Making communicators, ending them, and using them after their end. */
import { MPILock, MPIBatch, MPIShared, type Communicator, type ErrorCode } from "../../dist/index.js";
import { verdict, type Site } from "../site.ts";
import type { Slot } from "../state.ts";
import { shown } from "../values.ts";
import type { Deed } from "./deed.ts";

/** World ranks of the site's communicator. */
function membersOf({ comm, state }: Site): readonly number[] {
  return state.slots.find((slot) => slot.comm === comm)!.members;
}

/** Checks a new communicator against its members, by rank of the one it was made from. */
function slotOf(site: Site, made: Communicator | null | undefined, ranks: readonly number[]): Slot {
  const world = membersOf(site);
  const members = ranks.map((rank) => world[rank]);
  if (!made) return { comm: null, members: [], freed: false };
  site.same("rank and size", [made.rank, made.size], [ranks.indexOf(site.rank), ranks.length]);
  const nodes = members.map((member) => site.state.nodeOf[member]);
  const order = [...new Set(nodes)];
  const { topology } = made;
  const found = ranks.map((_, rank) => topology.nodeOf(rank));
  site.same(
    "the nodes",
    [found, topology.nodeCount],
    [nodes.map((node) => order.indexOf(node)), order.length],
  );
  site.same("the members", made.allgather(world[site.rank]), members);
  return { comm: made, members, freed: false };
}

const BAD_COLORS = [
  -1,
  0.5,
  NaN,
  "red",
  {},
  undefined,
  2 ** 60,
  true,
  Object.create(null),
] as readonly unknown[];
const BAD_KEYS = [NaN, Infinity, 0.5, "first", null, {}, 1n] as readonly unknown[];

function split(site: Site): Slot | void {
  const { random, comm, rank } = site;
  const colors: unknown[] = site.each((own) => own.pick([0, 0, 1, 2 ** 40, null]));
  const keys: unknown[] = site.each((own) => own.pick([0, 0, 5, -5, -(2 ** 40)]));
  const faults: (ErrorCode | null)[] = site.each(() => null);
  if (random.once(4)) {
    const victim = random.below(site.size);
    if (random.once(2)) colors[victim] = random.pick(BAD_COLORS);
    else keys[victim] = random.pick(BAD_KEYS);
    faults[victim] = "BAD_ARGUMENT";
  }
  site.tell(`colors ${shown(colors)}, keys ${shown(keys)}`);
  const call = () => comm.split(colors[rank] as number | null, keys[rank] as number);
  if (faults.some(Boolean))
    return void site.check(
      "split",
      call,
      verdict(faults, true, () => null),
    );
  const ranks = site
    .each((_, one) => one)
    .filter((one) => colors[rank] !== null && colors[one] === colors[rank])
    .toSorted((a, b) => (keys[a] as number) - (keys[b] as number) || a - b);
  const made = call();
  site.same("null", made === null, colors[rank] === null);
  return slotOf(site, made, ranks);
}

function dup(site: Site): Slot {
  site.tell("dup");
  return slotOf(
    site,
    site.comm.dup(),
    site.each((_, rank) => rank),
  );
}

function splitShared(site: Site): Slot {
  site.tell("splitShared");
  const { nodeOf } = site.state;
  const members = membersOf(site);
  const mates = site
    .each((_, rank) => rank)
    .filter((rank) => nodeOf[members[rank]] === nodeOf[members[site.rank]]);
  return slotOf(site, site.comm.splitShared(), mates);
}

function free(site: Site): void {
  site.tell("free");
  site.comm.free();
}

/** On the whole world: it cannot be freed. */
const USES: readonly ((comm: Communicator) => unknown)[] = [
  (comm) => comm.barrier(),
  (comm) => comm.bcast(1),
  (comm) => comm.gather(1),
  (comm) => comm.allgather(1),
  (comm) => comm.scatter([]),
  (comm) => comm.alltoall([]),
  (comm) => comm.reduce(1),
  (comm) => comm.allreduce(1),
  (comm) => comm.scan(1),
  (comm) => comm.exscan(1),
  (comm) => comm.bcastInto(new Int8Array(1)),
  (comm) => comm.allreduceInto(new Int8Array(1)),
  (comm) => comm.split(0),
  (comm) => comm.splitShared(),
  (comm) => comm.dup(),
  (comm) => comm.free(),
  (comm) => comm.allocateWindow("int8", 1),
  (comm) => comm.send(1, 0),
  (comm) => comm.recv(),
  (comm) => comm.recvMessage(),
  (comm) => comm.sendrecv(1, 0),
  (comm) => comm.isend(1, 0),
  (comm) => comm.irecv(),
  (comm) => comm.probe(),
  (comm) => comm.iprobe(),
  (comm) => new MPIShared([1], "int8", comm),
  (comm) => new MPILock(comm),
  (comm) => new MPIBatch(comm, 1, 1),
];

/** Local: everything refuses a communicator that is gone. */
export async function useFreed(site: Site): Promise<void> {
  site.tell("every call on a freed communicator");
  for (const use of USES) site.check(String(use), () => use(site.comm), { code: "FREED" });
  await site.checkAsync("barrierAsync", () => site.comm.barrierAsync(), { code: "FREED" });
  for (const { shared } of site.state.arraysOn(site.comm)) {
    site.check("set", () => shared.set(null), { code: "FREED" });
    site.check("assign", () => shared.assign([], null), { code: "FREED" });
  }
}

export const communicatorDeeds: readonly Deed[] = [
  { name: "split", weight: 4, makes: true, run: split },
  { name: "dup", weight: 1, makes: true, run: dup },
  { name: "splitShared", weight: 2, makes: true, run: splitShared },
  { name: "free", weight: 2, frees: true, run: free },
];
