/** Users' messages between two ranks of a communicator (MPI-4.1 chapter 3). */
import { errorIn } from "./arguments.ts";
import { ANY_SOURCE, ANY_TAG, type Match, type Message, type MessageInfo, type Request } from "./contract.ts";
import type { Group } from "./group.ts";
import type { Concern } from "../node/machine.ts";
import { Until } from "../node/script.ts";
import type { Incoming, Outgoing, Wanted } from "../node/post.ts";
import { decodeValue, encodeValue } from "./values.ts";
import { asFault } from "./verdict.ts";

/** A receive that has been asked for. */
interface Posted {
  readonly wanted: Wanted;
  message: Incoming | null;
}

/** The messages of one communicator on one rank. Arguments have been checked. */
export class Messages {
  readonly #group: Group;
  /** Receives without a message yet, oldest first: a message goes to the oldest that it matches (MPI-4.1 §3.5). */
  #posted: Posted[] = [];

  constructor(group: Group) {
    this.#group = group;
  }

  /** Local, blocking until the message has left this rank's hands. */
  send(value: unknown, dest: number, tag: number): void {
    this.isend("send", value, dest, tag).wait();
  }

  /** Local, not blocking. @throws NOT_CLONEABLE, in the name of `call` */
  isend(call: string, value: unknown, dest: number, tag: number): Request<undefined> {
    const message = this.#start(encodeFor(call, value), dest, tag);
    return this.#request(
      () => message.done,
      () => undefined,
      this.#group.peersConcern("send", [dest]),
    );
  }

  /** Local, not blocking. */
  irecv<T>(match: Match): Request<T> {
    const posted = this.#post(match);
    let value: { decoded: T } | null = null;
    return this.#request(
      () => this.#matched(posted),
      () => (value ??= { decoded: decodeValue<T>(posted.message!.bytes) }).decoded,
      this.#sources("recv", match),
    );
  }

  /** Local, blocking. */
  receive<T>(match: Match): Message<T> {
    const posted = this.#post(match);
    try {
      this.#group.await(() => this.#matched(posted), this.#sources("recv", match));
    } finally {
      this.#withdraw(posted);
    }
    const { bytes } = posted.message!;
    return { ...this.#info(posted.message!), value: decodeValue<T>(bytes) };
  }

  /** Local, blocking. */
  probe(match: Match): MessageInfo {
    let info: MessageInfo | null = null;
    this.#group.await(() => (info = this.iprobe(match)) !== null, this.#sources("probe", match));
    return info!;
  }

  /** Local, not blocking. */
  iprobe(match: Match): MessageInfo | null {
    const { post } = this.#group.endpoint;
    post.poll();
    this.#handOut();
    const message = post.peek(this.#wanted(match));
    return message && this.#info(message);
  }

  /** Local: the communicator ends. What has come still goes to those that have asked for it. */
  end(): void {
    this.#group.endpoint.post.poll();
    this.#handOut();
  }

  #start(bytes: Uint8Array, dest: number, tag: number): Outgoing {
    const { endpoint, members, box } = this.#group;
    return endpoint.post.send(box, members[dest], tag, bytes);
  }

  /** Who could send what is waited for: with any source, the wait is in vain once one of them has died, or all have ended. */
  #sources(call: string, { source = ANY_SOURCE, tag = ANY_TAG }: Match): Concern {
    const what = tag === ANY_TAG ? call : `${call} (tag ${tag})`;
    return source === ANY_SOURCE ? this.#group.anyConcern(what) : this.#group.peersConcern(what, [source]);
  }

  #request<T>(ready: () => boolean, result: () => T, concern: Concern): Request<T> {
    const { pace, endpoint } = this.#group;
    const machine = new Until(ready, concern);
    return {
      wait: () => {
        if (!ready()) pace.run(machine);
        return result();
      },
      test: () => {
        endpoint.post.poll();
        return ready();
      },
      waitAsync: async () => {
        if (!ready()) await pace.runAsync(machine);
        return result();
      },
    };
  }

  #post(match: Match): Posted {
    const posted: Posted = { wanted: this.#wanted(match), message: null };
    this.#posted.push(posted);
    return posted;
  }

  /** @throws FREED: a message that has not come by the end of the communicator never will */
  #matched(posted: Posted): boolean {
    if (posted.message) return true;
    this.#group.check("irecv");
    this.#handOut();
    return posted.message !== null;
  }

  #handOut(): void {
    const { post } = this.#group.endpoint;
    this.#posted = this.#posted.filter((posted) => (posted.message = post.take(posted.wanted)) === null);
  }

  #withdraw(posted: Posted): void {
    this.#posted = this.#posted.filter((other) => other !== posted);
  }

  #wanted({ source = ANY_SOURCE, tag = ANY_TAG }: Match): Wanted {
    return {
      box: this.#group.box,
      source: source === ANY_SOURCE ? undefined : this.#group.members[source],
      tag: tag === ANY_TAG ? undefined : tag,
    };
  }

  #info({ source, tag, bytes }: Incoming): MessageInfo {
    return { source: this.#group.rankOf(source), tag, bytes: bytes.length };
  }
}

function encodeFor(call: string, value: unknown): Uint8Array {
  try {
    return encodeValue(value);
  } catch (error) {
    throw errorIn(call, asFault(error));
  }
}
