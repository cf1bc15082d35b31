/** When a wait counts as a stall, and what is told then: who waits in what, who is missing, and what that rank did last. */
import { PshmemError } from "../errors.ts";
import type { Company } from "./company.ts";
import type { Concern } from "./machine.ts";
import { DIED, ENDED } from "./roster.ts";

/** When a wait counts as a stall, and what happens then. */
export interface StallRule {
  /** Infinity: never. */
  readonly seconds: number;
  /** The job ends after the report. */
  readonly aborts: boolean;
}

/** What a job waits before it reports a stall, in seconds. */
const DEFAULT_SECONDS = 30;

/** Local: what the environment asks for. @throws BAD_LAUNCH for what is no number of seconds, or neither 0 nor 1 */
export function stallRule(env: Readonly<Record<string, string | undefined>>): StallRule {
  const { PSHMEM_STALL_SECONDS: seconds, PSHMEM_STALL_ABORT: aborts } = env;
  const number = seconds ? Number(seconds) : DEFAULT_SECONDS;
  if (!(number >= 0)) throw unknown("PSHMEM_STALL_SECONDS", "a number of seconds (0: never)", seconds);
  if (aborts && aborts !== "0" && aborts !== "1") throw unknown("PSHMEM_STALL_ABORT", "0 or 1", aborts);
  return { seconds: number === 0 ? Infinity : number, aborts: aborts === "1" };
}

function unknown(name: string, expected: string, actual: unknown): PshmemError {
  return new PshmemError("BAD_LAUNCH", `${name} must be ${expected}, not '${String(actual)}'`, {
    expected,
    actual,
  });
}

/** Local: what a rank that waits as `concern` says knows of its stall, a line each. */
export function stallLines(company: Company, concern: Concern): string[] {
  return [...waits(company), ...missing(company, concern)];
}

function waits({ roster, mates }: Company): string[] {
  return mates.flatMap((rank, place) => {
    const wait = roster.waitOf(place);
    return wait ? [`rank ${rank} has waited ${secondsSince(wait.since)} s in ${wait.text}`] : [];
  });
}

function missing(company: Company, concern: Concern): string[] {
  const me = company.mates[company.place];
  const awaited = concern.awaited();
  const isAlone = company.mates.length === 1 && !company.distant;
  if (awaited.length === 0)
    return [`${isAlone ? "only this rank itself" : "any other rank"} could end the wait of rank ${me}`];
  return awaited.map(({ rank, last }) => {
    const before = last ? `; it ${last}` : "";
    return `rank ${me} waits for rank ${rank}, which ${stateOf(company, rank)}${before}`;
  });
}

function stateOf({ roster, mates, distant }: Company, rank: number): string {
  const place = mates.indexOf(rank);
  if (place < 0)
    return (
      distant?.heard(rank) ?? "is on another node and has not answered: it computes, sleeps or is stopped"
    );
  const fate = roster.fateOf(place);
  if (fate === ENDED) return "has ended";
  if (fate === DIED) return "has died";
  return roster.waitOf(place)
    ? "waits itself (see above)"
    : "is in no wait: it computes, sleeps or is stopped";
}

function secondsSince(since: number): number {
  return Math.round((Date.now() - since) / 1000);
}
