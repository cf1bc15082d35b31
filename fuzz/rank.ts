/** Runs inside ranks: plays programs from a seed. Argument: an order as JSON. */
import { world } from "../dist/index.js";
import { breakProduct, type MutantName } from "./mutants.ts";
import { play } from "./program.ts";
import { Report } from "./report.ts";

/** What a job is to do. */
export interface Order {
  readonly seed: number;
  /** The first program, and the one after the last. */
  readonly from: number;
  readonly to: number;
  readonly steps?: readonly number[];
  readonly folder: string;
  /** Write down what every rank is about to do. */
  readonly trace: boolean;
  /** A mistake to plant in the product. */
  readonly mutant?: MutantName;
}

const order = JSON.parse(process.argv[2]) as Order;
const report = new Report(order.folder);
const comm = world();
const nodeOf = Array.from({ length: comm.size }, (_, rank) => comm.topology.nodeOf(rank));
if (order.mutant) breakProduct(order.mutant);

/** Ranks that have lost step with the others would not see it in their next calls: all say where they are. */
function agree(number: number): void {
  const places = comm.allgather(number);
  if (places.some((place) => place !== number)) throw new Error(`the ranks are in programs ${places.join()}`);
}

async function playOne(number: number): Promise<void> {
  if (comm.rank === 0) report.begin(number);
  const tell = order.trace ? (text: string) => report.trace(comm.rank, text) : () => undefined;
  await play(comm, nodeOf, { seed: order.seed, number, steps: order.steps }, tell);
  agree(number);
}

for (let number = order.from; number < order.to; number++) {
  try {
    // oxlint-disable-next-line no-await-in-loop -- one program after another
    await playOne(number);
  } catch (error) {
    const text = error instanceof Error ? error.message : String(error);
    report.add({ program: number, rank: comm.rank, text });
    comm.abort(1);
  }
}
