// One rank does a deed, named on the command line, with a value in JSON if it needs one; the others do `otherwise`, if given:
// `deeds.mjs deed rank [otherwise [value]]`.
import { spawnSync } from "node:child_process";
import { workerData } from "node:worker_threads";
import { MPILock, world } from "../../../dist/index.js";

// Not from the world, which the deeds that need none leave alone.
const { rank } = workerData.data;

/** Blocks as a rank in a collective does: for ever, event loop and all. */
function block() {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
}

function fail() {
  throw Object.assign(new RangeError("late"), { code: "RANK_LOST" });
}

/** Resolves when an error that nothing catches has been handled. */
function handleOne() {
  setTimeout(fail, 1);
  return new Promise((resolve) => process.once("uncaughtException", resolve));
}

const deeds = {
  block,
  nothing() {},
  spin() {
    for (;;);
  },
  idle() {
    setInterval(() => {}, 1_000);
  },
  arguments() {
    console.log(JSON.stringify(process.argv.slice(1)));
  },
  throw() {
    console.log("before");
    throw new TypeError("boom", { cause: new Error("the cause") });
  },
  throwLater() {
    setTimeout(() => deeds.throw(), 5);
  },
  throwText() {
    // oxlint-disable-next-line no-throw-literal -- programs do
    throw "just text";
  },
  reject() {
    setTimeout(() => Promise.reject(new RangeError("late")), 5);
    deeds.idle();
  },
  catch() {
    process.on("uncaughtException", (error) => console.log(`caught ${error.message}`));
    setTimeout(() => {
      throw new Error("tamed");
    }, 1);
  },
  handleAndThrow() {
    process.on("uncaughtException", () => deeds.throw());
    setTimeout(fail, 1);
  },
  handlersTaken() {
    process.on("uncaughtException", () => {});
    process.on("uncaughtExceptionMonitor", () => process.removeAllListeners("uncaughtException"));
    setTimeout(fail, 1);
    setTimeout(() => console.log("goes on"), 100);
  },
  async captureAndThrow() {
    await handleOne();
    world().barrier();
    process.setUncaughtExceptionCaptureCallback(() => deeds.throw());
    setTimeout(fail, 1);
  },
  exit() {
    for (let line = 0; line < 2_000; line += 1) {
      console.log(`line ${line}`);
    }
    process.stdout.write("no newline");
    process.exit(5);
  },
  exitCode(code) {
    process.exitCode = JSON.parse(code);
  },
  leave() {
    process.exit(0);
  },
  throwTogether() {
    world().barrier();
    deeds.throw();
  },
  abort() {
    console.log("before");
    world().abort(7);
  },
  abortWith(code) {
    world().abort(JSON.parse(code));
  },
  async never() {
    await new Promise(() => {});
  },
  exhaust() {
    const all = [];
    for (;;) {
      all.push(Array.from({ length: 1_000 }, () => ({})));
    }
  },
  async exhaustLater() {
    await handleOne();
    deeds.exhaust();
  },
  speak() {
    console.log("one");
    console.log("two");
    console.error("three");
    console.log("ready");
    block();
  },
  lines() {
    for (let line = 0; line < 5_000; line += 1) {
      process.stdout.write(`${rank} `);
      process.stdout.write(`${line} ${"é".repeat(30)}`);
      process.stdout.write("\n");
    }
  },
  bytes() {
    for (const byte of Buffer.from("zwölf Boxkämpfer 😀\nend")) {
      process.stdout.write(Uint8Array.of(byte));
    }
  },
  turns() {
    const comm = world();
    for (let round = 0; round < 200; round += 1) {
      for (let turn = 0; turn < comm.size; turn += 1) {
        if (turn === rank) {
          console.log(`${round} ${turn}`);
        }
        comm.barrier();
      }
    }
  },
  locked() {
    const comm = world();
    const turn = comm.allocateWindow("int32", rank === 0 ? 1 : 0);
    const lock = new MPILock(comm);
    for (let round = 0; round < 200; round += 1) {
      lock.lock();
      console.log(`${turn.fetchAndOp(0, 0, 1)} by ${rank}`);
      lock.unlock();
    }
    comm.barrier();
  },
  deaf() {
    // No thread is stopped inside a native call; and that this one is inside, the child tells.
    const child = "console.log('deaf'); setTimeout(() => {}, 3_000)";
    spawnSync(process.execPath, ["-e", child], { stdio: "inherit" });
  },
  progress() {
    process.stdout.write("50%\r");
    block();
  },
  flood() {
    for (;;) {
      console.log("x".repeat(1_000));
    }
  },
  input() {
    process.stdin.on("data", () => console.log("input")).on("end", () => console.log("no input"));
  },
};

const [deed, doer, otherwise = "nothing", value] = process.argv.slice(2);
await deeds[Number(doer) === rank || doer === "all" ? deed : otherwise](value);
