/**
 * What the leaders of a communicator's nodes tell one another in a meeting, by dissemination (Hensgen, Finkel and Manber 1988; as an
 * all-gather Bruck et al. 1997): in round k node i sends what it knows to node i + 2ᵏ, so that after ⌈log₂ N⌉ rounds all know what all say.
 * Where N is no power of two some is told twice, which changes nothing: see `merged`.
 */
import type { Waits } from "../node/script.ts";
import { LETTER, type Letters } from "./letters.ts";
import type { GroupTopology } from "./topology.ts";
import { merged, type Statement } from "./verdict.ts";
import { packStatement, unpackStatement } from "./wire.ts";

/** What one or more nodes say, and the root's payload if it is among them. */
export interface Said {
  readonly statement: Statement;
  readonly payload: Uint8Array;
}

/** Where the nodes of a communicator are, for one of their leaders. */
export type Leaders = Pick<GroupTopology, "nodes" | "nodeIndex" | "nodeCount">;

const NO_BYTES = new Uint8Array(0);

/**
 * A leader's part: begins with what its node says, ends with what all say. The payload of the root, on node `from`, goes along, to each
 * node once.
 */
export function* exchange(
  letters: Letters,
  { nodes, nodeIndex, nodeCount }: Leaders,
  own: Said,
  from: number,
): Waits<Said> {
  let said = own;
  for (let reach = 1; reach < nodeCount; reach *= 2) {
    const to = (nodeIndex + reach) % nodeCount;
    const source = (nodeIndex + nodeCount - reach) % nodeCount;
    // As many nodes have the payload as have heard of the root's: those from its node on.
    const isThere = (to - from + nodeCount) % nodeCount < reach;
    const bytes = packStatement(said.statement, isThere ? NO_BYTES : said.payload);
    const message = letters.start(nodes[to][0], LETTER.EXCHANGE, bytes);
    const theirs = unpackStatement(yield* letters.receiving(nodes[source][0], LETTER.EXCHANGE));
    if (!message.done) yield* letters.leaving(message, nodes[to][0]);
    const payload = said.payload.length > 0 ? said.payload : theirs.payload;
    said = { statement: merged(said.statement, theirs.statement), payload };
  }
  return said;
}

/**
 * Local, not blocking: a leader that will take no more part in meetings says so, once, to those that may wait for what it says: each takes it
 * for what is due next, in this meeting or in the one after. Whoever hears of it does the same, since others may wait for it in turn.
 */
export function breakOff(
  letters: Letters,
  { nodes, nodeIndex, nodeCount }: Leaders,
  statement: Statement,
): void {
  const bytes = packStatement(statement, NO_BYTES);
  for (let reach = 1; reach < nodeCount; reach *= 2) {
    letters.start(nodes[(nodeIndex + reach) % nodeCount][0], LETTER.EXCHANGE, bytes);
  }
}
