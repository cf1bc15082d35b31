/** Shared memory between threads: a SharedArrayBuffer, handed over by message ports, which can be read without an event loop. */
import { receiveMessageOnPort, type MessagePort } from "node:worker_threads";
import { collectGarbage } from "../node/garbage.ts";
import type { Memory } from "../node/heap.ts";

/** What goes over a port: a block offered, or (without buffer) withdrawn. */
interface Offer {
  readonly id: number;
  readonly buffer?: SharedArrayBuffer;
}

/** {@link Memory} of one rank. */
export class ThreadMemory implements Memory {
  readonly promised: BigInt64Array;
  readonly collect = collectGarbage;
  /** World rank → the port to it; none to this rank itself. */
  readonly #ports: readonly (MessagePort | null)[];
  readonly #offered = new Map<string, SharedArrayBuffer>();
  #nextId = 0;

  /** `promised` counts for all ranks. */
  constructor(ports: readonly (MessagePort | null)[], promised: BigInt64Array) {
    this.promised = promised;
    this.#ports = ports;
  }

  create(bytes: number, audience: readonly number[]): { id: number; buffer: SharedArrayBuffer } {
    const block = { id: this.#nextId++, buffer: new SharedArrayBuffer(bytes) };
    this.#tell(audience, block);
    return block;
  }

  attach(owner: number, id: number): SharedArrayBuffer {
    // The offer was posted before the owner told its place, so it is in the queue by now.
    const port = this.#ports[owner]!;
    for (let next = receiveMessageOnPort(port); next; next = receiveMessageOnPort(port)) {
      const { id: offered, buffer } = next.message as Offer;
      if (buffer) this.#offered.set(`${owner}.${offered}`, buffer);
      else this.#offered.delete(`${owner}.${offered}`);
    }
    const key = `${owner}.${id}`;
    const buffer = this.#offered.get(key)!;
    this.#offered.delete(key);
    return buffer;
  }

  /** The buffer goes when the last view of it on the last thread has gone. */
  release(): void {}

  withdraw(id: number, audience: readonly number[]): void {
    this.#tell(audience, { id });
  }

  readable(buffer: ArrayBufferLike): ArrayBufferLike {
    return buffer;
  }

  #tell(audience: readonly number[], offer: Offer): void {
    for (const rank of audience) this.#ports[rank]?.postMessage(offer);
  }
}
