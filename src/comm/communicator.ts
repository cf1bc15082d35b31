/** The communicator that users hold: it checks arguments and state, so that what is below need not. */
import { PshmemError } from "../errors.ts";
import { exitCodeOf } from "../exit-code.ts";
import { checkDType, checkMemory, kindOfArray, type DType } from "../array/dtype.ts";
import {
  faultOfInteger,
  faultOfLength,
  faultOfList,
  faultOfRank,
  faultOfSource,
  faultOfTag,
  firstFault,
  optionsOf,
  throwFault,
} from "./arguments.ts";
import { digestOf, type Op } from "./calls.ts";
import {
  ANY_SOURCE,
  ANY_TAG,
  type AnyTypedArray,
  type BackendName,
  type Communicator,
  type Match,
  type Message,
  type MessageInfo,
  type ReduceOp,
  type Request,
  type Topology,
  type Window,
} from "./contract.ts";
import { makeGroup } from "./create.ts";
import type { Call } from "./engine.ts";
import { isAdopted, type Group } from "./group.ts";
import { Messages } from "./messages.ts";
import { Collectives, type Encoded } from "./collectives.ts";
import { combineAll, faultOfOperand, kindOf } from "./reduce.ts";
import { asFault } from "./verdict.ts";
import { encodeValue } from "./values.ts";
import { makeWindow } from "./window.ts";

/** Made once: a barrier allocates nothing. */
const BARRIER: Call = { op: "barrier" };

/** The one guard around every backend. */
export class Comm implements Communicator {
  readonly rank: number;
  readonly size: number;
  readonly backend: BackendName;
  readonly topology: Topology;
  readonly #group: Group;
  readonly #collectives: Collectives;
  readonly #messages: Messages;
  readonly #isWorld: boolean;

  constructor(group: Group, isWorld = false) {
    this.rank = group.rank;
    this.size = group.size;
    this.backend = group.endpoint.backend.name;
    this.topology = group.topology;
    this.#group = group;
    this.#collectives = new Collectives(group);
    this.#messages = new Messages(group);
    this.#isWorld = isWorld;
  }

  /** Local: what is behind a communicator of ours; null for anything else. */
  static groupOf(comm: unknown): Group | null {
    return typeof comm === "object" && comm !== null && #group in comm ? comm.#group : null;
  }

  barrier(): void {
    this.#group.check("barrier");
    this.#group.meet(BARRIER);
  }

  async barrierAsync(): Promise<void> {
    this.#group.check("barrierAsync");
    await this.#group.meetAsync(BARRIER);
  }

  bcast<T>(value: T, root = 0): T {
    this.#group.check("bcast");
    const encoded = this.rank === root ? encode(value) : {};
    const fault = firstFault(this.#faultOfRoot(root), encoded.fault);
    const received = this.#collectives.bcast<T>({ op: "bcast", root, fault }, encoded.bytes);
    return this.rank === root ? value : received;
  }

  gather<T>(value: T, root = 0): T[] | null {
    this.#group.check("gather");
    return this.#collectives.gather<T>("gather", root, this.#contribution(value, root));
  }

  allgather<T>(value: T): T[] {
    this.#group.check("allgather");
    return this.#collectives.allgather<T>("allgather", encode(value));
  }

  scatter<T>(values: readonly T[] | null | undefined, root = 0): T {
    this.#group.check("scatter");
    const fault = this.#faultOfRoot(root);
    const isRoot = !fault && this.rank === root;
    const encoded = isRoot ? encodeList("the root's values", values, this.size) : {};
    return this.#collectives.scatter<T>(root, encoded.pieces ?? null, firstFault(fault, encoded.fault));
  }

  alltoall<T>(values: readonly T[]): T[] {
    this.#group.check("alltoall");
    return this.#collectives.alltoall<T>(encodeList("values", values, this.size));
  }

  reduce<T>(value: T, op: ReduceOp = "sum", root = 0): T | null {
    this.#group.check("reduce");
    const values = this.#collectives.gather<T>("reduce", root, this.#operand(value, op, root));
    return values && combineAll(values, op);
  }

  allreduce<T>(value: T, op: ReduceOp = "sum"): T {
    this.#group.check("allreduce");
    return combineAll(this.#collectives.allgather<T>("allreduce", this.#operand(value, op, 0)), op);
  }

  scan<T>(value: T, op: ReduceOp = "sum"): T {
    return this.#scan("scan", value, op, true)!;
  }

  exscan<T>(value: T, op: ReduceOp = "sum"): T | null {
    return this.#scan("exscan", value, op, false);
  }

  bcastInto(buffer: AnyTypedArray, root = 0): void {
    this.#group.check("bcastInto");
    const fault = firstFault(this.#faultOfRoot(root), faultOfBuffer(buffer));
    const digest = fault ? 0 : digestOf(kindOf(buffer));
    this.#collectives.bcastInto({ op: "bcastInto", root, fault, digest }, buffer);
  }

  allreduceInto(buffer: AnyTypedArray, op: ReduceOp = "sum"): void {
    this.#group.check("allreduceInto");
    const fault = firstFault(faultOfBuffer(buffer), faultOfOperand(buffer, op));
    const digest = fault ? 0 : digestOf(op, kindOf(buffer));
    this.#collectives.allreduceInto({ op: "allreduceInto", fault, digest }, buffer, op);
  }

  send(value: unknown, dest: number, tag = 0): void {
    this.#checkSend("send", dest, tag);
    this.#messages.send(value, dest, tag);
  }

  recv<T = unknown>(match?: Match | null): T {
    return this.#messages.receive<T>(this.#matchOf("recv", match)).value;
  }

  recvMessage<T = unknown>(match?: Match | null): Message<T> {
    return this.#messages.receive<T>(this.#matchOf("recvMessage", match));
  }

  sendrecv<T = unknown>(
    value: unknown,
    dest: number,
    options?: (Match & { readonly sendTag?: number }) | null,
  ): T {
    const match = this.#matchOf("sendrecv", options);
    const { sendTag = 0 } = optionsOf("sendrecv", options);
    this.#checkSend("sendrecv", dest, sendTag, "sendTag");
    const sending = this.#messages.isend("sendrecv", value, dest, sendTag);
    const received = this.#messages.receive<T>(match).value;
    sending.wait();
    return received;
  }

  probe(match?: Match | null): MessageInfo {
    return this.#messages.probe(this.#matchOf("probe", match));
  }

  iprobe(match?: Match | null): MessageInfo | null {
    return this.#messages.iprobe(this.#matchOf("iprobe", match));
  }

  isend(value: unknown, dest: number, tag = 0): Request<undefined> {
    this.#checkSend("isend", dest, tag);
    return this.#messages.isend("isend", value, dest, tag);
  }

  irecv<T = unknown>(match?: Match | null): Request<T> {
    return this.#messages.irecv<T>(this.#matchOf("irecv", match));
  }

  split(color: number, key?: number): Communicator;
  split(color: number | null, key?: number): Communicator | null;
  split(color: number | null, key = 0): Communicator | null {
    const fault = firstFault(
      color === null ? undefined : faultOfInteger("color", color, 0),
      faultOfInteger("key", key, -Infinity),
    );
    return this.#make("split", color, key, fault);
  }

  splitShared(): Communicator {
    return this.#make("splitShared", this.topology.nodeIndex, 0)!;
  }

  dup(): Communicator {
    return this.#make("dup", 0, this.rank)!;
  }

  free(): void {
    this.#group.check("free");
    const what = this.#isWorld
      ? "the world"
      : isAdopted(this)
        ? "what other objects use, as workerComm and nodeComm,"
        : null;
    const text = `${what} cannot be freed; free only what split, splitShared or dup made`;
    this.#group.meet({
      op: "free",
      fault: what === null ? undefined : new PshmemError("BAD_ARGUMENT", text),
    });
    this.#close();
  }

  allocateWindow<D extends DType>(dtype: D, count: number): Window<D> {
    this.#group.check("allocateWindow");
    const fault = firstFault(
      faultOf(() => checkDType(dtype)),
      faultOfInteger("count", count, 0),
    );
    return makeWindow(this, this.#group, dtype, count, fault ?? faultOfLength(dtype, count));
  }

  abort(code = 1): never {
    return this.#group.endpoint.backend.abort(exitCodeOf(code));
  }

  #scan<T>(op: "scan" | "exscan", value: T, reduction: ReduceOp, inclusive: boolean): T | null {
    this.#group.check(op);
    const { before, own } = this.#collectives.before<T>(op, this.#operand(value, reduction, 0), reduction);
    if (!inclusive) return before;
    return before === null ? own : combineAll([before, own], reduction);
  }

  /** What was made from this communicator for its objects ends with it, on each rank by itself. */
  #close(): void {
    for (const comm of this.#group.adopted) (comm as Comm).#close();
    this.#messages.end();
    this.#group.close();
  }

  #make(op: Op, color: number | null, key: number, fault?: PshmemError): Communicator | null {
    this.#group.check(op);
    const group = makeGroup(this.#group, { op, fault }, color, key, nodeCommOf);
    return group && new Comm(group);
  }

  #contribution(value: unknown, root: number): Encoded {
    const encoded = encode(value);
    return { ...encoded, fault: firstFault(this.#faultOfRoot(root), encoded.fault) };
  }

  #operand(value: unknown, op: ReduceOp, root: number): Encoded {
    const fault = faultOfOperand(value, op);
    if (fault) return { fault };
    return { ...this.#contribution(value, root), digest: digestOf(op, kindOf(value)) };
  }

  #faultOfRoot(root: number): PshmemError | undefined {
    return faultOfRank("root", root, this.size);
  }

  #checkSend(call: string, dest: number, tag: number, name = "tag"): void {
    this.#group.check(call);
    throwFault(firstFault(faultOfRank("dest", dest, this.size), faultOfTag(name, tag, false)), call);
  }

  #matchOf(call: string, match: Match | null | undefined): Match {
    this.#group.check(call);
    const { source = ANY_SOURCE, tag = ANY_TAG } = optionsOf(call, match);
    throwFault(firstFault(faultOfSource(source, this.size), faultOfTag("tag", tag, true)), call);
    return { source, tag };
  }
}

/** Collective: the communicator of the ranks of one node. */
export function nodeCommOf(group: Group): Communicator {
  return new Comm(makeGroup(group, { op: "splitShared" }, group.topology.nodeIndex, 0, nodeCommOf)!);
}

function encode(value: unknown): Encoded {
  try {
    return { bytes: encodeValue(value) };
  } catch (error) {
    return { fault: asFault(error) };
  }
}

function encodeList(
  name: string,
  values: unknown,
  size: number,
): { pieces?: Uint8Array[]; fault?: PshmemError } {
  try {
    const fault = faultOfList(name, values, size);
    if (fault) return { fault };
    const encoded = Array.from(values as readonly unknown[], encode);
    const bad = encoded.find((one) => one.fault);
    return bad ? { fault: bad.fault } : { pieces: encoded.map((one) => one.bytes!) };
  } catch (error) {
    return { fault: asFault(error) };
  }
}

function faultOfBuffer(buffer: unknown): PshmemError | undefined {
  if (kindOfArray(buffer) !== undefined) return faultOf(() => checkMemory(buffer as AnyTypedArray));
  return new PshmemError(
    "BAD_ARGUMENT",
    "the buffer must be a typed array; use bcast or allreduce for other values",
  );
}

function faultOf(check: () => unknown): PshmemError | undefined {
  try {
    check();
    return undefined;
  } catch (error) {
    return asFault(error);
  }
}
