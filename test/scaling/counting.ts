/**
 * A backend that counts: the couriers of a thread's rank, and the words that its communicators lend, with a tally around them. It runs
 * inside ranks.
 */
import type { Backend } from "../../dist/comm/backend.js";
import { Comm, nodeCommOf } from "../../dist/comm/communicator.js";
import { Endpoint } from "../../dist/comm/endpoint.js";
import type { Words } from "../../dist/comm/engine.js";
import { Group } from "../../dist/comm/group.js";
import type { Communicator } from "../../dist/index.js";
import {
  NOTICE,
  REPLY,
  SERVICE,
  USER,
  type Courier,
  type Outgoing,
  type Taker,
} from "../../dist/node/post.js";
import { threadsBackend } from "../../dist/threads/backend.js";
import { joinedJob } from "../../dist/threads/job.js";

/** What one rank has sent, and done to words. */
export interface Counts {
  across: number;
  bytes: number;
  inside: number;
  atomic: number;
  plain: number;
  rings: number;
  /** Of the atomic ones, loads of words on this rank itself: a rank that waits looks as often as it likes. */
  looks: number;
  /** Operations on words of ranks on other nodes. */
  remote: number;
}

function none(): Counts {
  return { across: 0, bytes: 0, inside: 0, atomic: 0, plain: 0, rings: 0, looks: 0, remote: 0 };
}

/**
 * Counts while a call is under way. Requests that this rank answers and what it releases in others' stead may come when it has left the call
 * already, so these are counted until the next begins.
 */
export class Tally {
  counts = none();
  #under = false;

  reset(): void {
    this.counts = none();
  }

  begin(): void {
    this.#under = true;
  }

  end(): void {
    this.#under = false;
  }

  get isUnder(): boolean {
    return this.#under;
  }

  /** Users' messages are the tests' own: by them the ranks tell each other when to go on. */
  sent({ box: { kind }, bytes }: Outgoing, isAcross: boolean): void {
    const isOfService = kind === SERVICE || kind === REPLY || kind === NOTICE;
    const counts = isOfService || (this.#under && kind !== USER);
    if (!counts) return;
    if (!isAcross) this.counts.inside++;
    else {
      this.counts.across++;
      this.counts.bytes += bytes.length;
    }
  }
}

class CountingCourier implements Courier {
  readonly slice: number;
  readonly longSlice: number;
  readonly #courier: Courier;
  readonly #tally: Tally;
  readonly #isAcross: (rank: number) => boolean;

  constructor(courier: Courier, tally: Tally, isAcross: (rank: number) => boolean) {
    this.slice = courier.slice;
    this.longSlice = courier.longSlice;
    this.#courier = courier;
    this.#tally = tally;
    this.#isAcross = isAcross;
  }

  push(message: Outgoing): void {
    const wasLeft = message.left;
    this.#courier.push(message);
    if (message.left && !wasLeft) this.#tally.sent(message, this.#isAcross(message.dest));
  }

  pull(taker: Taker): boolean {
    return this.#courier.pull(taker);
  }
}

class CountingWords implements Words {
  readonly #words: Words;
  readonly #tally: Tally;
  readonly #me: number;
  readonly #isLocal: (rank: number) => boolean;

  constructor(words: Words, tally: Tally, me: number, isLocal: (rank: number) => boolean) {
    this.#words = words;
    this.#tally = tally;
    this.#me = me;
    this.#isLocal = isLocal;
  }

  load(rank: number, index: number): number {
    this.#count("atomic", rank);
    if (this.#tally.isUnder && rank === this.#me) this.#tally.counts.looks++;
    return this.#words.load(rank, index);
  }

  store(rank: number, index: number, value: number): void {
    this.#count("atomic", rank);
    this.#words.store(rank, index, value);
  }

  /** What lies behind the first word travels with it. */
  readRun(rank: number, index: number, into: Int32Array): void {
    this.#count("plain", rank, into.length - 1);
    this.#words.readRun(rank, index, into);
  }

  write(rank: number, index: number, value: number): void {
    this.#count("plain", rank);
    this.#words.write(rank, index, value);
  }

  writeRun(rank: number, index: number, values: Int32Array): void {
    this.#count("plain", rank, values.length - 1);
    this.#words.writeRun(rank, index, values);
  }

  add(rank: number, index: number, value: number): number {
    this.#count("atomic", rank);
    return this.#words.add(rank, index, value);
  }

  exchange(rank: number, index: number, value: number): number {
    this.#count("atomic", rank);
    return this.#words.exchange(rank, index, value);
  }

  compareExchange(rank: number, index: number, expected: number, value: number): number {
    this.#count("atomic", rank);
    return this.#words.compareExchange(rank, index, expected, value);
  }

  ring(rank: number): void {
    this.#count("rings", rank);
    this.#words.ring(rank);
  }

  close(): void {
    this.#words.close();
  }

  #count(what: "atomic" | "plain" | "rings", rank: number, behind = 0): void {
    if (!this.#tally.isUnder) return;
    this.#tally.counts[what]++;
    this.#tally.counts.plain += behind;
    if (!this.#isLocal(rank)) this.#tally.counts.remote++;
  }
}

/** The backend with a tally around its couriers, and windows as they are between nodes that share no memory at all. */
function counting(backend: Backend, tally: Tally): Backend {
  const isAcross = (rank: number) => backend.nodeOf[rank] !== backend.nodeOf[backend.rank];
  const wrapped = new Map(
    backend.couriers.map((courier) => [courier, new CountingCourier(courier, tally, isAcross)]),
  );
  return {
    ...backend,
    couriers: [...wrapped.values()],
    courierTo: (rank) => wrapped.get(backend.courierTo(rank))!,
    openMemory: null,
  };
}

/** Local: the world of this thread's rank, counted; in place of `world()`. */
export function countingWorld(): { comm: Communicator; tally: Tally } {
  const tally = new Tally();
  const backend = counting(threadsBackend(joinedJob()!), tally);
  const lend = Reflect.get(Group.prototype, "allocateWords");
  Group.prototype.allocateWords = function allocateWords(...wanted) {
    return new CountingWords(lend.apply(this, wanted), tally, this.rank, this.isLocal);
  };
  const members = backend.nodeOf.map((_, rank) => rank);
  const group = new Group(new Endpoint(backend), members, { maker: 0, serial: 0 }, null, nodeCommOf);
  return { comm: new Comm(group, true), tally };
}
