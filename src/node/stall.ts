/** When a wait counts as a stall, and what is told then: who waits in what, who is missing, and what that rank did last. */
import { PshmemError } from "../errors.ts";
import type { Company, Distant } from "./company.ts";
import type { Awaited, Concern } from "./machine.ts";
import { DIED, ENDED, type LongWait, type Missed } from "./roster.ts";

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
  const number = secondsOf(seconds?.trim() ?? "");
  if (number === null)
    throw unknown("PSHMEM_STALL_SECONDS", "a decimal number of seconds, as 30 or 2.5 (0: never)", seconds);
  if (aborts && aborts !== "0" && aborts !== "1") throw unknown("PSHMEM_STALL_ABORT", "0 or 1", aborts);
  return { seconds: number === 0 ? Infinity : number, aborts: aborts === "1" };
}

/** Null: none that can be read. */
function secondsOf(text: string): number | null {
  if (text === "") return DEFAULT_SECONDS;
  return /^(\d+\.?\d*|\.\d+)$/.test(text) && Number.isFinite(Number(text)) ? Number(text) : null;
}

function unknown(name: string, expected: string, actual: unknown): PshmemError {
  return new PshmemError("BAD_LAUNCH", `${name} must be ${expected}, not '${String(actual)}'`, {
    expected,
    actual,
  });
}

/** Local: those awaited, each with what it has answered, where it was asked. */
export function withAnswers(awaited: readonly Awaited[], distant: Distant | null): readonly Missed[] {
  return awaited.map((one) => ({ ...one, heard: distant?.heard(one.rank) ?? undefined }));
}

/** The long waits that a rank sees, by the ranks of the world that wait. */
type Waits = ReadonlyMap<number, LongWait>;

/** Local: what a rank that waits as `concern` says knows of its stall, and of others that last as long, a line each. */
export function stallLines(company: Company, concern: Concern): string[] {
  const { mates, place, distant } = company;
  const waits = waitsIn(company);
  const me = mates[place];
  const mine = withAnswers(concern.awaited(), distant);
  const missed = mine.map((one) => missing(company, waits, me, one));
  const missedByMe = missed.length > 0 ? missed : [whoCouldEnd(company)];
  return [...Array.from(waits, waitLine), ...missedByMe, ...missingToOthers(company, waits, mine)];
}

function waitLine([rank, { text, since }]: [number, LongWait]): string {
  return `rank ${rank} has waited ${secondsSince(since)} s in ${text}`;
}

function waitsIn({ roster, mates }: Company): Waits {
  const all = mates.map((rank, place) => [rank, roster.waitOf(place)] as const);
  return new Map(all.flatMap(([rank, wait]) => (wait ? [[rank, wait] as const] : [])));
}

function whoCouldEnd({ mates, place, distant }: Company): string {
  const isAlone = mates.length === 1 && !distant;
  return `${isAlone ? "only this rank itself" : "any other rank"} could end the wait of rank ${mates[place]}`;
}

function missing(company: Company, waits: Waits, waiting: number, { rank, last, heard }: Missed): string {
  const before = last ? `; it ${last}` : "";
  return `rank ${waiting} waits for rank ${rank}, which ${stateOf(company, waits, rank, heard)}${before}`;
}

/** Once for each that is in no wait here, and that this rank does not wait for itself. */
function missingToOthers(company: Company, waits: Waits, mine: readonly Missed[]): string[] {
  const told = new Set([...waits.keys(), ...mine.map(({ rank }) => rank)]);
  return Array.from(waits).flatMap(([waiting, { awaited }]) =>
    awaited.flatMap((missed) => {
      if (told.has(missed.rank)) return [];
      told.add(missed.rank);
      return [missing(company, waits, waiting, missed)];
    }),
  );
}

function stateOf({ roster, mates }: Company, waits: Waits, rank: number, heard: string | undefined): string {
  const place = mates.indexOf(rank);
  if (place < 0) return heard ?? "is on another node and has not answered: it computes, sleeps or is stopped";
  const fate = roster.fateOf(place);
  if (fate === ENDED) return "has ended";
  if (fate === DIED) return "has died";
  return waits.has(rank) ? "waits itself (see above)" : "is in no wait: it computes, sleeps or is stopped";
}

function secondsSince(since: number): number {
  return Math.round((Date.now() - since) / 1000);
}
