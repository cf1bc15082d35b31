/** The tables of `docs/scaling.md` that need no simulation: printed from the formulas that the tests hold the library to. */
import { COSTS, type CallName, type Cost } from "./formulas.ts";
import { QUANTITIES, textOf } from "./quantities.ts";

const HEAD = `| call | messages between nodes | bytes in them | messages inside nodes |
| --- | --- | --- | --- |`;

const WORDS_HEAD = `| call | atomic | plain | wake-ups | of these, to ranks of other nodes |
| --- | ---: | ---: | ---: | --- |`;

const LETTERS = `| in the tables | is |
| --- | --- |`;

/** Local: what the letters mean, the table of messages, and the table of operations on words. */
export function countTables(): string {
  const calls = Object.entries(COSTS) as [CallName, Cost][];
  const letters = QUANTITIES.map(({ name, meaning }) => `| ${name} | ${meaning} |`);
  const messages = calls.map(
    ([name, { across, bytes, inside }]) =>
      `| ${name} | ${textOf(across)} | ${textOf(bytes)} | ${textOf(inside)} |`,
  );
  const words = calls.flatMap(([name, { accesses }]) =>
    accesses
      ? [
          `| ${name} | ${accesses.atomic} | ${accesses.plain} | ${accesses.rings} | ${textOf(accesses.remote)} |`,
        ]
      : [],
  );
  return [table(LETTERS, letters), table(HEAD, messages), table(WORDS_HEAD, words)].join("\n\n");
}

/** Local: a table of these lines. */
export function table(head: string, lines: readonly string[]): string {
  return [head, ...lines].join("\n");
}
