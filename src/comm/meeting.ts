/**
 * How the ranks of a communicator enter a collective: each says what it is about to do, all learn whether it fits together, and
 * one may write while the others wait. Inside a node by the board; between nodes by messages of the node leaders, who all hear what
 * all say. The verdict travels with what everybody waits for anyway.
 */
import type { RankLostError } from "../errors.ts";
import type { Board } from "../node/board.ts";
import type { Location } from "../node/heap.ts";
import type { Awaited, Concern, Machine } from "../node/machine.ts";
import { Rendezvous, type Agenda } from "../node/rendezvous.ts";
import { Script, type Waits } from "../node/script.ts";
import { Along, takeAlong } from "./along.ts";
import { throwFault } from "./arguments.ts";
import { callName, type Op } from "./calls.ts";
import type { Call, Slab, Writing } from "./engine.ts";
import { exchange, type Said } from "./exchange.ts";
import type { Letters } from "./letters.ts";
import type { Losses } from "./losses.ts";
import { passSlab, relay } from "./relay.ts";
import { Stages } from "./stages.ts";
import { Slots } from "./slots.ts";
import type { GroupTopology } from "./topology.ts";
import {
  asFault,
  decodeFault,
  encodeFault,
  faultOf,
  isLoss,
  statementOfLoss,
  type Statement,
} from "./verdict.ts";
import { decodeSlab, encodeSlab } from "./wire.ts";

/** The turns of a meeting. */
type Turn =
  /** The leader learns what the other nodes say. */
  | "exchange"
  /** The root writes into its node's segment. */
  | "write"
  /** The leaders pass what was written from node to node. */
  | "relay";

/** What happens in a meeting: on one node, and on one of several. */
const WRITE: readonly Turn[] = ["write"];
const EXCHANGE: readonly Turn[] = ["exchange"];
const PASS_ON: readonly Turn[] = ["exchange", "relay"];
const WRITE_AND_PASS_ON: readonly Turn[] = ["exchange", "write", "relay"];

const NO_BYTES: Uint8Array = new Uint8Array(0);
const NO_TURNS: readonly never[] = [];

/** The meetings of one communicator, for one rank. */
export class Meeting implements Agenda, Concern {
  turns: readonly number[] = [];
  readonly concern = this;
  /** What this rank, as a leader, does with others. */
  readonly stages: Stages;
  readonly #rank: number;
  readonly #size: number;
  readonly #topology: GroupTopology;
  readonly #board: Board;
  readonly #letters: Letters;
  readonly #losses: Losses;
  readonly #rendezvous: Rendezvous;
  readonly #slots: Slots;
  /** The turns of a meeting on one node in which the rank at this place writes: made once, since every `set` wants them. */
  readonly #writerAlone: readonly (readonly number[])[];
  #plan: readonly Turn[] = [];
  /** Ranks of several nodes meet. */
  #isWide = false;
  /** On the root of a meeting of nodes: what travels of the slab with the statements. */
  readonly #along: Along;
  /** On a leader, after the exchange: the slab came with it. */
  #isWritten = false;
  /** On a leader, after the exchange: the slab whose pieces are to come, if it was announced there. */
  #announced: Slab | null = null;
  #call!: Call;
  #root = 0;
  #writing: Writing | undefined;
  /** This rank's turn, while it lasts. */
  #script: Script<void> | null = null;

  constructor(
    rank: number,
    size: number,
    topology: GroupTopology,
    board: Board,
    letters: Letters,
    losses: Losses,
    ring: (rank: number) => void,
  ) {
    this.#rank = rank;
    this.#size = size;
    this.#topology = topology;
    this.#board = board;
    this.#letters = letters;
    this.#losses = losses;
    this.stages = new Stages(letters, topology);
    this.#rendezvous = new Rendezvous(board, topology.nodeRank, (place) => ring(topology.mates[place]));
    this.#slots = new Slots(rank, topology, board, this.#rendezvous);
    this.#along = new Along(topology.nodeRank === 0);
    this.#writerAlone = topology.mates.map((_, place) => [place]);
  }

  /**
   * Prepares the next meeting and gives the machine that carries it out. `location` is shown to the ranks of the node;
   * `writing` is what the root does while all others wait. A meeting `onNode` is one of this node's ranks, of which others know nothing.
   *
   * @throws RankLostError when a rank of this node has gone, of which the others of the node know: they do not wait for this rank
   */
  begin(call: Call, location?: Location, writing?: Writing, onNode = false): Machine {
    const loss = this.#losses.gone > 0 ? this.#minded(call.op, onNode) : undefined;
    if (loss) call = { ...call, fault: loss };
    this.#isWide = this.#topology.nodeCount > 1 && !onNode;
    if (this.#isWide) this.stages.begin();
    const mayTravel = writing && this.#isWide && !call.fault && call.root === this.#rank;
    const fault = this.#along.take(mayTravel ? writing : null);
    if (fault) call = { ...call, fault };
    this.#call = call;
    this.#writing = writing;
    this.#slots.fill(call, location, this.#along.shown, loss !== undefined);
    // What a faulty call has for a root can be anything.
    this.#root = call.fault ? 0 : (call.root ?? 0);
    if (this.#isWide) this.#arrange(this.#root, writing !== undefined);
    else this.#arrangeAlone(this.#root, writing !== undefined);
    return this.#rendezvous.begin(this);
  }

  /** After the machine is done: throws the fault, if the meeting came to one. */
  checkOutcome(): void {
    if (!this.#board.failed) return;
    const { op, fault } = this.#call;
    throw decodeFault(this.#board.result, op, this.#size, this.#rank, fault);
  }

  /** After `checkOutcome`: the root's payload. Valid until the next meeting. */
  get payload(): Uint8Array {
    return this.#isWide ? this.#board.result : this.#slots.payloadAt(this.#call.root ?? 0);
  }

  /** After `checkOutcome`: 0, 1, 2 … in the name of the rank at this place of the node, each to one rank, until the next meeting. */
  takeNumberOf(nodeRank: number): number {
    return this.#slots.takeNumberOf(nodeRank);
  }

  /** After `checkOutcome`: whether any rank has shown something fresh. Valid until the next meeting. */
  get isFresh(): boolean {
    return this.#isWide ? this.#board.isFresh : this.#slots.isFresh;
  }

  /** After the machine is done: what the rank at this place of the node brought. Valid until the next meeting. */
  payloadAt(nodeRank: number): Uint8Array {
    return this.#slots.payloadAt(nodeRank);
  }

  /** After the machine is done: the location that the rank at this place of the node has shown. */
  locationAt(nodeRank: number): Location {
    return this.#slots.locationAt(nodeRank);
  }

  describe(): string {
    const { op, object = 0 } = this.#call;
    return callName(op, object) + this.#losses.where;
  }

  awaited(): readonly Awaited[] {
    const { acting } = this.#rendezvous;
    if (acting < 0) return this.#missingOrFirst();
    return this.#losses.awaited(this.#script ? this.#letters.needed : [this.#topology.mates[acting]]);
  }

  /** A leader that has its turn ends the meeting for its node; who waits for others of the node leaves it. */
  mind(): void {
    const loss = this.#losses.faultWithin(this.#script ? this.#letters.needed : this.#topology.mates);
    if (!loss) return;
    const { present } = this.stages;
    this.stages.quit(statementOfLoss(this.#rank, loss), this.#isWide ? present : present + 1);
    if (!this.#script) throwFault(loss, this.#call.op);
    this.#board.conclude(encodeFault(loss, this.#rank), true);
    this.#script?.stop();
  }

  check(): boolean {
    // With several nodes even a faulty node must tell the others: its leader does, in the first turn.
    if (this.#isWide) return true;
    return this.#slots.isUnanimous() || this.#conclude(this.#slots.statement(), NO_BYTES);
  }

  act(turn: number): Machine | null {
    if (this.#plan[turn] === "write") {
      // What is announced is written while it is passed on.
      if (!this.#announced) this.#write();
      return null;
    }
    const part = this.#plan[turn] === "exchange" ? this.#exchange() : this.#passOn();
    this.#script = new Script(this.#throughout(part));
    return this.#script;
  }

  /** With a small slab, which travelled with the statements, the exchange is all. */
  acted(turn: number): boolean {
    this.#script = null;
    return this.#plan[turn] !== "exchange" || !(this.#board.failed || this.#isWritten);
  }

  /**
   * What is wrong where ranks have gone. Those of another node may be known to this rank alone: it enters, and says so to its node there.
   *
   * @throws RankLostError
   */
  #minded(op: Op, onNode: boolean): RankLostError | undefined {
    const here = this.#losses.faultWithin(this.#topology.mates);
    const loss = onNode ? here : this.#losses.faultOfAll();
    if (loss) this.stages.quit(statementOfLoss(this.#rank, loss), this.stages.present + 1);
    throwFault(here && loss, op);
    return loss;
  }

  /** Nobody is missing where the last rank to enter has the first turn: it does not publish it. */
  #missingOrFirst(): readonly Awaited[] {
    const missing = this.#topology.mates.flatMap((rank, place) => this.#missing(rank, place));
    const [first] = this.turns;
    return missing.length > 0 || first === undefined
      ? missing
      : this.#losses.awaited([this.#topology.mates[first]]);
  }

  #missing(rank: number, place: number): Awaited[] {
    if (this.#slots.hasEntered(place)) return [];
    const before = this.#slots.callBefore(place);
    const last = before === null ? "has made no call here yet" : `was in ${before} before`;
    return this.#losses.awaited([rank]).map((awaited) => ({ ...awaited, last }));
  }

  #arrangeAlone(root: number, writes: boolean): void {
    this.#plan = writes ? WRITE : NO_TURNS;
    this.turns = writes ? (this.#writerAlone[root] ?? NO_TURNS) : NO_TURNS;
  }

  /** The leader of a node is its first rank. */
  #arrange(root: number, writes: boolean): void {
    const writer = writes ? this.#topology.mates.indexOf(root) : -1;
    this.#plan = !writes ? EXCHANGE : writer < 0 ? PASS_ON : WRITE_AND_PASS_ON;
    this.turns = this.#plan.map((turn) => (turn === "write" ? writer : 0));
  }

  /** Writes what the meeting came to; true if it goes on. */
  #conclude(statement: Statement, payload: Uint8Array): boolean {
    const fault = faultOf(statement);
    this.#board.conclude(fault ?? payload, fault !== null);
    this.#board.isFresh = statement.isFresh;
    return fault === null;
  }

  /** A turn in which something goes wrong that is not foreseen (there may be no memory left) is the end of all meetings, here and elsewhere. */
  *#throughout(part: Waits): Waits {
    try {
      yield* part;
    } catch (error) {
      const fault = asFault(error);
      this.stages.quit(statementOfLoss(this.#rank, fault), this.stages.present);
      this.#board.conclude(encodeFault(fault, this.#rank), true);
    }
  }

  *#exchange(): Waits {
    this.#isWritten = false;
    this.#announced = null;
    const { stages } = this;
    const own = this.#slots.statement();
    // A rank of this node may know of a loss that its leader does not.
    if (isLoss(own)) stages.quit(own, stages.present);
    const said = stages.said ? { statement: stages.said, payload: NO_BYTES } : yield* this.#hearAll(own);
    const { statement, payload } = said;
    if (isLoss(statement)) stages.quit(statement, stages.present);
    if (!this.#writing || faultOf(statement)) this.#conclude(statement, payload);
    else if (payload.length > 0) {
      this.#announced = takeAlong(this.#writing.memory, payload);
      this.#isWritten = !this.#announced;
    }
    if (payload !== this.#along.bytes) this.#letters.release(payload);
  }

  #hearAll(statement: Statement): Waits<Said> {
    const own = { statement, payload: this.#ownPayload() };
    return exchange(this.#letters, this.#topology, own, this.#topology.nodeOf(this.#root));
  }

  /** The root's payload if the root is on this node. */
  #ownPayload(): Uint8Array {
    const { bytes } = this.#along;
    if (bytes.length > 0) return bytes;
    const place = this.#topology.mates.indexOf(this.#root);
    return place < 0 ? NO_BYTES : this.#slots.payloadToSend(place);
  }

  #write(): void {
    try {
      const writing = this.#writing!;
      const shown = writing.write();
      if (shown) this.#slots.show(shown);
      // The leader, which passes the slab on, may be another rank: it finds the slab in the result.
      if (this.#isWide) this.#board.conclude(encodeSlab(writing.slab()), false);
    } catch (error) {
      this.#board.conclude(encodeFault(asFault(error), this.#rank), true);
    }
  }

  *#passOn(): Waits {
    const from = this.#topology.nodeOf(this.#root);
    const { memory } = this.#writing!;
    if (this.#announced) {
      const source = this.#root === this.#rank ? this.#writing!.source() : null;
      const fault = yield* passSlab(this.stages, from, this.#announced, memory, source);
      this.#board.conclude(fault ?? NO_BYTES, fault !== null);
      return;
    }
    const here = this.#topology.nodeIndex === from;
    const start = { failed: here && this.#board.failed, bytes: here ? this.#board.result.slice() : NO_BYTES };
    const end = yield* relay(this.stages, from, start, memory, decodeSlab);
    this.#board.conclude(end.failed ? end.bytes : NO_BYTES, end.failed);
  }
}
