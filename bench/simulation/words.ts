/** Words on one rank, used by ranks of other nodes: what each access costs in simulated time. */
import type { Words } from "../../src/comm/engine.ts";
import type { Network } from "./network.ts";

/** The rank on whose memory the words are answers one request after the other. */
export class Server {
  readonly network: Network;
  #busyUntil = 0;
  /** Accesses served. */
  served = 0;

  constructor(network: Network) {
    this.network = network;
  }

  /** Local: when the answer to a request that leaves at a time is there. */
  answerTo(sent: number): number {
    const { overhead, handling, latency } = this.network;
    const own = overhead + handling;
    this.served++;
    this.#busyUntil = Math.max(this.#busyUntil, sent + own + latency) + 2 * own;
    return this.#busyUntil + latency + own;
  }
}

/** What the ranks of a job have in memory, one array of words each. */
export type Memory = readonly Int32Array[];

/**
 * One rank's way to the words. An access takes effect when it is asked for, and the rank goes on when `until` has come: requests
 * reach the root in the order in which they are sent, since all have the same way.
 */
export class SimulatedWords implements Words {
  /** When the last access is over. */
  until = 0;
  readonly #memory: Memory;
  readonly #server: Server;
  readonly #root: number;
  readonly #me: number;
  readonly #wake: (rank: number, at: number) => void;

  constructor(
    memory: Memory,
    server: Server,
    root: number,
    me: number,
    wake: (rank: number, at: number) => void,
  ) {
    this.#memory = memory;
    this.#server = server;
    this.#root = root;
    this.#me = me;
    this.#wake = wake;
  }

  load(rank: number, index: number): number {
    return this.#access(rank, index, (old) => old);
  }

  store(rank: number, index: number, value: number): void {
    this.#access(rank, index, () => value);
  }

  readRun(rank: number, index: number, into: Int32Array): void {
    into.set(this.#memory[rank].subarray(index, index + into.length));
    this.until = this.#over(rank);
  }

  write(rank: number, index: number, value: number): void {
    this.store(rank, index, value);
  }

  writeRun(rank: number, index: number, values: Int32Array): void {
    this.#memory[rank].set(values, index);
    this.until = this.#over(rank);
  }

  add(rank: number, index: number, value: number): number {
    return this.#access(rank, index, (old) => old + value);
  }

  exchange(rank: number, index: number, value: number): number {
    return this.#access(rank, index, () => value);
  }

  compareExchange(rank: number, index: number, expected: number, value: number): number {
    return this.#access(rank, index, (old) => (old === expected ? value : old));
  }

  ring(rank: number): void {
    const { overhead, handling, latency } = this.#server.network;
    this.until += overhead + handling;
    this.#wake(rank, this.until + latency + overhead + handling);
  }

  close(): void {}

  #access(rank: number, index: number, next: (old: number) => number): number {
    const words = this.#memory[rank];
    const old = words[index];
    words[index] = next(old);
    this.until = this.#over(rank);
    return old;
  }

  #over(rank: number): number {
    const { line, overhead, handling, latency } = this.#server.network;
    if (rank === this.#me) return this.until + line;
    if (rank === this.#root) return this.#server.answerTo(this.until);
    // A rank that waits for the lock does nothing else, and answers at once.
    return this.until + 2 * latency + 4 * (overhead + handling);
  }
}
