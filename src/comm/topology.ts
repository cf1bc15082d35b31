/** Which ranks of a communicator live together: found from what each rank says of itself, never by dividing. */
import { PshmemError } from "../errors.ts";
import type { Topology } from "./contract.ts";
import { textOf } from "../shown.ts";

/** A {@link Topology} with the lists that the collectives need. */
export class GroupTopology implements Topology {
  readonly nodeCount: number;
  readonly nodeIndex: number;
  readonly nodeRank: number;
  readonly nodeSize: number;
  /** The ranks of each node, in rank order; the first leads its node. */
  readonly nodes: readonly (readonly number[])[];
  readonly #nodeOf: readonly number[];

  /** `keys[rank]` is equal for ranks that share memory. */
  constructor(rank: number, keys: readonly number[]) {
    const indexOf = new Map<number, number>();
    for (const key of keys) if (!indexOf.has(key)) indexOf.set(key, indexOf.size);
    const nodes: number[][] = Array.from(indexOf, () => []);
    this.#nodeOf = keys.map((key) => indexOf.get(key)!);
    this.#nodeOf.forEach((node, member) => nodes[node].push(member));
    this.nodes = nodes;
    this.nodeCount = nodes.length;
    this.nodeIndex = this.#nodeOf[rank]!;
    this.nodeRank = nodes[this.nodeIndex].indexOf(rank);
    this.nodeSize = nodes[this.nodeIndex].length;
  }

  nodeOf(rank: number): number {
    const node = typeof rank === "number" ? this.#nodeOf[rank] : undefined;
    if (node === undefined) {
      const last = this.#nodeOf.length - 1;
      throw new PshmemError(
        "BAD_RANK",
        `topology.nodeOf: there is no rank ${textOf(rank)}; ranks are 0 to ${last}`,
        {
          actual: rank,
        },
      );
    }
    return node;
  }

  /** The ranks of this rank's node. */
  get mates(): readonly number[] {
    return this.nodes[this.nodeIndex];
  }
}
