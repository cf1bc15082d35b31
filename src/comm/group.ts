/** A communicator without its guard: members, memory, meetings. It trusts its callers; `Comm` is what users hold. */
import { PshmemError } from "../errors.ts";
import { Board } from "../node/board.ts";
import type { Location, Piece } from "../node/heap.ts";
import type { Concern, Machine, Pace } from "../node/machine.ts";
import { USER, type Box } from "../node/post.ts";
import { Script, Until } from "../node/script.ts";
import { digestOf } from "./calls.ts";
import type { DistantMemory } from "./backend.ts";
import type { Communicator } from "./contract.ts";
import type { Endpoint } from "./endpoint.ts";
import type { Call, Engine, Segment, Slab, Words, Writing } from "./engine.ts";
import { lendOnNode } from "./lending.ts";
import { Helping } from "./helping.ts";
import { Letters } from "./letters.ts";
import { Losses } from "./losses.ts";
import { Meeting } from "./meeting.ts";
import { gatherAll } from "./movers.ts";
import type { Memory } from "./pieces.ts";
import { passAround } from "./ring.ts";
import { NodeSegment } from "./segment.ts";
import { Service } from "./service.ts";
import { Sharing } from "./sharing.ts";
import { GroupTopology } from "./topology.ts";
import { Turns } from "./turns.ts";
import { asFault, faultIn, statementOfLoss } from "./verdict.ts";
import { makeWords } from "./words.ts";

/** Names a communicator among all of a job, for good: the world rank of its rank 0 and a number of that rank's. */
export interface Context {
  readonly maker: number;
  readonly serial: number;
}

/** Communicators that end with another one. */
const adopted = new WeakSet<Communicator>();

/** Local: whether a communicator was made for objects on another one, and ends with that. */
export function isAdopted(comm: Communicator): boolean {
  return adopted.has(comm);
}

/** One rank's view of a communicator. */
export class Group implements Engine {
  readonly rank: number;
  readonly size: number;
  readonly topology: GroupTopology;
  readonly endpoint: Endpoint;
  /** World ranks, by rank. */
  readonly members: readonly number[];
  readonly letters: Letters;
  readonly losses: Losses;
  readonly glances: number;
  readonly #turns: Turns;
  readonly #context: Context;
  readonly #box: Box;
  readonly #meeting: Meeting;
  readonly #sharing: Sharing | null;
  readonly #helping: Helping | null;
  readonly #board: Piece | null;
  readonly #makeNodeComm: () => Communicator;
  readonly #adopted: Communicator[] = [];
  #objects = 0;
  #freed = false;
  #nodeComm: Communicator | null = null;
  #service: Service | null = null;

  /** `board` is zeroed memory shared by the members on this node; null stands for that of the world. */
  constructor(
    endpoint: Endpoint,
    members: readonly number[],
    context: Context,
    board: Piece | null,
    makeNodeComm: (group: Group) => Communicator,
  ) {
    const { backend } = endpoint;
    this.endpoint = endpoint;
    this.members = members;
    this.rank = members.indexOf(backend.rank);
    this.size = members.length;
    this.topology = new GroupTopology(
      this.rank,
      members.map((member) => backend.nodeOf[member]),
    );
    this.losses = new Losses(endpoint.fates, members, backend.size);
    this.letters = new Letters(endpoint, members, context, this.losses);
    this.#turns = new Turns(endpoint.pace);
    this.#context = context;
    this.#box = { ...context, kind: USER };
    this.#board = board;
    this.#makeNodeComm = () => makeNodeComm(this);
    this.#meeting = new Meeting(
      this.rank,
      this.size,
      this.topology,
      new Board(board ?? backend.worldBoard, this.topology.nodeSize),
      this.letters,
      this.losses,
      (rank) => backend.ring(members[rank]),
    );
    this.glances = this.topology.nodeCount === 1 ? endpoint.pace.glances : 0;
    const isShared = this.topology.nodeCount === 1 && this.size > 1;
    this.#sharing = backend.reach && isShared ? new Sharing(this, backend.reach) : null;
    const others = this.topology.mates.filter((mate) => mate !== this.rank).map((mate) => members[mate]);
    this.#helping = backend.copier && others.length > 0 ? new Helping(backend.copier, others) : null;
  }

  /** After a meeting: what its root has shown. Valid until the next one. */
  get shown(): Uint8Array {
    return this.#meeting.payload;
  }

  /** After a meeting: 0, 1, 2 … in the name of the member at this place of the node, each to one rank, until the next meeting. */
  takeNumberOf(nodeRank: number): number {
    return this.#meeting.takeNumberOf(nodeRank);
  }

  get job(): number {
    return this.endpoint.backend.job;
  }

  get pace(): Pace {
    return this.endpoint.pace;
  }

  /** Where users' messages of this communicator go. */
  get box(): Box {
    return this.#box;
  }

  /** The rank of a world rank in this communicator. */
  rankOf(worldRank: number): number {
    return this.members.indexOf(worldRank);
  }

  check(call: string): void {
    if (this.#freed) {
      throw new PshmemError(
        "FREED",
        `${call}: the communicator has been freed; make a new one by split or dup`,
        { call },
      );
    }
  }

  nextObject(): number {
    return this.#objects + 1;
  }

  takeObject(): number {
    return ++this.#objects;
  }

  agree(call: Call, location?: Location): Uint8Array {
    this.meet(call, location);
    return this.shown;
  }

  gatherAll(call: Call, bytes: Uint8Array): readonly Uint8Array[] {
    return gatherAll(this, call, bytes);
  }

  /** Collective, blocking: a meeting from entering to leaving; `onNode`: of this node's ranks only. */
  meet(call: Call, location?: Location, writing?: Writing, onNode = false): void {
    this.#turns.finish();
    this.pace.run(this.#enter(call, location, writing, onNode));
    this.#meeting.checkOutcome();
    // Only now do all ranks know of a new object: one that met others in another call must not be ahead of them for good.
    if (call.object !== undefined && call.object > this.#objects) this.#objects = call.object;
  }

  /** Collective: the same as a promise. */
  meetAsync(call: Call): Promise<void> {
    return this.#turns.take(
      () => this.#enter(call),
      () => this.#meeting.checkOutcome(),
    );
  }

  /** Collective, blocking: every rank's payload, all of one length of at most `PAYLOAD_BYTES`, in rank order. */
  meetAll(call: Call): Uint8Array[] {
    this.meet(call);
    return this.topology.mates.map((_, place) => this.#meeting.payloadAt(place).slice());
  }

  /** After a meeting: whether something that a rank has shown must still be taken up; see `Call.isFresh`. */
  get isFresh(): boolean {
    return this.#meeting.isFresh;
  }

  /** After a meeting: the location that the member at this place of the node has shown. */
  locationAt(nodeRank: number): Location {
    return this.#meeting.locationAt(nodeRank);
  }

  allocateSegment(call: Call, bytes: number): Segment {
    const piece = lendOnNode(this, { ...call, digest: digestOf(call.digest ?? 0, bytes) }, bytes);
    return new NodeSegment(this, piece);
  }

  allocateWords(call: Call, count: number, onRoot = count): Words {
    return makeWords(this, call, count, onRoot);
  }

  /** Local: whether its meetings may have come to different ends on different nodes: ranks have gone, or this leader has quit. */
  get isBroken(): boolean {
    return this.losses.faultOfAll() !== undefined || this.#meeting.stages.said !== null;
  }

  /** Local: whether a rank's memory is on this rank's node. */
  readonly isLocal = (rank: number): boolean => this.topology.nodeOf(rank) === this.topology.nodeIndex;

  /** Local: the memory for one-sided access, where ranks are beyond the reach of load and store and calls reach them. */
  get distant(): DistantMemory | null {
    return this.topology.nodeCount === 1 ? null : this.endpoint.backend.distantMemory;
  }

  /** Collective, blocking: see `Segment.update`. */
  update(call: Call, writing: Writing): void {
    if (this.#sharing) this.#sharing.update(call, writing);
    else this.meet(call, undefined, this.#helping?.of(writing) ?? writing);
  }

  /** Collective, blocking: see `Segment.spread`. The leaders need not wait for their nodes, which have written; the nodes wait for them. */
  spread(call: Call, memory: Memory, slabsOf: (rank: number) => readonly Slab[]): void {
    const { nodeCount, nodeRank } = this.topology;
    if (nodeCount === 1) return;
    const fault = nodeRank === 0 ? this.#passSlabs(memory, slabsOf) : undefined;
    this.meet(fault ? { ...call, fault, faultRank: fault.rank } : call, undefined, undefined, true);
  }

  /** On a leader. What goes wrong is for its whole node, which waits, and for the other leaders. */
  #passSlabs(memory: Memory, slabsOf: (rank: number) => readonly Slab[]): PshmemError | undefined {
    const { stages } = this.#meeting;
    stages.begin();
    try {
      const ofNodes = this.topology.nodes.map((mates) => mates.flatMap(slabsOf));
      const passing = new Script(passAround(stages, memory, ofNodes), this.letters.concern());
      this.pace.run(passing);
      return passing.result ? faultIn(passing.result) : undefined;
    } catch (error) {
      const fault = asFault(error);
      stages.quit(statementOfLoss(this.rank, fault), stages.present);
      return fault;
    }
  }

  nodeComm(): Communicator {
    if (!this.#nodeComm) {
      this.#nodeComm = this.#makeNodeComm();
      this.adopt(this.#nodeComm);
    }
    return this.#nodeComm;
  }

  adopt(comm: Communicator): void {
    adopted.add(comm);
    this.#adopted.push(comm);
  }

  /** Local, blocking: until `ready`, with no time limit. */
  await(ready: () => boolean, concern: Concern): void {
    if (!ready()) this.pace.run(new Until(ready, concern));
  }

  /** A wait for these ranks alone. */
  peersConcern(call: string, ranks: readonly number[]): Concern {
    return this.losses.concern(
      () => call,
      () => ranks,
      () => this.losses.faultOfPeers(ranks),
    );
  }

  /** A wait for whichever other rank. */
  anyConcern(call: string): Concern {
    const others = this.members.flatMap((_, rank) => (rank === this.rank ? [] : [rank]));
    const concern = this.losses.concern(
      () => call,
      () => [],
      () => this.losses.faultOfAny(others),
    );
    return { ...concern, able: () => this.losses.left(others) };
  }

  /** Local: the communicators that end with this one. */
  get adopted(): readonly Communicator[] {
    return this.#adopted;
  }

  /** Requests among the ranks of this communicator, from its first use on. */
  get service(): Service {
    this.#service ??= new Service(this.endpoint, this.members, this.#context, this.losses);
    return this.#service;
  }

  /** Local: this rank is through with the communicator. */
  close(): void {
    this.#freed = true;
    this.#service?.end();
    this.letters.close();
    this.endpoint.post.forget(this.#box);
    this.#board?.close();
    // A promise may wait for a message that can no longer come.
    const { backend } = this.endpoint;
    backend.ring(backend.rank);
  }

  #enter(call: Call, location?: Location, writing?: Writing, onNode = false): Machine {
    this.letters.call = call.op;
    return this.#meeting.begin(call, location, writing, onNode);
  }
}
