/** What one rank has once, whatever communicators it is in: its post office, its pace, its heaps. */
import { Heap } from "../node/heap.ts";
import type { Pace } from "../node/machine.ts";
import { BellPace } from "../node/pace.ts";
import { Post } from "../node/post.ts";
import { stallRule } from "../node/stall.ts";
import { ofPromises, Watch } from "../node/watch.ts";
import type { Backend } from "./backend.ts";
import { Fates } from "./fates.ts";
import { Health } from "./health.ts";

/** The services of one rank. */
export class Endpoint {
  readonly backend: Backend;
  readonly post: Post;
  readonly pace: Pace;
  /** What has become of the ranks of the world. */
  readonly fates: Fates;
  /** Lends memory to ranks of this node. */
  readonly nodeHeap: Heap;
  /** Lends memory to any rank; null when shared memory ends at the node. */
  readonly openHeap: Heap | null;
  #serial = 0;

  /** @throws BAD_LAUNCH when the environment asks for something unknown */
  constructor(backend: Backend) {
    const { rank, nodeOf, bells, place, eagerness } = backend;
    this.backend = backend;
    const wake = () => backend.ring(rank);
    this.post = new Post(rank, backend.couriers, (dest) => backend.courierTo(dest), wake);
    this.fates = new Fates(backend);
    const rule = stallRule(process.env);
    const distant = backend.mates.length < backend.size ? new Health(this.post, this.fates, backend) : null;
    const company = { ...backend, sight: this.fates, ringAll: () => ringAll(backend), distant };
    const watch = new Watch(company, rule);
    backend.atEnd(() => this.post.poll());
    this.pace = new BellPace(
      bells,
      place,
      this.post,
      eagerness,
      nodeOf.length === 1 ? ofPromises(watch) : watch,
    );
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

function ringAll({ bells, mates }: Backend): void {
  for (let place = 0; place < mates.length; place++) bells.ring(place);
}
