// Runs under exceptionGuard: rank 1 fails, in the way that the argument says, while the others wait for it.
import { runInNewContext } from "node:vm";
import { exceptionGuard, world } from "../../../dist/index.js";

const comm = world();
const [way] = process.argv.slice(2);

function readStack() {
  throw new Error("no stack");
}

function unreadable() {
  return Object.defineProperty(new TypeError("on purpose"), "stack", { get: readStack });
}

function work() {
  if (comm.rank === comm.size - 1 && way === "unreadable") throw unreadable();
  if (comm.rank === comm.size - 1 && way === "throw") throw new TypeError("on purpose");
  comm.barrier();
  return "finished";
}

async function workLater() {
  await new Promise((resolve) => setTimeout(resolve, 10));
  const isUnhandled = way.startsWith("unhandled");
  if (comm.rank === comm.size - 1 && way !== "resolve" && !isUnhandled) throw new TypeError("on purpose");
  if (comm.rank === comm.size - 1 && isUnhandled) {
    void Promise.reject(way === "unhandled" ? new TypeError("on purpose") : unreadable());
    await new Promise((resolve) => setTimeout(resolve, 600_000));
  }
  await comm.barrierAsync();
  return "finished";
}

/** What is no Promise of this realm. */
function workAsOther() {
  const then = (resolve, reject) => workLater().then(resolve, reject);
  // oxlint-disable-next-line unicorn/no-thenable -- that is what is guarded
  return way === "thenable" ? { then } : runInNewContext("(async (work) => await work())")(workLater);
}

const options = { timeout: 50 };
const result =
  way === "throw" || way === "return" || way === "unreadable"
    ? exceptionGuard(comm, work, options)
    : await exceptionGuard(comm, way === "thenable" || way === "foreign" ? workAsOther : workLater, options);
console.log(`rank ${comm.rank} ${result}`);
