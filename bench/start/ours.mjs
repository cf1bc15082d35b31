/** Prints when rank 0 is through the first barrier, in ms of the clock on the wall. */
import { world } from "../../dist/bundle/index.js";

const comm = world();
comm.barrier();
const now = Date.now();
if (comm.rank === 0) console.log(`through ${now}`);
