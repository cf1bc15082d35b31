// One rank comes to an end, named on the command line, while the others wait for it: `ends.mjs end rank marker`.
import { setTimeout as sleep } from "node:timers/promises";
import { MPILock, MPIShared, world } from "pshmem";

const [end, doer] = process.argv.slice(2);
const comm = world();
const shared = new MPIShared([1000], "float64", comm);
shared.set(comm.rank === 0 ? new Float64Array(1000).fill(1) : null, { fromRank: 0 });
const lock = new MPILock(comm);
lock.withLock(() => {});

const ends = {
  nothing() {},
  throw() {
    throw new TypeError("boom", { cause: new Error("the cause") });
  },
  reject() {
    setTimeout(() => Promise.reject(new RangeError("late")), 5);
    setInterval(() => {}, 1_000);
  },
  exit: () => process.exit(3),
  exitCode() {
    process.exitCode = 5;
  },
  leave: () => process.exit(0),
  linger() {
    // Later than those of the library, which runs first.
    process.on("exit", () => {
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 400 * comm.rank);
      console.log(`rank ${comm.rank} of ${comm.size} is gone`);
    });
  },
  abort: () => comm.abort(7),
  async wait() {
    console.log(`pid ${process.pid}`);
    await sleep(600_000);
  },
};

if (comm.rank === 0) console.log("all have come");
comm.barrier();
if (comm.rank === Number(doer) || doer === "all") await ends[end]();
if (!["nothing", "leave", "linger"].includes(end)) comm.barrier();
