/**
 * A shared array: one copy on every node, which all ranks of the node read. One rank at a time writes, and every node gets it.
 *
 *     npx pshmem run -n 4 examples/01-shared.ts
 */
import { MPIShared, world } from "pshmem";

const comm = world();

/** Collective: rank 0 prints what each rank has to say, in rank order. */
function printAll(title: string, text: string): void {
  const texts = comm.gather(text);
  if (texts !== null) console.log([title, ...texts].join("\n"));
}

// Zeros at the start; given back at the end of the program.
using shared = new MPIShared([3, 5], "float64", comm);

if (comm.rank === 0) console.log(`String representation:\n\n${String(shared)}\n`);
printAll("===== Initialized Data =====", `rank ${comm.rank}:\n${String(shared.at())}`);

// Every rank calls set; only the data of one counts.
const data = [
  [0, 1, 2],
  [3, 4, 5],
];
shared.set(comm.rank === 0 ? data : null, { offset: [1, 1], fromRank: 0 });

// The same again as an assignment: the one rank that has data is found.
shared.assign([1, 1], comm.rank === 0 ? data : null);

printAll("======= Updated Data =======", `rank ${comm.rank}:\n${String(shared.at())}`);

// Reading is local: no other rank need take part.
if (comm.rank === 0) {
  console.log("==== Read-only access ======");
  console.log(`shared.get(2, 3) = ${shared.get(2, 3)}`);
  console.log(`shared.at("1:", "1:4") =\n${String(shared.at("1:", "1:4"))}`);
  console.log(`shared.data = ${shared.data.join(" ")}`);
}
