/** Who has claimed a task on disk, and whether that owner still lives. */
import { randomUUID } from "node:crypto";
import { readFileSync, readlinkSync } from "node:fs";
import { hostname } from "node:os";
import { errorCode } from "./files.ts";

/** What a claim file holds, as JSON. */
export interface Owner {
  /** Different for every claim ever made. */
  readonly id: string;
  /** Different for every batch object ever made; the same on all its ranks. */
  readonly batch: string;
  /** Where `pid` means something: host name, boot and process namespace. */
  readonly place: string;
  readonly pid: number;
  /** When the process started, in the system's own count; "" where it cannot be had. Tells a process from a later one of the same pid. */
  readonly started: string;
}

/** Local. This process as the owner of a new claim. */
export function newOwner(batch: string): Owner {
  return { id: randomUUID(), batch, place: place(), pid: process.pid, started: ownStart() };
}

/** Local. Reads a claim file's text; a text that is no record gives an owner of whom nothing is known. */
export function parseOwner(text: string): Owner {
  try {
    const record: Partial<Owner> | null = JSON.parse(text);
    const { id, batch = "", place: where = "", pid, started = "" } = record ?? {};
    if (typeof id === "string" && /^[\w-]+$/.test(id) && typeof pid === "number") {
      return { id, batch, place: where, pid, started };
    }
  } catch {
    // Falls through: not a record.
  }
  return { id: "unreadable", batch: "", place: "", pid: 0, started: "" };
}

/** Local. Whether the owner's process runs; "unknown" if it is not for this machine to tell. */
export function lifeOf(owner: Owner): "alive" | "dead" | "unknown" {
  if (owner.place !== place()) return "unknown";
  try {
    process.kill(owner.pid, 0);
  } catch (error) {
    if (errorCode(error) === "ESRCH") return "dead";
  }
  return startOf(owner.pid) === owner.started ? "alive" : "dead";
}

let here: string | undefined;

function place(): string {
  here ??= [
    hostname(),
    orNothing(() => readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim()),
    orNothing(() => readlinkSync("/proc/self/ns/pid")),
  ].join(" ");
  return here;
}

let start: string | undefined;

function ownStart(): string {
  start ??= startOf(process.pid);
  return start;
}

/** The 22nd field of /proc/<pid>/stat. The second may hold blanks and brackets, so counting starts after its end. */
function startOf(pid: number): string {
  return orNothing(() => {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    return stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19] ?? "";
  });
}

function orNothing(read: () => string): string {
  try {
    return read();
  } catch {
    return "";
  }
}
