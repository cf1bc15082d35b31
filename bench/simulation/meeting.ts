/**
 * A collective on many nodes, in simulated time: the leaders run `comm/meeting.ts` and `comm/relay.ts` themselves, on letters whose time
 * is simulated. What the ranks of a node do to each other is a sum of cache lines.
 */
import { Board, boardBytes } from "../../src/node/board.ts";
import { DONE, GOING, type Machine, type Outcome } from "../../src/node/machine.ts";
import { PRESENT, type Fate } from "../../src/node/roster.ts";
import type { Call, Slab, Writing } from "../../src/comm/engine.ts";
import { Losses } from "../../src/comm/losses.ts";
import type { Letters } from "../../src/comm/letters.ts";
import { Meeting } from "../../src/comm/meeting.ts";
import type { Memory } from "../../src/comm/pieces.ts";
import type { GroupTopology } from "../../src/comm/topology.ts";
import { Agenda } from "./agenda.ts";
import type { Network } from "./network.ts";
import { Leader, type Traffic } from "./post.ts";

/** How a collective went: from the moment when all ranks enter until the last leaves. */
export interface Course extends Traffic {
  readonly µs: number;
}

/** Local: `barrier` on nodes of so many ranks. */
export function simulateBarrier(network: Network, nodes: number, ranks: number): Course {
  return simulate(network, nodes, ranks, { op: "barrier" }, null);
}

/** Local: `set` of contiguous bytes, from rank 0. */
export function simulateSet(network: Network, nodes: number, ranks: number, bytes: number): Course {
  return simulate(network, nodes, ranks, { op: "MPIShared.set", object: 1, root: 0 }, bytes);
}

function simulate(network: Network, nodes: number, ranks: number, call: Call, bytes: number | null): Course {
  const agenda = new Agenda();
  const traffic = { messages: 0, bytes: 0 };
  const leaders: Leader[] = [];
  const lists = Array.from({ length: nodes }, (_, node) => [node]);
  // Every node writes its own copy in truth; here nothing is written, so that one stands for all.
  const buffer = new ArrayBuffer(bytes ?? 0);
  const memory = { buffer, byteOffset: 0, byteLength: buffer.byteLength };
  let end = 0;
  for (let node = 0; node < nodes; node++) {
    const leader = new Leader(node, leaders, agenda, network, traffic);
    leaders.push(leader);
    const meeting = meetingOf(node, lists, leader);
    const writing = bytes === null ? undefined : writingOf(bytes, memory);
    const machine = meeting.begin(call, undefined, writing);
    leader.act = () => {
      if (stepOn(machine) === DONE) end = Math.max(end, leader.time);
    };
    // All ranks add to one word; the leader reads what each has written.
    leader.spend(ranks > 1 ? 2 * ranks * network.line : 0);
    // The root copies its data into its node's segment. The library does so while pieces travel, or when small data have come through; here it counts before all else.
    if (node === 0) leader.spend((bytes ?? 0) * network.perByteCopied);
    leader.wake();
  }
  agenda.run();
  // At the end the leader looks at every bell; the last rank then sees the word that all wait for.
  return { ...traffic, µs: end + (ranks > 1 ? ranks * network.line : 0) };
}

function stepOn(machine: Machine): Outcome {
  for (;;) {
    const outcome = machine.step();
    if (outcome !== GOING) return outcome;
  }
}

const NOBODY_GONE = { gone: 0, of: (): Fate => PRESENT };

/** The meeting of a node whose leader is its only rank. */
function meetingOf(node: number, nodes: readonly (readonly number[])[], leader: Leader): Meeting {
  const topology = {
    nodeCount: nodes.length,
    nodeIndex: node,
    nodeRank: 0,
    nodeSize: 1,
    nodes,
    mates: nodes[node],
    nodeOf: (rank: number) => rank,
  };
  const board = new Board({ buffer: new ArrayBuffer(boardBytes(1)), byteOffset: 0 }, 1);
  // Topology and letters are classes with private parts; a meeting uses only what stands in for them here.
  const places: unknown = topology;
  const letters: unknown = leader;
  const members = nodes.map((_, rank) => rank);
  const losses = new Losses(NOBODY_GONE, members, members.length);
  return new Meeting(
    node,
    nodes.length,
    places as GroupTopology,
    board,
    letters as Letters,
    losses,
    () => {},
  );
}

/** What is small travels with the call; what is long, from where it lies. */
function writingOf(bytes: number, memory: Memory): Writing {
  const slab: Slab = { offset: 0, rowBytes: bytes, shape: [], strides: [] };
  return {
    memory,
    write: () => undefined,
    byteLength: bytes,
    source: () => new Uint8Array(memory.buffer),
    slab: () => slab,
    bytes: () => new Uint8Array(bytes),
  };
}
