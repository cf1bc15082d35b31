/** What a rank uses at one moment, as Linux and V8 count it. */
import { readdirSync, readFileSync } from "node:fs";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

/** The quantities, in the order in which they are printed; `bound` is the most that one may grow over the second half of a soak. */
export const QUANTITIES = [
  { name: "resident", unit: "MiB", bound: 16, what: "VmRSS of the process" },
  { name: "shared", unit: "MiB", bound: 4, what: "RssShmem of the process" },
  { name: "heap", unit: "MiB", bound: 1, what: "JavaScript heap of the rank after a collection" },
  { name: "buffers", unit: "MiB", bound: 2, what: "memory outside the heap that JavaScript holds" },
  { name: "files", unit: "", bound: 2, what: "open descriptors" },
  { name: "mapped", unit: "", bound: 4, what: "mappings of files and of shared memory" },
  // They come and go by some 56 at a time, which fits V8's half-spaces, a mapping for each page.
  { name: "mappings", unit: "", bound: 200, what: "lines of /proc/self/maps" },
  { name: "named", unit: "", bound: 4, what: "entries of /dev/shm, of the whole machine" },
] as const;

const MIB = 2 ** 20;
const KIB_PER_MIB = 1024;

/** Collects garbage now: the command line need not ask for it. */
const collect = garbageCollector();

function garbageCollector(): () => void {
  setFlagsFromString("--expose-gc");
  return runInNewContext("gc") as () => void;
}

/** Local, blocking: one number for each of {@link QUANTITIES}, after a full collection. */
export function usage(): number[] {
  collect();
  // What the first one finalised, the second one frees.
  collect();
  const { heapUsed, external } = process.memoryUsage();
  const status = readFileSync("/proc/self/status", "utf8");
  const maps = readFileSync("/proc/self/maps", "utf8").split("\n").slice(0, -1);
  return [
    mibOf(status, "VmRSS"),
    mibOf(status, "RssShmem"),
    heapUsed / MIB,
    external / MIB,
    readdirSync("/proc/self/fd").length,
    maps.filter(isMapped).length,
    maps.length,
    readdirSync("/dev/shm").length,
  ];
}

/** Fields of a line: addresses, rights (with `s` for what is shared), offset, device, inode (0 for memory without a file), name. */
function isMapped(line: string): boolean {
  const [, rights, , , inode] = line.split(/ +/);
  return rights.endsWith("s") || inode !== "0";
}

function mibOf(status: string, field: string): number {
  return Number(new RegExp(`^${field}:\\s*(\\d+) kB`, "m").exec(status)?.[1]) / KIB_PER_MIB;
}
