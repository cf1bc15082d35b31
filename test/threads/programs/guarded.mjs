// Runs under exceptionGuard: rank 1 fails, in the way that the argument says, while the others wait for it.
import { exceptionGuard, world } from "../../../dist/index.js";

const comm = world();
const [way] = process.argv.slice(2);

function work() {
  if (comm.rank === comm.size - 1 && way === "throw") throw new TypeError("on purpose");
  comm.barrier();
  return "finished";
}

async function workLater() {
  await new Promise((resolve) => setTimeout(resolve, 10));
  if (comm.rank === comm.size - 1 && way === "reject") throw new TypeError("on purpose");
  if (comm.rank === comm.size - 1 && way === "unhandled") {
    void Promise.reject(new TypeError("on purpose"));
    await new Promise((resolve) => setTimeout(resolve, 600_000));
  }
  await comm.barrierAsync();
  return "finished";
}

const options = { timeout: 50 };
const result =
  way === "throw" || way === "return"
    ? exceptionGuard(comm, work, options)
    : await exceptionGuard(comm, workLater, options);
console.log(`rank ${comm.rank} ${result}`);
