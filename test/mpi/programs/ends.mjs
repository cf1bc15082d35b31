// One rank comes to an end, named on the command line, while the others wait for it: `ends.mjs end rank [value]`, the value in JSON.
import { setTimeout as sleep } from "node:timers/promises";
import { MPILock, MPIShared, world } from "pshmem";

const [end, doer, value] = process.argv.slice(2);
// Earlier than those of the library.
process.on("exit", () => {
  if (end === "atExit" && comm.rank === Number(doer)) process.exitCode = JSON.parse(value);
});
const comm = world();
const shared = new MPIShared([1000], "float64", comm);
shared.set(comm.rank === 0 ? new Float64Array(1000).fill(1) : null, { fromRank: 0 });
const lock = new MPILock(comm);
lock.withLock(() => {});

/** Throws where nothing catches it; resolves a while later, if the program is still there. */
async function fail() {
  setTimeout(() => {
    throw new RangeError("late");
  }, 5);
  await sleep(100);
  console.log(`rank ${comm.rank} goes on`);
}

function readStack() {
  throw new Error("no stack");
}

const ends = {
  nothing() {},
  throw() {
    throw new TypeError("boom", { cause: new Error("the cause") });
  },
  reject() {
    setTimeout(() => Promise.reject(new RangeError("late")), 5);
    setInterval(() => {}, 1_000);
  },
  unreadable() {
    throw Object.defineProperty(new RangeError("unread"), "stack", { get: readStack });
  },
  exit: (code = 3) => process.exit(code),
  exitCode(code = 5) {
    process.exitCode = code;
  },
  atExit() {},
  leave: (code = 0) => process.exit(code),
  linger() {
    // Later than those of the library, which runs first.
    process.on("exit", () => {
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 400 * comm.rank);
      console.log(`rank ${comm.rank} of ${comm.size} is gone`);
    });
  },
  abort: (code = 7) => comm.abort(code),
  handle() {
    process.on("uncaughtException", ({ message }, origin) => console.log(`handled: ${message}, ${origin}`));
    return fail();
  },
  handleTheLater() {
    process.on("uncaughtException", ({ message }) => console.log(`handled: ${message}`));
    process.emit("uncaughtExceptionMonitor", new Error("seen before"), "uncaughtException");
    return fail();
  },
  async handleOnce() {
    process.once("uncaughtException", () => {});
    await fail();
    await fail();
  },
  capture() {
    process.setUncaughtExceptionCaptureCallback(({ message }) => console.log(`captured: ${message}`));
    return fail();
  },
  captureAndThrow() {
    process.setUncaughtExceptionCaptureCallback(() => ends.throw());
    return fail();
  },
  handleAndThrow() {
    process.on("uncaughtException", () => ends.throw());
    return fail();
  },
  handleAndExit() {
    process.on("uncaughtException", () => process.exit(3));
    return fail();
  },
  handleAndFail() {
    process.on("uncaughtException", () => (process.exitCode = 4));
    return fail();
  },
  handlersTaken() {
    process.on("uncaughtException", () => {});
    process.on("uncaughtExceptionMonitor", () => process.removeAllListeners("uncaughtException"));
    return fail();
  },
  async wait() {
    console.log(`pid ${process.pid}`);
    await sleep(600_000);
  },
};

if (comm.rank === 0) console.log("all have come");
comm.barrier();
if (comm.rank === Number(doer) || doer === "all") await ends[end](value && JSON.parse(value));
if (!["nothing", "leave", "linger"].includes(end)) comm.barrier();
if (end === "leave") {
  await sleep(300);
  console.log("those that stay have time to finish");
}
