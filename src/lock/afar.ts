/** The words of ranks that may go at any moment, and their words with them where these are on a node of their own. */
import type { Words } from "../comm/engine.ts";
import { RankLostError } from "../errors.ts";
import type { Place } from "./queue.ts";

/** Who can tell whether a rank has gone. */
type Judge = Pick<Place, "losses">;

/** Local: a word of a rank; null if it went with its rank. */
export function wordOf(judge: Judge, words: Words, rank: number, index: number): number | null {
  try {
    return words.load(rank, index);
  } catch (error) {
    rethrowUnlessGone(judge, rank, error);
    return null;
  }
}

/** Local: stores into a word of a rank; false if it went with its rank. */
export function storeFor(judge: Judge, words: Words, rank: number, index: number, value: number): boolean {
  try {
    words.store(rank, index, value);
    return true;
  } catch (error) {
    rethrowUnlessGone(judge, rank, error);
    return false;
  }
}

function rethrowUnlessGone({ losses }: Judge, rank: number, error: unknown): void {
  if (!(error instanceof RankLostError) || !losses.isGone(rank)) throw error;
}
