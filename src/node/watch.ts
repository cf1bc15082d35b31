/**
 * Watching over long waits: after a second a rank says in the roster what it waits for, and then looks now and then whether those it waits
 * for still live; after many seconds it reports who waits for whom.
 */
import type { Company } from "./company.ts";
import type { Concern } from "./machine.ts";
import { DIED } from "./roster.ts";
import { ranksText } from "./ranks-text.ts";
import { noteStack, userLine } from "./source-line.ts";
import { stallLines, withAnswers, type StallRule } from "./stall.ts";

/** How often (ms) a waiting rank looks after the others. A wait shorter than this costs nothing. */
const LOOK_MS = 1_000;

/** How long (s) a stall is left to be told by who waits for the missing rank itself: two looks. */
const PRECEDENCE_S = (2 * LOOK_MS) / 1000;

/** The exit code of a job that a stall has ended. */
const STALLED = 1;

/** Watches over waits. */
export interface Watcher {
  /** Local: looks who has gone; how many. When it is not 0, who waits has to mind. */
  look(): number;
  /** Local: lets a concern mind who had gone at the last look. @throws RankLostError */
  mind(concern: Concern): void;
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
export const UNWATCHED: Watcher = { look: () => 0, mind: () => {}, begin: () => NO_VIGIL };

/** For a rank alone: it has nobody to look after, and a blocking wait that would have no end is told so by its sleeper; a promise is not. */
export function ofPromises(watch: Watcher): Watcher {
  return { ...UNWATCHED, begin: (concern, note) => (note ? watch.begin(concern, note) : NO_VIGIL) };
}

/** The {@link Watcher} of one rank. */
export class Watch implements Watcher {
  readonly #company: Company;
  readonly #rule: StallRule;

  constructor(company: Company, rule: StallRule) {
    this.#company = company;
    this.#rule = rule;
  }

  look(): number {
    return this.#company.sight.look();
  }

  mind(concern: Concern): void {
    this.#company.sight.asLooked(() => concern.mind());
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
  /** Of those that could end the wait: how many were left at the last look, and how many it asked. */
  #able = 0;
  #asked = 1;
  /** Ranks of other nodes that have been asked. */
  readonly #questioned = new Set<number>();
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
    this.#seekTheGone();
    this.#tell();
    if (isFirst || this.#reported || seconds < this.#rule.seconds) return;
    if (seconds < this.#rule.seconds + PRECEDENCE_S && this.#othersAreNearer()) return;
    this.#reported = true;
    if (this.#company.roster.mayReport(Math.min(this.#rule.seconds / 2, seconds))) this.#report();
  }

  end(): void {
    if (this.#told) this.#company.roster.tell(this.#company.place, null);
  }

  /** Again at each look: whom it waits for may change while it waits. */
  #tell(): void {
    const { roster, place, distant } = this.#company;
    this.#told = true;
    this.#note ??= noteStack();
    const line = userLine(this.#note);
    const awaited = this.#concern.awaited();
    const parts = [this.#concern.describe()];
    if (awaited.length > 0) parts.push(`for ${ranksText(awaited.map(({ rank }) => rank))}`);
    if (line !== "") parts.push(`at ${line}`);
    const since = Date.now() - (performance.now() - this.#began);
    roster.tell(place, { text: parts.join(", "), since, awaited: withAnswers(awaited, distant) });
  }

  /** Whether all those it waits for wait themselves: they, or whom they wait for, can name the rank that is missing. */
  #othersAreNearer(): boolean {
    const { roster, mates } = this.#company;
    const awaited = this.#concern.awaited();
    const waits = (rank: number) => mates.includes(rank) && roster.waitOf(mates.indexOf(rank)) !== null;
    return awaited.length > 0 && awaited.every(({ rank }) => waits(rank));
  }

  #seekTheGone(): void {
    const { mates, place: me } = this.#company;
    const awaited = this.#concern.awaited().map(({ rank }) => rank);
    // Where any rank could end the wait, the death of one matters too.
    for (const rank of awaited.length > 0 ? awaited : mates.filter((mate) => mate !== mates[me])) {
      this.#seek(rank);
    }
    if (awaited.length === 0) this.#seekOneThatLives();
  }

  #seek(rank: number): void {
    const { roster, mates, runs, distant, ringAll } = this.#company;
    const place = mates.indexOf(rank);
    if (place < 0) {
      distant?.ask(rank, !this.#questioned.has(rank));
      this.#questioned.add(rank);
    } else if (runs && !runs(place) && roster.mark(place, DIED)) ringAll();
  }

  /** Where any rank could end the wait, one that lives is enough. Those that have ended are passed over, ever more at a look. */
  #seekOneThatLives(): void {
    const { mates } = this.#company;
    const able = this.#concern.able?.() ?? [];
    this.#asked = able.length < this.#able ? 2 * this.#asked : 1;
    this.#able = able.length;
    if (able.some((rank) => mates.includes(rank))) return;
    for (const rank of able.slice(0, this.#asked)) this.#seek(rank);
  }

  #report(): void {
    const { aborts, seconds } = this.#rule;
    const after = aborts
      ? "PSHMEM_STALL_ABORT=1: the job ends here"
      : "PSHMEM_STALL_SECONDS sets the time after which this is told, PSHMEM_STALL_ABORT=1 ends the job instead";
    const known = stallLines(this.#company, this.#concern);
    const lines = [`a wait has lasted longer than ${seconds} s`, ...known, after];
    process.stderr.write(`pshmem: ${lines.join("\npshmem:   ")}\n`);
    if (aborts) this.#company.abort(STALLED);
  }
}
