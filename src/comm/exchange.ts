/** What the leaders of a communicator's nodes tell one another in a meeting: statements up a binomial tree, the verdict down. */
import type { Waits } from "../node/script.ts";
import { LETTER, type Letters } from "./letters.ts";
import type { GroupTopology } from "./topology.ts";
import { branchOf } from "./tree.ts";
import { merged, type Statement } from "./verdict.ts";
import { packStatement, unpackStatement } from "./wire.ts";

/** What one or more nodes say, and the root's payload if it is among them. */
export interface Said {
  readonly statement: Statement;
  readonly payload: Uint8Array;
}

/** A leader's part: begins with what its node says, ends with what all say. */
export function* exchange(letters: Letters, topology: GroupTopology, own: Said): Waits<Said> {
  const { parent, children } = neighbours(topology);
  let said = own;
  for (const child of children) {
    const theirs = unpackStatement(yield* letters.receiving(child, LETTER.EXCHANGE));
    const payload = said.payload.length > 0 ? said.payload : theirs.payload;
    said = { statement: merged(said.statement, theirs.statement), payload };
  }
  if (parent !== null) {
    yield* letters.sending([parent], LETTER.EXCHANGE, packStatement(said.statement, said.payload));
    said = unpackStatement(yield* letters.receiving(parent, LETTER.EXCHANGE));
  }
  yield* letters.sending(children, LETTER.EXCHANGE, packStatement(said.statement, said.payload));
  return said;
}

/**
 * Local, not blocking: a leader that will take no more part in meetings says so to those that may wait for what it says. They take it for
 * its statement, or for the verdict; the communicator is of no more use, so it does not matter if it comes after both.
 */
export function breakOff(letters: Letters, topology: GroupTopology, statement: Statement): void {
  const { parent, children } = neighbours(topology);
  const bytes = packStatement(statement, new Uint8Array(0));
  for (const leader of parent === null ? children : [parent, ...children]) {
    letters.start(leader, LETTER.EXCHANGE, bytes);
  }
}

/** The leaders next to this one in the tree. */
function neighbours({ nodes, nodeIndex, nodeCount }: GroupTopology): {
  parent: number | null;
  children: number[];
} {
  const { parent, children } = branchOf(nodeIndex, 0, nodeCount);
  const leader = (node: number) => nodes[node][0];
  return { parent: parent === null ? null : leader(parent), children: children.map(leader) };
}
