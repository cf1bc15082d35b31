/** What one rank has once, whatever communicators it is in: its post office, its pace, its heaps. */
import { Heap } from "../node/heap.ts";
import type { Pace } from "../node/machine.ts";
import { BellPace } from "../node/pace.ts";
import { Post } from "../node/post.ts";
import type { Backend } from "./backend.ts";

/** The services of one rank. */
export class Endpoint {
  readonly backend: Backend;
  readonly post: Post;
  readonly pace: Pace;
  /** Lends memory to ranks of this node. */
  readonly nodeHeap: Heap;
  /** Lends memory to any rank; null when shared memory ends at the node. */
  readonly openHeap: Heap | null;
  #serial = 0;

  constructor(backend: Backend) {
    const { rank, nodeOf } = backend;
    this.backend = backend;
    const wake = () => backend.ring(rank);
    this.post = new Post(rank, backend.couriers, (dest) => backend.courierTo(dest), wake);
    this.pace = new BellPace(backend.bells, backend.place, this.post, backend.eagerness);
    const everyone = nodeOf.map((_, other) => other);
    const mates = everyone.filter((other) => nodeOf[other] === nodeOf[rank]);
    this.nodeHeap = new Heap(backend.nodeMemory, rank, mates);
    this.openHeap = backend.openMemory && new Heap(backend.openMemory, rank, everyone);
  }

  /** A number this rank has not given before; with the rank it names a communicator for good. */
  nextSerial(): number {
    return ++this.#serial;
  }
}
