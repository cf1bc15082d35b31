/** Compares what came of a fault with what must come of it. */
import type { Ending, Exit, Telling } from "./fault.ts";
import type { Observed } from "./job.ts";
import { ranksOf, type SettingName } from "./settings.ts";

/** Local: everything in which an observation differs from what is expected; empty where nothing does. */
export function differences(
  setting: SettingName,
  { exit = 0, ...expected }: Ending,
  seen: Observed,
): string[] {
  const tells = perRank(expected.tells, ranksOf(setting)).flatMap((telling, rank) =>
    tellsAs(telling, seen.tells[rank]) ? [] : [`rank ${rank}: ${seen.tells[rank] ?? "told nothing"}`],
  );
  const missing = (expected.says ?? []).filter((part) => !seen.stderr.includes(part));
  return [
    ...tells,
    ...(seen.hung ? ["the job hung"] : exits(exit, seen.exit) ? [] : [`exit code ${seen.exit}`]),
    ...missing.map((part) => `does not say '${part}'`),
    ...seen.left
      .filter((what) => !expected.litter || !what.includes(expected.litter))
      .map((what) => `left behind: ${what}`),
    ...(expected.after === seen.after ? [] : [`afterwards: ${seen.after}`]),
  ];
}

/** Local: what a job of so many ranks must tell, rank by rank. */
export function perRank(tells: Ending["tells"], ranks: number): readonly Telling[] {
  return Array.isArray(tells) ? tells : Array.from({ length: ranks }, () => tells as Telling);
}

function tellsAs(telling: Telling, told: string | null): boolean {
  if (telling === null || typeof telling === "string") return telling === told;
  return told === null || told === telling.orEnded;
}

function exits(expected: Exit, code: number | null): boolean {
  if (expected === "any") return true;
  return expected === "not 0" ? code !== 0 : code === expected;
}
