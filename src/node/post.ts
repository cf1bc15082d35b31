/** This rank's post office: hands messages to couriers, keeps those that came until somebody asks for them. */
import { Buffers } from "./buffers.ts";
import { Landings, type Landing } from "./landing.ts";
import type { Progress } from "./pace.ts";

/** Whose messages these are: the communicator's context (two numbers that never repeat in a job) and the kind of use. */
export interface Box {
  /** World rank of the communicator's rank 0. */
  readonly maker: number;
  /** That rank's running number. */
  readonly serial: number;
  /** User messages and the library's own never meet. */
  readonly kind: typeof USER | typeof SYSTEM | typeof SERVICE | typeof REPLY | typeof BULK | typeof NOTICE;
}

export const USER = 0;
export const SYSTEM = 1;
/** Requests are handled as they come, by whoever serves their box and tag; answers are awaited like other messages. */
export const SERVICE = 2;
export const REPLY = 3;
/** Their receiver says where they go, in the order in which they are sent. */
export const BULK = 4;
/** For whoever serves their box and tag when they come: to others they say nothing, and nothing is kept of them. */
export const NOTICE = 5;
const KINDS = 8;

/** So many queues are kept when they are empty: a Map that loses its only entry shrinks, and grows again with the next message. */
const MOST_QUEUES = 16;

/** A message on its way out. */
export interface Outgoing {
  readonly box: Box;
  /** World rank. */
  readonly dest: number;
  readonly tag: number;
  /** To stay as they are until `done`. */
  readonly bytes: Uint8Array;
  /** Set by the courier: bytes handed over so far. */
  sent: number;
  /** Set by the courier: all of it is on its way, and the next message may follow. */
  left: boolean;
  /** Set by the courier, with `left` or later: `bytes` is no longer needed. */
  done: boolean;
}

/** A message that has come in whole. */
export interface Incoming {
  readonly box: Box;
  /** World rank. */
  readonly source: number;
  readonly tag: number;
  readonly bytes: Uint8Array;
}

/** Where a message goes is not known yet: leave it where it is, and what follows it, and ask again at the next pull. */
export const LATER = "later";

/** Who takes messages in. For the messages of one source, `room` and `deliver` are called in the order in which they were sent. */
export interface Taker {
  /** Where so many bytes of a message that begins to come are to go. */
  room(box: Box, source: number, length: number): Uint8Array | typeof LATER;
  deliver(message: Incoming): void;
}

/** Carries messages between this rank and some others, in order for each pair of ranks. */
export interface Courier {
  /** Hands over as much of the message as can be now; sets `sent`, `left` and `done`, which may come with a later `pull`. */
  push(message: Outgoing): void;
  /** Takes in what has come. True if anything came. */
  pull(taker: Taker): boolean;
  /** The longest time in ms that may pass between two pulls while this rank sleeps; Infinity if arrivals ring. */
  readonly slice: number;
  /** The same once this rank has waited for long. */
  readonly longSlice: number;
}

/** Chooses one message: absent fields match any. */
export interface Wanted {
  readonly box: Box;
  /** World rank. */
  readonly source?: number;
  readonly tag?: number;
}

/** The post office of one rank. */
export class Post implements Progress, Taker {
  readonly slice: number;
  readonly longSlice: number;
  readonly #me: number;
  readonly #wake: () => void;
  readonly #courierOf: (dest: number) => Courier;
  readonly #couriers: readonly Courier[];
  /** Per destination, oldest first: only the first is being pushed, so messages of a pair stay in order. */
  readonly #leaving = new Map<number, Outgoing[]>();
  readonly #arrived = new Map<number, Incoming[]>();
  readonly #buffers = new Buffers();
  readonly #handlers = new Map<number, Map<number, (message: Incoming) => void>>();
  /** Of boxes of bulk, by source. */
  readonly #landings = new Map<number, Map<number, Landings>>();
  /** Boxes of bulk that nobody wants any more. */
  readonly #abandoned = new Set<number>();

  /** `wake` rings this rank's own bell: a message to itself may be what one of its promises waits for. */
  constructor(
    me: number,
    couriers: readonly Courier[],
    courierOf: (dest: number) => Courier,
    wake: () => void,
  ) {
    this.#me = me;
    this.#wake = wake;
    this.#couriers = couriers;
    this.#courierOf = courierOf;
    this.slice = Math.min(Infinity, ...couriers.map((courier) => courier.slice));
    this.longSlice = Math.min(Infinity, ...couriers.map((courier) => courier.longSlice));
  }

  /** Local, not blocking: starts a message; `done` on the result says when `bytes` is no longer needed. */
  send(box: Box, dest: number, tag: number, bytes: Uint8Array): Outgoing {
    const message: Outgoing = { box, dest, tag, bytes, sent: 0, left: false, done: false };
    if (dest === this.#me) {
      this.deliver({ box, source: dest, tag, bytes: bytes.slice() });
      this.#wake();
      message.left = message.done = true;
      return message;
    }
    const queue = this.#leaving.get(dest);
    if (queue) queue.push(message);
    else this.#courierOf(dest).push(message);
    if (!message.left && !queue) this.#leaving.set(dest, [message]);
    return message;
  }

  poll(): boolean {
    if (this.#leaving.size > 0) this.#pushOn();
    let any = false;
    for (const courier of this.#couriers) any = courier.pull(this) || any;
    return any;
  }

  /** Local: takes the oldest message that matches, or null. Messages come in by `poll`. */
  take(wanted: Wanted): Incoming | null {
    const queue = this.#arrived.get(keyOf(wanted.box));
    const at = queue ? indexOf(queue, wanted) : -1;
    if (at < 0) return null;
    // Empty queues must not add up where communicators come and go.
    if (queue!.length === 1 && this.#arrived.size > MOST_QUEUES) this.#arrived.delete(keyOf(wanted.box));
    return at === 0 ? queue!.shift()! : queue!.splice(at, 1)[0];
  }

  /** Local: the message that `take` would give, left where it is. */
  peek(wanted: Wanted): Incoming | null {
    const queue = this.#arrived.get(keyOf(wanted.box));
    const at = queue ? indexOf(queue, wanted) : -1;
    return at < 0 ? null : queue![at];
  }

  /** Local: names the place of the next message of `source` in a box of bulk that has none yet. */
  expect(box: Box, source: number, bytes: Uint8Array): Landing {
    // The message may have been left where it is: whoever goes to sleep now must poll first.
    this.#wake();
    return this.#landingsOf(box, source).expect(bytes);
  }

  /** Local: no more places will be named in a box of bulk: what has none is thrown away as it comes, for what follows it is to come through. */
  abandon(box: Box): void {
    const key = keyOf(box);
    this.#abandoned.add(key);
    for (const landings of this.#landings.get(key)?.values() ?? []) landings.abandon();
    // As above.
    this.#wake();
  }

  /** Local: `handle` gets the messages of this box and tag as they come, those that have come before it first. */
  serve(box: Box, tag: number, handle: (message: Incoming) => void): void {
    const key = keyOf(box);
    const handlers = this.#handlers.get(key);
    if (handlers) handlers.set(tag, handle);
    else this.#handlers.set(key, new Map([[tag, handle]]));
    for (let early = this.take({ box, tag }); early; early = this.take({ box, tag })) handle(early);
  }

  /** Local: the reverse of `serve`. */
  unserve(box: Box, tag: number): void {
    const handlers = this.#handlers.get(keyOf(box));
    handlers?.delete(tag);
    if (handlers?.size === 0) this.#handlers.delete(keyOf(box));
  }

  /** Local: forgets what has come for a communicator that is no more. */
  forget(box: Box): void {
    this.#arrived.delete(keyOf(box));
    this.#landings.delete(keyOf(box));
  }

  room(box: Box, source: number, length: number): Uint8Array | typeof LATER {
    const place = box.kind === BULK ? this.#landingsOf(box, source).begin() : this.#buffers.take(length);
    return place ?? (this.#abandoned.has(keyOf(box)) ? this.#buffers.take(length) : LATER);
  }

  /** Local: a message that came has been read, and nobody keeps its bytes: their memory may be used for another one. */
  release(bytes: Uint8Array): void {
    this.#buffers.give(bytes);
  }

  deliver(message: Incoming): void {
    const key = keyOf(message.box);
    if (message.box.kind === BULK) {
      this.#landingsOf(message.box, message.source).end(message.bytes);
      return;
    }
    const handle = this.#handlers.get(key)?.get(message.tag);
    if (handle) {
      handle(message);
      return;
    }
    if (message.box.kind === NOTICE) return;
    const queue = this.#arrived.get(key);
    if (queue) queue.push(message);
    else this.#arrived.set(key, [message]);
  }

  #landingsOf(box: Box, source: number): Landings {
    const key = keyOf(box);
    let bySource = this.#landings.get(key);
    if (!bySource) this.#landings.set(key, (bySource = new Map()));
    let landings = bySource.get(source);
    if (!landings) bySource.set(source, (landings = new Landings()));
    return landings;
  }

  #pushOn(): void {
    for (const [dest, queue] of this.#leaving) {
      const courier = this.#courierOf(dest);
      while (queue.length > 0) {
        courier.push(queue[0]);
        if (!queue[0].left) break;
        queue.shift();
      }
      if (queue.length === 0) this.#leaving.delete(dest);
    }
  }
}

/** One number for a box: exact for up to 2¹⁹ ranks with 2³¹ communicators each. */
function keyOf(box: Box): number {
  return (box.maker * 2 ** 31 + box.serial) * KINDS + box.kind;
}

function indexOf(queue: readonly Incoming[], wanted: Wanted): number {
  for (let at = 0; at < queue.length; at++) {
    const { source, tag } = queue[at];
    const isFrom = wanted.source === undefined || source === wanted.source;
    if (isFrom && (wanted.tag === undefined || tag === wanted.tag)) return at;
  }
  return -1;
}
