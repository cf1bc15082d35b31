/** Running one benchmark in one setting. */
import { loadavg } from "node:os";
import { fileURLToPath } from "node:url";
import type { Case, Reference } from "./case.ts";
import { Job } from "./job.ts";
import { play, playOnce, type Player, type Series } from "./measure.ts";
import { OURS, type Order } from "./orders.ts";
import { pythonLine, type Python } from "./python.ts";
import type { BuiltReferences } from "./references.ts";
import type { Comparison, Row } from "./results.ts";
import { oursLine, TSX, type Setting } from "./launch.ts";

const RANK = fileURLToPath(new URL("rank.ts", import.meta.url));
const RIVAL = fileURLToPath(new URL("rival.ts", import.meta.url));

/** How long (ms) making a side may take: directories of many tasks are made in it. */
const MAKE_MS = 120_000;
/** How long (ms) a turn may take before its job counts as hanging. */
const TURN_MS = 30_000;

/** What there is beside the setting; texts say why something is not there. */
export interface Tools {
  readonly references: BuiltReferences | string;
  readonly python: Python | string;
}

/** A reference, or ours, that is to be run. */
interface Entry {
  readonly name: string;
  readonly side: number;
  readonly where: "rank" | "python" | "rival";
  readonly make?: string;
  readonly ops?: number;
}

/** A side that failed, so that the others can be run without it. */
class SideError extends Error {
  readonly side: number;

  constructor(side: number, cause: unknown) {
    super(cause instanceof Error ? cause.message : String(cause));
    this.side = side;
  }
}

/** The jobs of one benchmark in one setting. */
class Jobs {
  readonly #one: Case;
  readonly #setting: Setting;
  readonly #tools: Tools;
  readonly #jobs = new Map<Entry["where"], Job>();

  constructor(one: Case, setting: Setting, tools: Tools) {
    this.#one = one;
    this.#setting = setting;
    this.#tools = tools;
  }

  /** Asynchronous: the job for an entry, started at its first use. */
  async get(where: Entry["where"]): Promise<Job> {
    const job = this.#jobs.get(where) ?? (await this.#start(where));
    this.#jobs.set(where, job);
    return job;
  }

  async stop(): Promise<void> {
    const jobs = [...this.#jobs.values()];
    this.#jobs.clear();
    await Promise.all(jobs.map((job) => job.stop()));
  }

  #start(where: Entry["where"]): Promise<Job> {
    const setting = this.#setting;
    const { references, python } = this.#tools;
    if (where === "rival") return Job.start((folder) => ({ command: [...TSX, RIVAL, folder], env: {} }), 1);
    if (where === "python")
      return Job.start((folder) => pythonLine(setting, python as Python, folder), setting.ranks);
    const more = {
      ...(typeof references === "string" ? {} : references.env),
      ...this.#one.env?.(setting.name),
    };
    return Job.start((folder) => {
      const { command, env } = oursLine(setting, RANK, [folder]);
      return { command, env: { ...env, ...more } };
    }, setting.ranks);
  }
}

/** Asynchronous: all sizes of a benchmark in a setting. */
export async function runCase(one: Case, setting: Setting, tools: Tools): Promise<readonly Row[]> {
  const jobs = new Jobs(one, setting, tools);
  const rows: Row[] = [];
  for (const size of one.sizes) rows.push(await runSize(one, setting, size, tools, jobs));
  await jobs.stop();
  return rows;
}

/** What fails is left out, and the rest done again. */
async function runSize(one: Case, setting: Setting, size: number, tools: Tools, jobs: Jobs): Promise<Row> {
  const problems = unavailable(one, tools);
  const load = loadavg()[0];
  for (;;) {
    const entries = entriesOf(one, setting, size).filter(({ side }) => !problems.has(side));
    try {
      const series = await runEntries(one, size, entries, jobs);
      const bySide = new Map(entries.map(({ side }, index) => [side, series[index]]));
      return rowOf(one, setting, { size, load }, bySide, problems);
    } catch (error) {
      // Its ranks may be anywhere.
      await jobs.stop();
      if (!(error instanceof SideError)) throw error;
      problems.set(error.side, error.message);
      if (error.side === OURS) return rowOf(one, setting, { size, load }, new Map(), problems);
    }
  }
}

/** By the number of their side: why references cannot be tried at all. */
function unavailable({ references }: Case, tools: Tools): Map<number, string> {
  const problems = references.map((reference, index) => [index + 1, whyNot(reference, tools)] as const);
  return new Map(problems.flatMap(([side, problem]) => (problem === null ? [] : [[side, problem]])));
}

function rowOf(
  one: Case,
  setting: Setting,
  about: Pick<Row, "size" | "load">,
  series: ReadonlyMap<number, Series>,
  problems: ReadonlyMap<number, string>,
): Row {
  const { id, title, unit, sizeIs, bound } = one;
  const against = one.references.flatMap((reference, index): Comparison[] => {
    if (!applies(reference, setting, about.size)) return [];
    const goal = reference.goal?.(about.size, setting.name) ?? null;
    const side = index + 1;
    return [{ name: reference.name, goal, series: series.get(side), problem: problems.get(side) }];
  });
  const ours = { ours: series.get(OURS), problem: problems.get(OURS) };
  return { case: id, title, unit, sizeIs, bound, ...about, setting: setting.name, ...ours, against };
}

function applies({ settings, sizes }: Reference, { name }: Setting, size: number): boolean {
  return (settings?.includes(name) ?? true) && (sizes?.includes(size) ?? true);
}

function whyNot({ where, name }: Reference, { python, references }: Tools): string | null {
  if (where === "python") {
    if (typeof python === "string") return python;
    if (!python.original && name === "Python original")
      return "not found: name its folder in PSHMEM_PYTHON_SRC";
  }
  if (name.startsWith("C: ") && typeof references === "string") return references;
  return null;
}

function entriesOf(one: Case, setting: Setting, size: number): readonly Entry[] {
  const references = one.references.flatMap((reference, index): Entry[] => {
    const { name, where, make, ops } = reference;
    if (!applies(reference, setting, size)) return [];
    return [{ name, where, side: index + 1, make: typeof make === "string" ? make : undefined, ops }];
  });
  return [{ name: "ours", where: "rank", side: OURS }, ...references];
}

async function runEntries(one: Case, size: number, entries: readonly Entry[], jobs: Jobs) {
  const players: Player[] = [];
  for (const { name, side, where, make, ops: given } of entries) {
    const job = await blaming(side, () => jobs.get(where));
    const ask = (order: Order, ms: number) => blaming(side, () => job.order(order, ms));
    await ask({ do: "make", case: one.id, side, size, make }, MAKE_MS);
    players.push({
      name,
      ops: given,
      isFirst: size === one.sizes[0],
      turn: (ops) => ask({ do: "turn", side, ops }, TURN_MS),
      close: () => ask({ do: "close", side }, MAKE_MS),
    });
  }
  const series = one.once ? await playOnce(players, one.value, one.once) : await play(players, one);
  for (const player of players) await player.close();
  return series;
}

async function blaming<T>(side: number, act: () => Promise<T>): Promise<T> {
  try {
    return await act();
  } catch (error) {
    throw new SideError(side, error);
  }
}
