/**
 * Watching over long waits: after a second a rank says in the roster what it waits for, and then looks now and then whether those it waits
 * for still live; after many seconds it reports who waits for whom.
 */
import { PshmemError } from "../errors.ts";
import type { Concern } from "./machine.ts";
import { DIED, ENDED, type Roster } from "./roster.ts";
import { ranksText } from "./ranks-text.ts";
import { noteStack, userLine } from "./source-line.ts";

/** How often (ms) a waiting rank looks after the others. A wait shorter than this costs nothing. */
const LOOK_MS = 1_000;

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

/** The ranks that share memory, and how those that have gone are found. */
export interface Company {
  readonly roster: Roster;
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

/** How ranks are that share no memory with this one. */
export interface Distant {
  /** How many of them are known to have gone. */
  readonly gone: number;
  /** Local, not blocking: sends a question to a rank of the world. */
  ask(rank: number): void;
  /** Local: what the rank has answered since the wait began: what it waits for, or that it waits for nothing. */
  heard(rank: number): string | null;
}

/** The exit code of a job that a stall has ended. */
const STALLED = 1;

/** Watches over waits. */
export interface Watcher {
  /** How many ranks have gone: when it is not 0, who waits has to ask its concern. */
  readonly gone: number;
  /** Local: a wait begins. `note` is the stack of the call, where it is not that of the looks. */
  begin(concern: Concern | undefined, note?: Error): Vigil;
}

/** One wait that is watched over. */
export interface Vigil {
  /** Milliseconds that may pass until `look` wants to run. */
  readonly patience: number;
  /** Local: to be called after each sleep, and cheap before its time. */
  look(): void;
  /** Local: the wait is over. */
  end(): void;
}

const NO_VIGIL: Vigil = { patience: Infinity, look: () => {}, end: () => {} };

/** For waits that are no rank's. */
export const UNWATCHED: Watcher = { gone: 0, begin: () => NO_VIGIL };

/** The {@link Watcher} of one rank. */
export class Watch implements Watcher {
  readonly #company: Company;
  readonly #rule: StallRule;

  constructor(company: Company, rule: StallRule) {
    this.#company = company;
    this.#rule = rule;
  }

  get gone(): number {
    const { roster, distant } = this.#company;
    return roster.gone + (distant?.gone ?? 0);
  }

  begin(concern: Concern | undefined, note?: Error): Vigil {
    return new LongVigil(this.#company, this.#rule, concern ?? NAMELESS, note);
  }
}

/** A wait that says nothing of itself. */
const NAMELESS: Concern = { describe: () => "an internal wait", awaited: () => [], mind: () => {} };

class LongVigil implements Vigil {
  readonly #company: Company;
  readonly #rule: StallRule;
  readonly #concern: Concern;
  readonly #began = performance.now();
  #note: Error | undefined;
  #nextLook = this.#began + LOOK_MS;
  #told = false;
  #reported = false;

  constructor(company: Company, rule: StallRule, concern: Concern, note: Error | undefined) {
    this.#company = company;
    this.#rule = rule;
    this.#concern = concern;
    this.#note = note;
  }

  get patience(): number {
    return Math.max(0, this.#nextLook - performance.now());
  }

  look(): void {
    const now = performance.now();
    if (now < this.#nextLook) return;
    this.#nextLook = now + LOOK_MS;
    const seconds = (now - this.#began) / 1000;
    // At the first look others that wait as long need not have told yet.
    const isFirst = !this.#told;
    this.#tell();
    this.#seekTheGone();
    if (isFirst || this.#reported || seconds < this.#rule.seconds) return;
    if (seconds < 2 * this.#rule.seconds && this.#othersAreNearer()) return;
    this.#reported = true;
    if (this.#company.roster.mayReport(Math.min(this.#rule.seconds / 2, seconds))) this.#report();
  }

  end(): void {
    if (this.#told) this.#company.roster.tell(this.#company.place, "", 0);
  }

  /** Again at each look: whom it waits for may change while it waits. */
  #tell(): void {
    const { roster, place } = this.#company;
    this.#told = true;
    this.#note ??= noteStack();
    const line = userLine(this.#note);
    const awaited = this.#concern.awaited().map(({ rank }) => rank);
    const parts = [this.#concern.describe()];
    if (awaited.length > 0) parts.push(`for ${ranksText(awaited)}`);
    if (line !== "") parts.push(`at ${line}`);
    roster.tell(place, parts.join(", "), Date.now() - (performance.now() - this.#began));
  }

  /** Whether all those it waits for wait themselves: they, or whom they wait for, can name the rank that is missing. */
  #othersAreNearer(): boolean {
    const { roster, mates } = this.#company;
    const awaited = this.#concern.awaited();
    const waits = (rank: number) => mates.includes(rank) && roster.waitOf(mates.indexOf(rank)) !== null;
    return awaited.length > 0 && awaited.every(({ rank }) => waits(rank));
  }

  #seekTheGone(): void {
    const { roster, mates, runs, distant, ringAll } = this.#company;
    const awaited = this.#concern.awaited().map(({ rank }) => rank);
    // Where any rank could end the wait, the death of one matters too.
    for (const rank of awaited.length > 0 ? awaited : mates.filter((mate) => mate !== this.#me)) {
      const place = mates.indexOf(rank);
      if (place < 0) distant?.ask(rank);
      else if (runs && !runs(place) && roster.mark(place, DIED)) ringAll();
    }
  }

  #report(): void {
    const { aborts, seconds } = this.#rule;
    const after = aborts
      ? "PSHMEM_STALL_ABORT=1: the job ends here"
      : "PSHMEM_STALL_SECONDS sets the time after which this is told, PSHMEM_STALL_ABORT=1 ends the job instead";
    const lines = [`a wait has lasted longer than ${seconds} s`, ...this.#waits(), ...this.#missing(), after];
    process.stderr.write(`pshmem: ${lines.join("\npshmem:   ")}\n`);
    if (aborts) this.#company.abort(STALLED);
  }

  #waits(): string[] {
    const { roster, mates } = this.#company;
    return mates.flatMap((rank, place) => {
      const wait = roster.waitOf(place);
      return wait ? [`rank ${rank} has waited ${secondsSince(wait.since)} s in ${wait.text}`] : [];
    });
  }

  #missing(): string[] {
    const awaited = this.#concern.awaited();
    if (awaited.length === 0) return [`any other rank could end the wait of rank ${this.#me}`];
    return awaited.map(({ rank, last }) => {
      const before = last ? `; it ${last}` : "";
      return `rank ${this.#me} waits for rank ${rank}, which ${this.#stateOf(rank)}${before}`;
    });
  }

  get #me(): number {
    return this.#company.mates[this.#company.place];
  }

  #stateOf(rank: number): string {
    const { roster, mates, distant } = this.#company;
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
}

function secondsSince(since: number): number {
  return Math.round((Date.now() - since) / 1000);
}
