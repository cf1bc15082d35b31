/** What a benchmark is: ours, and the references it runs beside. Read this file first. */
import type { Communicator } from "pshmem";
import type { SettingName } from "./settings.ts";

/** Where a side is made: in a rank, or in the single process of a rival. */
export interface Site {
  readonly comm: Communicator;
  /** A folder of this job's own, the same for all ranks. */
  readonly folder: string;
}

/** One side of a benchmark, ready to take its turns. */
export interface Side {
  /** Collective. Does so many operations; returns how long that took on this rank, in ms (with `once`: the value itself). */
  turn(ops: number): number | Promise<number>;
  /** Collective. */
  close?(): void | Promise<void>;
}

/** Collective: makes a side. What the size counts, the case says. */
export type Maker = (site: Site, size: number) => Side | Promise<Side>;

/**
 * How the times of the ranks make one value:
 * - `each`: an operation is done by all ranks together, or by one of them: the slowest rank's time for each;
 * - `shared`: every rank does as many: the slowest rank's time, divided by the operations of all;
 * - `evenness`: as that, but how even the shares are: the fastest rank's time by the slowest's;
 * - `worst`: the largest value as it is.
 */
export type Value = "each" | "shared" | "evenness" | "worst";

/** What ours is compared with. */
export interface Reference {
  readonly name: string;
  /** Where it runs: in our own ranks; in those of a Python job; in a process of its own. */
  readonly where: "rank" | "python" | "rival";
  /** How it is made; for Python, the name of a side in `python/driver.py`. */
  readonly make: Maker | string;
  /** Where it is tried; everywhere if absent. */
  readonly settings?: readonly SettingName[];
  readonly sizes?: readonly number[];
  /** Operations in a turn, where its pace is so uneven that trying them out does not tell. */
  readonly ops?: number;
  /** The ratio of its time to ours that is to be reached; null: it is shown for what it is. */
  goal?(size: number, setting: SettingName): number | null;
}

/** A benchmark: a family of rows in the table. */
export interface Case {
  /** The name by which `npm run bench -- name` chooses it. */
  readonly id: string;
  readonly title: string;
  /** Of a value; times are measured in ms and shown as they fit. */
  readonly unit: "time" | "arrays" | "share";
  readonly sizeIs: "bytes" | "tasks" | "rank" | "none";
  readonly sizes: readonly number[];
  readonly settings: readonly SettingName[];
  readonly value: Value;
  /** Turns of one operation, and how many: where an operation takes long, or its value is no time. */
  readonly once?: number;
  /** Operations in a turn, where that must not be left to their time. */
  readonly ops?: number;
  /** How long (ms) a turn is to take, where the usual time is too short to be fair. */
  readonly turnMs?: number;
  /** What ours is to reach by itself, in its unit (times in ms). */
  readonly bound?: { readonly most: number } | { readonly least: number };
  /** Added to the environment of our ranks. */
  env?(setting: SettingName): Readonly<Record<string, string | undefined>>;
  readonly ours: Maker;
  readonly references: readonly Reference[];
}
