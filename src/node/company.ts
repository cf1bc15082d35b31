/** Who a rank waits among, and how it finds out how they are. */
import type { Roster } from "./roster.ts";

/** The ranks that share memory, and how those that have gone are found. */
export interface Company {
  readonly roster: Roster;
  readonly sight: Sight;
  /** World rank of each place. */
  readonly mates: readonly number[];
  /** This rank's place. */
  readonly place: number;
  /** Local: whether the rank at a place still runs; null where whoever sees its end marks it in the roster. */
  readonly runs: ((place: number) => boolean) | null;
  /** Local: wakes all, after a mark in the roster. */
  readonly ringAll: () => void;
  /** Local, not blocking: asks a rank that shares no memory with this one how it is; what it answers comes to `heard`. */
  readonly distant: Distant | null;
  readonly abort: (code: number) => never;
}

/**
 * By what a rank gives a wait up. A rank that sends its last message and ends between two looks has been both there and gone: who takes in what has
 * come, and then asks who has gone, would miss the one and see the other. So it looks first, takes in what has come, and goes by that look.
 */
export interface Sight {
  /** Local: looks who has gone; how many. One load while nobody else has. */
  look(): number;
  /** Local: whatever `act` asks, nobody has gone since the last look. */
  asLooked(act: () => void): void;
}

/** How ranks are that share no memory with this one. */
export interface Distant {
  /** Local, not blocking: sends a question to a rank of the world; `anew`: what it has answered before no longer counts. */
  ask(rank: number, anew: boolean): void;
  /** Local: what the rank has answered, if it did lately: what it waits for, or that it waits for nothing. */
  heard(rank: number): string | null;
}
