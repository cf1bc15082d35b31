/** Which node each rank of a thread job belongs to. */
import { PshmemError } from "../errors.ts";

/** `block` fills one node after the other; `cyclic` deals the ranks out in turn. */
export type Placement = "block" | "cyclic";

/** How ranks are spread over nodes. */
export interface PlacementOptions {
  /** Number of nodes; 1 unless `nodeSizes` says otherwise. */
  readonly nodes?: number;
  /** Ranks on each node. Default: as even as can be, the first nodes one larger. */
  readonly nodeSizes?: readonly number[];
  /** Default: block. */
  readonly placement?: Placement;
}

/**
 * Local: the node of each of `size` ranks. Nodes are numbered by their lowest rank.
 *
 * @throws BAD_ARGUMENT the nodes and the ranks do not fit together
 */
export function placeRanks(size: number, options: PlacementOptions = {}): number[] {
  const sizes = options.nodeSizes ?? evenSizes(size, options.nodes ?? 1);
  checkSizes(sizes, size, options.nodes);
  return options.placement === "cyclic" ? deal(sizes) : sizes.flatMap((count, node) => fill(count, node));
}

function evenSizes(size: number, nodes: number): number[] {
  if (nodes > size) {
    throw new PshmemError(
      "BAD_ARGUMENT",
      `${nodes} nodes need at least ${nodes} ranks, but there are ${size}`,
      {
        expected: nodes,
        actual: size,
      },
    );
  }
  return Array.from({ length: nodes }, (_, node) => Math.floor(size / nodes) + (node < size % nodes ? 1 : 0));
}

function checkSizes(sizes: readonly number[], size: number, nodes = sizes.length): void {
  const text = sizes.join(",");
  if (nodes !== sizes.length) {
    const message = `node sizes ${text} are for ${sizes.length} nodes, but the number of nodes is ${nodes}`;
    throw new PshmemError("BAD_ARGUMENT", message, { expected: nodes, actual: sizes.length });
  }
  const total = sizes.reduce((sum, count) => sum + count, 0);
  if (total !== size) {
    const message = `node sizes ${text} add up to ${total}, but there are ${size} ranks`;
    throw new PshmemError("BAD_ARGUMENT", message, { expected: size, actual: total });
  }
}

function fill(count: number, node: number): number[] {
  return Array.from({ length: count }, () => node);
}

/** One rank to each node in turn; a full node is passed over. */
function deal(sizes: readonly number[]): number[] {
  const rounds = Math.max(...sizes);
  return fill(rounds, 0).flatMap((_, round) => sizes.flatMap((count, node) => (round < count ? [node] : [])));
}
