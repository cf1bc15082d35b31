/** Requests between nodes: of a rank that has ended, and what comes when a communicator has been freed. */
import { describe, expect, it } from "vitest";
import type { Endpoint } from "../../src/comm/endpoint.ts";
import { Fates } from "../../src/comm/fates.ts";
import { Losses } from "../../src/comm/losses.ts";
import { Service } from "../../src/comm/service.ts";
import { BLOCKED, DONE, type Machine } from "../../src/node/machine.ts";
import { Post, type Box, type Outgoing } from "../../src/node/post.ts";
import { DIED, ENDED, PRESENT, type Fate } from "../../src/node/roster.ts";

const MEMBERS = [0, 1];
const CONTEXT = { maker: 0, serial: 7 };
const KINDS = [0, 1, 2, 3, 4, 5, 6, 7] as unknown as readonly Box["kind"][];

/** Two ranks; a message is on its way until it is let through, or until a rank that waits has looked in vain. */
class TwoRanks {
  readonly posts: readonly Post[];
  readonly services: readonly Service[];
  /** By the rank they go to. */
  readonly #wires: Outgoing[][] = [[], []];

  /** `mates`: with whom rank 0 shares a roster, which says `fate` of rank 1; if not with rank 1, that has told it so itself. */
  constructor(mates: readonly number[] = [0], fate: Fate = PRESENT) {
    this.posts = MEMBERS.map((rank) => {
      const courier = {
        slice: 1,
        longSlice: 1,
        push: (message: Outgoing) => {
          this.#wires[message.dest].push({ ...message, bytes: message.bytes.slice() });
          message.left = message.done = true;
        },
        pull: () => false,
      };
      return new Post(
        rank,
        [courier],
        () => courier,
        () => {},
      );
    });
    const roster = { gone: fate === PRESENT ? 0 : 1, fateOf: () => fate };
    const fates = new Fates({ roster, mates } as unknown as ConstructorParameters<typeof Fates>[0]);
    if (!mates.includes(1) && fate !== PRESENT) fates.note(1, fate);
    this.services = MEMBERS.map((rank) => {
      const backend = { mates: rank === 0 ? mates : [1], attendant: null };
      const endpoint = {
        post: this.posts[rank],
        pace: { run: (machine: Machine) => this.#run(machine) },
        fates,
        backend,
      };
      return new Service(endpoint as unknown as Endpoint, MEMBERS, CONTEXT, new Losses(fates, MEMBERS, 2));
    });
  }

  /** Lets all messages to a rank through. */
  letThrough(to: number): void {
    for (const { box, tag, bytes } of this.#wires[to].splice(0)) {
      this.posts[to].deliver({ box, source: 1 - to, tag, bytes });
    }
  }

  /** How many kinds of messages of the communicator a rank has kept. */
  kept(rank: number): number {
    return KINDS.filter((kind) => this.posts[rank].peek({ box: { ...CONTEXT, kind } })).length;
  }

  /** As `BellPace` does it where ranks have gone: looks, minds, and goes on. */
  #run(machine: Machine): "done" {
    for (;;) {
      const outcome = machine.step();
      if (outcome === DONE) return "done";
      if (outcome !== BLOCKED) continue;
      machine.concern?.mind();
      for (const rank of MEMBERS) this.letThrough(rank);
    }
  }
}

const nothing = new Uint8Array();
const ground = { kind: "bell" } as const;
const double = ([byte]: Uint8Array): Uint8Array => Uint8Array.of(2 * byte);

function ask(ranks: TwoRanks): number {
  const [handle] = ranks.services.map((service) => service.open(double, () => {}, ground));
  return ranks.services[0].call(1, handle, Uint8Array.of(21))[0];
}

describe("a request", () => {
  it("is answered by a rank of another node that has ended", () => {
    expect(ask(new TwoRanks())).toBe(42);
    expect(ask(new TwoRanks([0], ENDED))).toBe(42);
  });

  it.each([
    ["has ended, where the roster says so", [0, 1], ENDED],
    ["has died, where the roster says so", [0, 1], DIED],
    ["has died on another node", [0], DIED],
  ] as const)("is refused where the rank asked %s", (_, mates, fate) => {
    expect(() => ask(new TwoRanks(mates, fate))).toThrow(expect.objectContaining({ code: "RANK_LOST" }));
  });
});

/** An object of both, and how often each has been told that all have closed it. */
function open(): { ranks: TwoRanks; handles: number[]; released: number[] } {
  const ranks = new TwoRanks();
  const released = [0, 0];
  const handles = ranks.services.map((service, rank) => service.open(double, () => released[rank]++, ground));
  return { ranks, handles, released };
}

describe("an object", () => {
  it("is released once all have closed it", () => {
    const { ranks, handles, released } = open();
    ranks.services[1].close(handles[1]);
    ranks.letThrough(0);
    expect(released).toEqual([0, 0]);
    ranks.services[0].close(handles[0]);
    ranks.letThrough(1);
    expect(released).toEqual([1, 1]);
  });

  it("hears nothing any more once it is released", () => {
    const ranks = new TwoRanks();
    let heard = 0;
    const handles = ranks.services.map((service) => {
      return service.open(
        () => {
          heard++;
          return nothing;
        },
        () => {},
        ground,
      );
    });
    ranks.services[0].notify(1, handles[0], nothing);
    ranks.letThrough(1);
    expect(heard).toBe(1);
    for (const rank of [1, 0]) ranks.services[rank].close(handles[rank]);
    ranks.letThrough(0);
    ranks.letThrough(1);
    for (const rank of MEMBERS) ranks.services[rank].notify(1 - rank, handles[rank], nothing);
    for (const rank of MEMBERS) ranks.letThrough(rank);
    expect(heard).toBe(1);
  });

  it.each(MEMBERS)(
    "leaves nothing on rank %i, to which all comes after its communicator was freed",
    (late) => {
      const { ranks, handles, released } = open();
      ranks.services[1 - late].notify(late, handles[1 - late], nothing);
      for (const rank of [1, 0]) ranks.services[rank].close(handles[rank]);
      ranks.letThrough(1 - late);
      for (const service of ranks.services) service.end();
      ranks.letThrough(late);
      expect([ranks.kept(late), released]).toEqual([0, [1, 1]]);
    },
  );
});
