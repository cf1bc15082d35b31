/** All benchmarks, in the order of the table. */
import type { Case } from "../case.ts";
import { barrier } from "./barrier.ts";
import { claim, claimFlat, claimOnDisk, noopTasks } from "./batch.ts";
import { create, openAtOnce } from "./create.ts";
import { counter, lockContended, lockFree, lockShares, lockStall } from "./lock.ts";
import { setNodes, setOneNode, setRanks, setStrided } from "./set.ts";
import { readLine, readMatrix } from "./view.ts";

/** The benchmarks that ranks take turns in. */
export const CASES: readonly Case[] = [
  barrier,
  setOneNode,
  setStrided,
  setNodes,
  setRanks,
  readMatrix,
  readLine,
  create,
  openAtOnce,
  lockFree,
  lockContended,
  lockShares,
  lockStall,
  counter,
  claim,
  claimFlat,
  claimOnDisk,
  noopTasks,
];

/** Local: the benchmark of this name. */
export function caseOf(id: string): Case {
  const found = CASES.find((one) => one.id === id);
  if (!found) throw new Error(`no benchmark '${id}'; there are ${CASES.map((one) => one.id).join(", ")}`);
  return found;
}
