/** Who has claimed a task on disk, and whether that owner still lives. */
import type * as Crypto from "node:crypto";
import { readFileSync, readlinkSync } from "node:fs";
import { createRequire } from "node:module";
import { hostname } from "node:os";
import { isRunning, processNamed, type ProcessName } from "../node/process-life.ts";

/** What a claim says, as `<batch>.<rank>.<number>@<place>:<pid>:<started>`. */
export interface Owner extends ProcessName {
  /** Different for every claim ever made: `<batch>.<rank>.<number>`. */
  readonly id: string;
  /** Different for every batch object ever made; the same on all its ranks. */
  readonly batch: string;
  /** Where `pid` means something: a digest of host name, boot and process namespace. */
  readonly place: string;
}

/** Claims that this rank has made. */
let claims = 0;

/** Letters at the head of a batch's name that stand for its job: 29 of the 31 bits of its number. */
const JOB_LETTERS = 5;

/** Local. A name for a batch object that no other has, 12 letters; `job` is the number of its job. */
export function newBatchName(job: number): string {
  const bytes = Buffer.from(crypto.getRandomValues(new Uint8Array(9)));
  bytes.writeInt32LE(job);
  return bytes.toString("base64url");
}

/** Local. Whether two batches are of one job. */
export function areOfOneJob(batch: string, other: string): boolean {
  return batch.slice(0, JOB_LETTERS) === other.slice(0, JOB_LETTERS);
}

/** Local. This process as the owner of a new claim; `rank` tells the ranks of the batch apart. */
export function newOwner(batch: string, rank: number): Owner {
  const id = ownerPrefix(batch, rank) + (claims++).toString(36);
  return { id, batch, place: place(), ...ownProcess() };
}

/** Local. How the ids of all claims of one rank of a batch begin. */
export function ownerPrefix(batch: string, rank: number): string {
  return `${batch}.${rank.toString(36)}.`;
}

/** Local. The text of a claim: with a batch's name of 12 letters less than 60, on jobs of any size. */
export function ownerText({ id, place: where, pid, started }: Owner): string {
  return `${id}@${where}:${pid}:${started}`;
}

/** Local. Reads a claim; a text that is no record gives an owner of whom nothing is known. */
export function parseOwner(text: string): Owner {
  const [whole, id, batch, where, pid, started] =
    /^(([\w-]+)\.\w+\.\w+)@([\w-]*):(\d+):(\d*)$/.exec(text) ?? [];
  if (whole === undefined) return { id: "unreadable", batch: "", place: "", pid: 0, started: "" };
  return { id, batch, place: where, pid: Number(pid), started };
}

/** Local. Whether the owner's process runs; "unknown" if it is not for this machine to tell. */
export function lifeOf(owner: Owner): "alive" | "dead" | "unknown" {
  if (owner.place !== place()) return "unknown";
  return isRunning(owner) ? "alive" : "dead";
}

let here: string | undefined;

function place(): string {
  here ??= hostHash();
  return here;
}

function hostHash(): string {
  // Loaded here, for it takes every rank 2 ms at its start.
  const { createHash } = createRequire(import.meta.url)("node:crypto") as typeof Crypto;
  return createHash("sha256")
    .update(hostname())
    .update(orNothing(() => readFileSync("/proc/sys/kernel/random/boot_id", "utf8")))
    .update(orNothing(() => readlinkSync("/proc/self/ns/pid")))
    .digest("base64url")
    .slice(0, 8);
}

let self: ProcessName | undefined;

function ownProcess(): ProcessName {
  self ??= processNamed(process.pid);
  return self;
}

function orNothing(read: () => string): string {
  try {
    return read();
  } catch {
    return "";
  }
}
