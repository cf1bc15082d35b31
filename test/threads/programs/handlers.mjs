// Tells what listens to signals before the package is imported, after, and once there is a world.
import { readFileSync } from "node:fs";
import { constants } from "node:os";

const SIGNALS = Object.keys(constants.signals);
const DEADLY = ["SIGHUP", "SIGINT", "SIGTERM"];

/** Signals that the process itself catches, in whatever language. */
function caught() {
  if (process.platform !== "linux") return [];
  const [, mask] = /^SigCgt:\s*(\w+)$/m.exec(readFileSync("/proc/self/status", "utf8"));
  return DEADLY.filter((name) => (BigInt(`0x${mask}`) >> BigInt(constants.signals[name] - 1)) & 1n);
}

function look() {
  return { listeners: SIGNALS.filter((name) => process.listenerCount(name) > 0), caught: caught() };
}

const looks = [look()];
const { world } = await import("pshmem");
looks.push(look());
const comm = world();
comm.barrier();
looks.push(look());
console.log(JSON.stringify(looks));
