/** How many cores the ranks of a node have between them. */
import { readFileSync } from "node:fs";
import { availableParallelism } from "node:os";

/**
 * Local: the cores on which any of these processes may run. Launchers bind each rank to cores of its own: what one of them may use says
 * little. Where the system does not tell: what this process may use.
 */
export function coresOf(pids: readonly number[]): number {
  try {
    const cores = new Set<number>();
    for (const pid of pids) for (const core of allowedCores(pid)) cores.add(core);
    return cores.size;
  } catch {
    return availableParallelism();
  }
}

/** Local: the numbers in a list such as `0-3,8`. */
export function numbersIn(list: string): number[] {
  return list.split(",").flatMap((range) => {
    const [first, last = first] = range.split("-").map(Number);
    return Array.from({ length: last - first + 1 }, (_, i) => first + i);
  });
}

function allowedCores(pid: number): number[] {
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  const [, list] = /^Cpus_allowed_list:\s*(\S+)$/m.exec(status)!;
  return numbersIn(list);
}
