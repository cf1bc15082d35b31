/** Ranks that are processes of an MPI job. Inside a node they use memory of their own; MPI carries what crosses nodes. */
import { availableParallelism } from "node:os";
import type { Backend } from "../comm/backend.ts";
import { guardWanted } from "../native/guard.ts";
import { addressOf } from "../native/mapping.ts";
import { ProcessMemory, type MemoryMethod } from "../native/memory.ts";
import { Bells, bellBytes } from "../node/bells.ts";
import { boardBytes } from "../node/board.ts";
import { Mailbox, mailboxBytes } from "../node/mailbox.ts";
import { coresOf } from "../node/cores.ts";
import { eagernessFor, type Eagerness } from "../node/pace.ts";
import { isRunning, processNamed } from "../node/process-life.ts";
import { Roster, rosterBytes } from "../node/roster.ts";
import { MpiAttendant } from "./attendant.ts";
import { PairedCopier } from "./copier.ts";
import { MpiCourier } from "./courier.ts";
import { endWithProcess, linger } from "./end.ts";
import { awaitEnds, hasDied, takeLeave } from "./farewell.ts";
import { startMpi, type MpiWorld } from "./job.ts";
import { mpiOptions } from "./options.ts";
import { chooseWindows, type WindowsChoice } from "./rma.ts";
import { processSleeper } from "./sleeper.ts";

/** What `pshmem info` tells of the MPI in use. */
export interface MpiDescription {
  readonly world: MpiWorld;
  readonly memory: MemoryMethod;
  /** How windows between nodes are made. */
  readonly windows: WindowsChoice;
  /** Whether a helper thread answers for a rank that computes. */
  readonly progress: "thread" | null;
}

/**
 * Looks before sleeping where answers may come from other nodes, at about 1 µs each: a nap costs 50 µs and more, a network some 2 to 50.
 * Each look gives the core away if another process wants it.
 */
const ACROSS_NODES: Eagerness = { looks: 500, turns: 0 };
/** The same where ranks share cores: each look gives the core to one that may be looking too. */
const ACROSS_NODES_WITHOUT_CORES: Eagerness = { looks: 100, turns: 0 };

let description: MpiDescription | undefined;

/** Local: the MPI of this process, once it is started. */
export function mpiInUse(): MpiDescription | undefined {
  return description;
}

const nothingMoves = (): boolean => false;
const nobodyDies = (): boolean => true;

/** Collective: starts MPI and joins the ranks of this node. */
export function mpiBackend(env: Readonly<Record<string, string | undefined>>): Backend {
  const world = startMpi(env);
  const atEnd: (() => void)[] = [];
  let isWhole = nobodyDies;
  endWithProcess(world, () => {
    for (const end of atEnd) end();
    return isWhole();
  });
  const options = mpiOptions(world, env);
  const { rank, size, nodeOf } = world;
  const mates = nodeOf.flatMap((node, other) => (node === nodeOf[rank] ? [other] : []));
  const node = joinNode(world, mates, guardWanted(env));
  const at = controlLayout(mates.length);
  const bells = new Bells(
    new Int32Array(node.control, at.bells, bellBytes(mates.length) / 4),
    processSleeper,
  );
  const roster = new Roster({ buffer: node.control, byteOffset: at.roster }, mates.length);
  const placeOf = new Map(mates.map((mate, place) => [mate, place]));
  const place = placeOf.get(rank)!;
  const mailbox = new Mailbox({ buffer: node.control, byteOffset: at.mailbox }, mates, place, bells);
  const courier = mates.length < size ? new MpiCourier(world, options.windows === "rma") : null;
  const household = { roster, bells, place, count: mates.length, runs: node.runs };
  isWhole = () => !hasDied(household);
  atEnd.push(() => takeLeave(household));
  let answer = nothingMoves;
  if (courier) atEnd.push(() => linger(world, () => answer()));
  else atEnd.push(() => awaitEnds(household));
  atEnd.push(() => node.memory.end());
  atEnd.push(() => courier?.settle());
  const bellPlace = { address: addressOf(node.control) + at.bells, bytes: bellBytes(mates.length) };
  // Before there is a helper: that answers messages at once, but one-sided operations only now and then, when it looks.
  const windows = chooseWindows(world, options.windows);
  const attendant = courier && options.progress ? new MpiAttendant(world, courier, bellPlace, place) : null;
  atEnd.push(() => attendant?.stop());
  const carrier = attendant?.courier ?? courier;
  description = { world, memory: node.method, windows, progress: attendant ? "thread" : null };
  atEnd.push(() => windows.memory?.access.free());
  const isFull = mates.length >= node.cores;
  return {
    name: "mpi",
    job: world.jobNumber,
    rank,
    size,
    nodeOf,
    ring(other) {
      const mate = placeOf.get(other);
      // A rank of another node is woken by the message that changes what it waits for.
      if (mate !== undefined) bells.ring(mate);
    },
    bells,
    place,
    mates,
    roster,
    runs: node.runs,
    reach: null,
    copier:
      availableParallelism() > 1 ? new PairedCopier({ bells, bellPlace, place, placeOf, isFull }) : null,
    eagerness: eagernessOf(mates.length, node.cores, courier !== null),
    couriers: carrier ? [mailbox, carrier] : [mailbox],
    courierTo: (other) => (placeOf.has(other) ? mailbox : carrier!),
    nodeMemory: node.memory,
    openMemory: null,
    distantMemory: windows.memory,
    attendant,
    worldBoard: { buffer: node.control, byteOffset: at.board },
    atEnd(poll) {
      answer = poll;
    },
    abort: (code) => world.abort(code),
  };
}

function eagernessOf(ranks: number, cores: number, acrossNodes: boolean): Eagerness {
  if (!acrossNodes) return eagernessFor(ranks, cores);
  return ranks <= cores ? ACROSS_NODES : ACROSS_NODES_WITHOUT_CORES;
}

interface Node {
  readonly memory: ProcessMemory;
  readonly method: MemoryMethod;
  /** See {@link controlLayout}. */
  readonly control: ArrayBufferLike;
  /** Whether the process of the rank at a place runs; null where processes cannot see one another (a container for each). */
  readonly runs: ((place: number) => boolean) | null;
  /** How many cores its ranks have between them. */
  readonly cores: number;
}

function lifeCheck(pids: readonly number[]): ((place: number) => boolean) | null {
  const processes = pids.map(processNamed);
  return processes.every(isRunning) ? (place) => isRunning(processes[place]) : null;
}

/** The parts of a node's control block, in bytes from its start: after a line for the memory's own use. */
function controlLayout(ranks: number): Record<"bells" | "roster" | "mailbox" | "board" | "end", number> {
  const bells = 64;
  const roster = bells + bellBytes(ranks);
  const mailbox = roster + rosterBytes(ranks);
  const board = mailbox + mailboxBytes(ranks);
  return { bells, roster, mailbox, board, end: board + boardBytes(ranks) };
}

/** Collective: memfd where every rank of the node can open it, else names; all ranks of the job take the same way. */
function joinNode(world: MpiWorld, mates: readonly number[], guarded: boolean): Node {
  const { pids, jobNumber } = world;
  const methods: readonly MemoryMethod[] = process.platform === "linux" ? ["memfd", "named"] : ["named"];
  const failures: string[] = [];
  const site = { job: jobNumber.toString(36), me: world.rank, pidOf: (rank: number) => pids[rank], guarded };
  for (const method of methods) {
    const memory = new ProcessMemory({ ...site, method });
    const control = offerControl(world, memory, mates, failures);
    if (!control) continue;
    const ours = mates.map((mate) => pids[mate]);
    return { memory, method, control, runs: lifeCheck(ours), cores: coresOf(ours) };
  }
  throw new Error(`the ranks of a node cannot share memory: ${failures.join("; ")}`);
}

/** Collective: the leader of each node makes the control block, the others attach; null if any rank of the job could not. */
function offerControl(
  world: MpiWorld,
  memory: ProcessMemory,
  mates: readonly number[],
  failures: string[],
): ArrayBufferLike | null {
  const [leader] = mates;
  const { end: bytes } = controlLayout(mates.length);
  const attempt = (act: () => ArrayBufferLike): ArrayBufferLike | null => {
    try {
      return act();
    } catch (error) {
      failures.push((error as Error).message);
      return null;
    }
  };
  let id = -1;
  let control =
    leader === world.rank
      ? attempt(() => {
          const block = memory.create(bytes, mates);
          id = block.id;
          return block.buffer;
        })
      : null;
  const ids = world.allgather([id]);
  if (leader !== world.rank && ids[leader] >= 0) control = attempt(() => memory.attach(leader, ids[leader]));
  const joined = world.allgather([control ? 1 : 0]).every((one) => one === 1);
  if (joined) return control;
  memory.end();
  return null;
}
