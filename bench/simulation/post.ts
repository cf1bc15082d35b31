/** Messages between simulated node leaders: what `comm/meeting.ts` and `comm/relay.ts` ask of letters, in simulated time. */
import type { Waits } from "../../src/node/script.ts";
import type { Agenda } from "./agenda.ts";
import type { Network } from "./network.ts";

/** A message on its way out. */
interface Leaving {
  done: boolean;
}

/** A place for a message that is to come. */
interface Place {
  readonly bytes: Uint8Array;
  landed: boolean;
}

/** Counts over all leaders. */
export interface Traffic {
  messages: number;
  bytes: number;
}

/** One leader: its processor, its network card, its letters. */
export class Leader {
  /** Until when the processor is busy, and each way of the network card. */
  #busyUntil = 0;
  #outUntil = 0;
  #inUntil = 0;
  #isDue = false;
  readonly #arrived = new Map<string, Uint8Array[]>();
  readonly #landings = new Map<number, { named: Place[]; early: number }>();
  readonly #node: number;
  readonly #leaders: readonly Leader[];
  readonly #agenda: Agenda;
  readonly #network: Network;
  readonly #traffic: Traffic;
  /** What this leader does when something may have changed. */
  act: () => void = () => {};

  constructor(node: number, leaders: readonly Leader[], agenda: Agenda, network: Network, traffic: Traffic) {
    this.#node = node;
    this.#leaders = leaders;
    this.#agenda = agenda;
    this.#network = network;
    this.#traffic = traffic;
  }

  /** When this leader can do more. */
  get time(): number {
    return Math.max(this.#agenda.now, this.#busyUntil);
  }

  /** The processor is busy so long. */
  spend(µs: number): void {
    this.#busyUntil = this.time + µs;
  }

  /** `act` runs as soon as the processor is free. */
  wake(): void {
    if (this.#isDue) return;
    this.#isDue = true;
    this.#agenda.at(this.time, () => {
      this.#isDue = false;
      this.act();
    });
  }

  start(dest: number, tag: number, bytes: Uint8Array): Leaving {
    return this.#send(dest, bytes, (to) => to.#deliver(this.#node, tag, bytes));
  }

  *leaving(message: Leaving): Waits {
    while (!message.done) yield;
  }

  release(): void {}

  /** Of any rank only those send that quit, and here nobody does. */
  take(tag: number, source?: number): Uint8Array | null {
    return (source !== undefined && this.#arrived.get(`${source}.${tag}`)?.shift()) || null;
  }

  *receiving(source: number, tag: number): Waits<Uint8Array> {
    for (;;) {
      const bytes = this.take(tag, source);
      if (bytes) return bytes;
      yield;
    }
  }

  startPiece(dest: number, bytes: Uint8Array): Leaving {
    return this.#send(dest, bytes, (to) => to.#land(this.#node));
  }

  expectPiece(source: number, bytes: Uint8Array): Place {
    const place = { bytes, landed: false };
    const landings = this.#landingsOf(source);
    if (landings.early > 0) {
      landings.early--;
      place.landed = true;
    } else landings.named.push(place);
    return place;
  }

  #send(dest: number, bytes: Uint8Array, deliver: (to: Leader) => void): Leaving {
    const { overhead, handling, gap, perByte, latency } = this.#network;
    const message = { done: false };
    this.#traffic.messages++;
    this.#traffic.bytes += bytes.length;
    this.spend(overhead + handling);
    const start = Math.max(this.time, this.#outUntil);
    const takes = Math.max(gap, bytes.length * perByte);
    this.#outUntil = start + takes;
    this.#agenda.at(this.#outUntil, () => {
      message.done = true;
      this.wake();
    });
    const to = this.#leaders[dest];
    this.#agenda.at(start + latency, () => {
      to.#inUntil = Math.max(to.#inUntil, this.#agenda.now) + takes;
      this.#agenda.at(to.#inUntil, () => {
        // A rank that waits takes messages in as they come.
        to.spend(overhead + handling);
        deliver(to);
        to.wake();
      });
    });
    return message;
  }

  #deliver(source: number, tag: number, bytes: Uint8Array): void {
    const key = `${source}.${tag}`;
    const queue = this.#arrived.get(key);
    if (queue) queue.push(bytes);
    else this.#arrived.set(key, [bytes]);
  }

  #land(source: number): void {
    const landings = this.#landingsOf(source);
    const place = landings.named.shift();
    if (place) place.landed = true;
    else landings.early++;
  }

  #landingsOf(source: number): { named: Place[]; early: number } {
    let landings = this.#landings.get(source);
    if (!landings) this.#landings.set(source, (landings = { named: [], early: 0 }));
    return landings;
  }
}
