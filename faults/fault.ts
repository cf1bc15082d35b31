/** What a fault is: something done wrong, or gone wrong, in a job, and what must come of it on each backend. */
import type { Communicator } from "../dist/index.js";
import { RANKS, type SettingName } from "./settings.ts";

/** One fault. */
export interface Fault {
  /** Of all faults of its family, this alone has the name. */
  readonly name: string;
  /** What its job needs. Absent: nobody dies of it, and it shares a job with others like it. */
  readonly job?: JobTerms;
  /** In each rank, on a communicator of its own; the rank tells what this returns or throws. */
  run(comm: Communicator, desk: Desk): unknown;
  /** Settings that are absent have no such fault. */
  readonly expected: Expected;
}

/** What a rank of a fault has besides its communicator. */
export interface Desk {
  /** A folder of the fault's own, the same for all ranks; empty at the start. */
  readonly folder: string;
  /** Local: tells those outside that this rank is where the fault is to find it. */
  readonly ready: () => void;
}

/** A job of its own: when it has ended, every rank's error has ended its rank too. */
export interface JobTerms {
  readonly env?: Readonly<Record<string, string>>;
  /** Two nodes (simulated, where the backend can), and how ranks are placed on them. Default: what the setting says. */
  readonly placement?: "block" | "cyclic";
  /** Shell commands that run before the job, in its own mount namespace, with `$DISK` the fault's folder. */
  readonly before?: string;
  /** A command line that stands before the job's. */
  readonly under?: readonly string[];
  /** What is done to the job from outside once all ranks are ready. */
  readonly disturb?: (processes: Processes) => void;
  /** Local: what can be seen afterwards in the fault's folder. */
  readonly after?: (folder: string) => string;
}

/** Process numbers of a running job. */
export interface Processes {
  readonly launcher: number;
  /** By rank. Threads are all in the launcher's process. */
  readonly ranks: readonly number[];
}

/** What must come of a fault. */
export type Expected = Readonly<Partial<Record<SettingName, Ending>>>;

/** What must come of a fault in one setting. */
export interface Ending {
  /** What all ranks tell, or what each of them does. */
  readonly tells: Telling | readonly Telling[];
  /** Default 0. */
  readonly exit?: Exit;
  /** What standard error must contain. */
  readonly says?: readonly string[];
  /** A part of the paths that MPI itself may leave behind. */
  readonly litter?: string;
  /** What `after` must see. */
  readonly after?: string;
}

/** What a rank tells; null: nothing, since it is gone; `orEnded`: this, unless the launcher ends it before it can. */
export type Telling = string | null | { readonly orEnded: string };

/** How a job ends. */
export type Exit = number | "not 0" | "any";

/** What a rank dies of where it throws: the rank tells nothing, and fails with it. */
export class Death extends Error {}

/** The same ending in all settings but the serial one, and those that need a job to survive the death of a rank. */
export function onRanks(ending: Ending): Expected {
  return { threads: ending, "threads-nodes": ending, mpich: ending, openmpi: ending };
}

/** The same ending in all settings. */
export function everywhere(ending: Ending, serial: Ending = ending): Expected {
  return { serial, ...onRanks(ending) };
}

/** Each rank of every setting tells its own. */
export function eachRank(tells: (rank: number) => string): Expected {
  const all = Array.from({ length: RANKS }, (_, rank) => tells(rank));
  return everywhere({ tells: all }, { tells: all.slice(0, 1) });
}
