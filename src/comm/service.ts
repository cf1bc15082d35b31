/**
 * Requests that a rank answers whenever it waits for anything: how ranks of different nodes reach each other's words and windows
 * where no memory and no network hardware does it for them (active messages: von Eicken et al., ISCA 1992).
 */
import { Until } from "../node/script.ts";
import { NOTICE, REPLY, SERVICE, type Box, type Post } from "../node/post.ts";
import { ENDED } from "../node/roster.ts";
import type { Ground } from "./backend.ts";
import type { Concern } from "../node/machine.ts";
import type { Endpoint } from "./endpoint.ts";
import type { Losses } from "./losses.ts";

/** Answers one request; it must not wait. */
export type Handler = (request: Uint8Array) => Uint8Array;

/** A request that has been sent. */
export interface Asked {
  /** Local, not blocking: the answer once it is there. */
  answer(): Uint8Array | null;
}

/** The handle of the service itself, over which ranks say that they are through with another. */
export const REGISTRY = 0;
/** A rank has closed a handle: from any rank to rank 0. */
const CLOSED = 1;
/** All ranks have closed it: from rank 0 to every rank. */
const RELEASED = 2;

/** Words before a request: the tag under which the answer is awaited. */
const HEAD_BYTES = Int32Array.BYTES_PER_ELEMENT;
/** Tags are used again after so many: no answer is awaited that long. */
const MOST_TAGS = 0x7fff_fffe;

/** What tells the boxes of one communicator from those of others. */
export type Context = Pick<Box, "maker" | "serial">;

/** Local: `handler` answers the requests of this handle that come to this post office. */
export function serveRequests(post: Post, context: Context, handle: number, handler: Handler): void {
  post.serve({ ...context, kind: SERVICE }, handle, ({ source, bytes }) => {
    const tag = new Int32Array(bytes.slice(0, HEAD_BYTES).buffer)[0];
    post.send({ ...context, kind: REPLY }, source, tag, handler(bytes.subarray(HEAD_BYTES)));
  });
  post.serve({ ...context, kind: NOTICE }, handle, ({ bytes }) => void handler(bytes));
}

/** Local: the reverse of {@link serveRequests}. */
export function unserveRequests(post: Post, context: Context, handle: number): void {
  for (const kind of [SERVICE, NOTICE] as const) post.unserve({ ...context, kind }, handle);
}

const requestName = (): string => "a request to another node";

/**
 * The requests among the ranks of one communicator, for one rank.
 *
 * What nobody answers are notices, since it may come when its receiver has freed the communicator already: nobody would take it. It never comes too
 * early: a service is made before its rank takes part in making the first object that others may close.
 */
export class Service {
  readonly #endpoint: Endpoint;
  readonly #members: readonly number[];
  readonly #context: Context;
  readonly #losses: Losses;
  readonly #requests: Box;
  readonly #replies: Box;
  readonly #notices: Box;
  readonly #releases = new Map<number, () => void>();
  /** On rank 0: how many ranks have closed each handle. */
  readonly #closed = new Map<number, number>();
  #nextHandle = REGISTRY;
  #nextTag = 0;

  constructor(endpoint: Endpoint, members: readonly number[], context: Context, losses: Losses) {
    this.#endpoint = endpoint;
    this.#members = members;
    this.#context = context;
    this.#losses = losses;
    this.#requests = { ...context, kind: SERVICE };
    this.#replies = { ...context, kind: REPLY };
    this.#notices = { ...context, kind: NOTICE };
    endpoint.post.serve(this.#notices, this.#nextHandle++, ({ bytes }) => this.#register(bytes));
  }

  /**
   * Local; all ranks open in the same order, so a handle means the same on all. `release` runs when every rank has closed the
   * handle: until then a slower rank may still ask. `ground` is what the handler works on, for a backend whose helper answers.
   */
  open(handler: Handler, release: () => void, ground: Ground): number {
    const { attendant } = this.#endpoint.backend;
    const handle = this.#nextHandle++;
    if (attendant) {
      attendant.attend(this.#context, handle, ground);
      this.#releases.set(handle, () => attendant.leave(this.#context, handle, release));
    } else {
      serveRequests(this.#endpoint.post, this.#context, handle, handler);
      this.#releases.set(handle, release);
    }
    return handle;
  }

  /** Local, blocking: the answer of a rank. */
  call(dest: number, handle: number, request: Uint8Array): Uint8Array {
    const asked = this.ask(dest, handle, request);
    let answer: Uint8Array | null = null;
    this.await(dest, () => (answer = asked.answer()) !== null);
    return answer!;
  }

  /** Local, blocking: until `ready`, as answers of a rank bring about. @throws RankLostError when that has gone, and answers no more */
  await(dest: number, ready: () => boolean): void {
    this.#endpoint.pace.run(new Until(ready, this.#concernOf(dest)));
  }

  /** Local, not blocking. */
  ask(dest: number, handle: number, request: Uint8Array): Asked {
    const { post } = this.#endpoint;
    const tag = (this.#nextTag = (this.#nextTag % MOST_TAGS) + 1);
    const bytes = new Uint8Array(new ArrayBuffer(HEAD_BYTES + request.length));
    new Int32Array(bytes.buffer, 0, 1)[0] = tag;
    bytes.set(request, HEAD_BYTES);
    post.send(this.#requests, this.#members[dest], handle, bytes);
    const wanted = { box: this.#replies, source: this.#members[dest], tag };
    let answer: Uint8Array | null = null;
    return { answer: () => (answer ??= post.take(wanted)?.bytes ?? null) };
  }

  /** Local, not blocking: a request that nobody answers; it is lost on a rank that has not opened the handle yet, or has freed the communicator. */
  notify(dest: number, handle: number, request: Uint8Array): void {
    this.#endpoint.post.send(this.#notices, this.#members[dest], handle, request);
  }

  /** Local, not blocking: answers what has come. */
  poll(): void {
    this.#endpoint.post.poll();
  }

  /** Local: this rank asks no more on this handle. */
  close(handle: number): void {
    if (this.#releases.has(handle)) this.#tell(0, CLOSED, handle);
  }

  /** Local: the communicator is no more, so nobody asks anything. */
  end(): void {
    for (const handle of Array.from(this.#releases.keys())) this.#release(handle);
    this.#endpoint.post.unserve(this.#notices, REGISTRY);
    this.#endpoint.post.forget(this.#requests);
    this.#endpoint.post.forget(this.#replies);
  }

  #concernOf(dest: number): Concern {
    return this.#losses.concern(
      requestName,
      () => [dest],
      () => (this.#lingers(dest) ? undefined : this.#losses.faultOfPeers([dest])),
    );
  }

  /** Whether a rank has ended and answers all the same: beyond shared memory it does until all have ended (`Backend.atEnd`). */
  #lingers(dest: number): boolean {
    const { backend, fates } = this.#endpoint;
    const member = this.#members[dest];
    return fates.of(member) === ENDED && !backend.mates.includes(member);
  }

  #tell(dest: number, what: number, handle: number): void {
    this.notify(dest, REGISTRY, new Uint8Array(Int32Array.of(what, handle).buffer));
  }

  #register(notice: Uint8Array): void {
    const [what, handle] = new Int32Array(notice.slice().buffer);
    if (what === RELEASED) {
      this.#release(handle);
      return;
    }
    const closed = (this.#closed.get(handle) ?? 0) + 1;
    this.#closed.set(handle, closed);
    if (closed < this.#members.length) return;
    this.#closed.delete(handle);
    for (let rank = 0; rank < this.#members.length; rank++) this.#tell(rank, RELEASED, handle);
  }

  #release(handle: number): void {
    unserveRequests(this.#endpoint.post, this.#context, handle);
    this.#releases.get(handle)?.();
    this.#releases.delete(handle);
  }
}
