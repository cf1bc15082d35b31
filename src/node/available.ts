/**
 * How much memory this process can still have: the least of what the machine, every control group around the process, and the process's
 * own limit leave. On Linux from /proc and the files of the control groups; elsewhere from what Node tells.
 */
import { readFileSync } from "node:fs";
import { freemem, totalmem } from "node:os";

/** Where the figures come from. */
export interface System {
  /** The text of a file; empty where there is none. */
  readonly read: (path: string) => string;
  /** Bytes, where there is no /proc: memory that is free, and memory of this process. */
  readonly free: () => number;
  readonly own: () => number;
}

/** Bytes. */
export interface Survey {
  /** Memory that this process could still use, with something left over. */
  readonly memory: number;
  /** Addresses that it could still give to memory, used or not: what `ulimit -v` leaves. */
  readonly addresses: number;
  /** What it has of memory that belongs to no file: heaps, and shared memory between its threads. */
  readonly own: number;
}

/** A control group around this process, version 1 or 2. */
interface ControlGroup {
  readonly folder: string;
  readonly files: GroupFiles;
}

interface GroupFiles {
  readonly most: string;
  readonly used: string;
  /** Lines of `memory.stat`: pages that only copy files, which the kernel gives away when it needs them. */
  readonly reclaimable: readonly string[];
}

const VERSION_1: GroupFiles = {
  most: "memory.limit_in_bytes",
  used: "memory.usage_in_bytes",
  reclaimable: ["total_inactive_file", "total_active_file"],
};
const VERSION_2: GroupFiles = {
  most: "memory.max",
  used: "memory.current",
  reclaimable: ["inactive_file", "active_file"],
};

/** Bytes that are left alone: the kernel ends a process that wants a page when there is none, and a page is wanted all the time. */
export const RESERVE_BYTES = 64 * 1024 * 1024;

/** Version 1 says by a number near 2⁶³ that there is no limit. */
const NO_LIMIT = 2 ** 60;

/** Local: this machine as it is. */
export const THIS_SYSTEM: System = {
  read(path) {
    try {
      return readFileSync(path, "utf8");
    } catch {
      return "";
    }
  },
  // macOS counts as free only what has never been used, which is next to nothing: there the machine is the only limit.
  free: () => (process.platform === "darwin" ? totalmem() : freemem()),
  own: () => process.memoryUsage.rss(),
};

/** Reads the figures, each time anew. Which control groups there are is looked up once. */
export class Surveyor {
  readonly #system: System;
  #groups: readonly ControlGroup[] | undefined;

  constructor(system: System) {
    this.#system = system;
  }

  /** Local: some ten small files, 0.1 ms. */
  survey(): Survey {
    const { read } = this.#system;
    this.#groups ??= groupsAround(this.#system);
    const status = read("/proc/self/status");
    const machine = kibibytes(read("/proc/meminfo"), "MemAvailable") ?? this.#system.free();
    const rooms = this.#groups.map((group) => roomIn(this.#system, group));
    const anonymous = kibibytes(status, "RssAnon");
    const own = anonymous === null ? this.#system.own() : anonymous + (kibibytes(status, "VmSwap") ?? 0);
    return {
      memory: Math.max(0, Math.min(machine, ...rooms) - RESERVE_BYTES),
      addresses: addressRoom(read("/proc/self/limits"), status),
      own,
    };
  }
}

const here = new Surveyor(THIS_SYSTEM);

/** Local: what this process can still have, and has; 0.1 ms. */
export function surveyMemory(): Survey {
  return here.survey();
}

/** Local: the bytes that this process could get now, if nothing else were promised; 0.1 ms. */
export function availableBytes(): number {
  const { memory, addresses } = surveyMemory();
  return Math.min(memory, addresses);
}

/** From the root of each hierarchy down to the group of this process: a limit of any of them counts. */
function groupsAround({ read }: System): ControlGroup[] {
  const memberships = read("/proc/self/cgroup").split("\n");
  return read("/proc/self/mountinfo")
    .split("\n")
    .flatMap((line) => {
      const [left, right] = line.split(" - ");
      if (right === undefined) return [];
      const [, , , root, point] = left.split(" ");
      const [type, , options = ""] = right.split(" ");
      const files = filesOf(type, options);
      const path = files && pathIn(memberships, files);
      if (!files || path === undefined || path === null) return [];
      return foldersAlong(point, below(root, path)).map((folder) => ({ folder, files }));
    });
}

function filesOf(type: string, options: string): GroupFiles | null {
  if (type === "cgroup2") return VERSION_2;
  return type === "cgroup" && options.split(",").includes("memory") ? VERSION_1 : null;
}

/** Lines are `number:controllers:path`; version 2 has number 0 and no controllers. */
function pathIn(memberships: readonly string[], files: GroupFiles): string | undefined {
  const pattern = files === VERSION_2 ? /^0::(.*)$/ : /^\d+:(?:[^:]*,)?memory(?:,[^:]*)?:(.*)$/;
  return memberships.map((line) => pattern.exec(line)?.[1]).find((path) => path !== undefined);
}

/** A container may see only its own part of the hierarchy, mounted as if it were the whole. */
function below(root: string, path: string): string {
  return root !== "/" && `${path}/`.startsWith(`${root}/`) ? path.slice(root.length) : path;
}

function foldersAlong(point: string, path: string): string[] {
  const names = path.split("/").filter(Boolean);
  return [point, ...names.map((_, depth) => [point, ...names.slice(0, depth + 1)].join("/"))];
}

function roomIn({ read }: System, { folder, files }: ControlGroup): number {
  const most = Number.parseInt(read(`${folder}/${files.most}`), 10);
  if (Number.isNaN(most) || most > NO_LIMIT) return Infinity;
  const used = Number.parseInt(read(`${folder}/${files.used}`), 10);
  const statistics = read(`${folder}/memory.stat`);
  const reclaimable = files.reclaimable.reduce((sum, name) => sum + statistic(statistics, name), 0);
  return most - Math.max(0, (used || 0) - reclaimable);
}

function statistic(text: string, name: string): number {
  return Number(new RegExp(`^${name} (\\d+)$`, "m").exec(text)?.[1] ?? 0);
}

function addressRoom(limits: string, status: string): number {
  const most = /^Max address space +(\d+)/m.exec(limits);
  return most ? Math.max(0, Number(most[1]) - (kibibytes(status, "VmSize") ?? 0)) : Infinity;
}

/** A line such as `MemAvailable:   12345 kB`, in bytes. */
function kibibytes(text: string, name: string): number | null {
  const line = new RegExp(`^${name}:\\s+(\\d+) kB$`, "m").exec(text);
  return line && Number(line[1]) * 1024;
}
