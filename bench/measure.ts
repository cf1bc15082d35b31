/** Sides take turns: ours, theirs, ours, theirs … */
import type { Case, Value } from "./case.ts";
import { OURS } from "./orders.ts";
import { spreadOf, type Spread } from "../src/cli/spread.ts";

/** How long (ms) a turn is to take; where one operation takes longer, that is a turn. */
const TURN_MS = 15;
/** Rounds, in each of which every side has a turn. Where that would take too long (ms) there are fewer, but so many at least. */
const ROUNDS = 17;
const LONGEST_MS = 12_000;
const LEAST_ROUNDS = 5;
/** How long (ms) each side is at it before, and in a job that has just begun: there all code is yet to be compiled, while other ranks want the cores. */
const WARM_MS = { usual: 300, first: 1500 };
/** Turns by which the number of operations is found. */
const TRIALS = 3;
const MOST_OPS = 2 ** 24;

/** A side that is ready to take turns. */
export interface Player {
  readonly name: string;
  /** Operations in a turn, where these are given. */
  readonly ops?: number;
  /** Whether its job may have just begun. */
  readonly isFirst?: boolean;
  /** Asynchronous: so many operations; what each rank answers. */
  turn(ops: number): Promise<readonly number[]>;
  /** Asynchronous. */
  close(): Promise<unknown>;
}

/** What came of one side. */
export interface Series {
  readonly name: string;
  /** Operations in a turn. */
  readonly ops: number;
  /** The value of each turn: ms for an operation, or the value itself. */
  readonly values: readonly number[];
  readonly spread: Spread;
  /** Round by round, its value by ours. */
  readonly ratio: Spread;
}

/** Asynchronous: so many rounds of one operation. */
export async function playOnce(
  players: readonly Player[],
  value: Value,
  rounds: number,
): Promise<readonly Series[]> {
  return playRounds(
    players,
    players.map(() => 1),
    value,
    rounds,
  );
}

/** Asynchronous: rounds in which turns are about as long, or have so many operations. Ours is the first player. */
export async function play(
  players: readonly Player[],
  { value, turnMs = TURN_MS, ops: fixed }: Pick<Case, "value" | "turnMs" | "ops">,
): Promise<readonly Series[]> {
  const ops: number[] = [];
  for (const player of players) {
    const given = fixed ?? player.ops;
    await warm(player, turnMs, given);
    ops.push(given ?? (await calibrate(player, turnMs)));
  }
  const start = performance.now();
  await playRounds(players, ops, value, 1);
  const roundMs = performance.now() - start;
  const rounds = Math.min(ROUNDS, Math.max(LEAST_ROUNDS, Math.floor(LONGEST_MS / roundMs)));
  return playRounds(players, ops, value, rounds);
}

async function playRounds(
  players: readonly Player[],
  ops: readonly number[],
  value: Value,
  rounds: number,
): Promise<readonly Series[]> {
  const values = players.map((): number[] => []);
  for (let round = 0; round < rounds; round++) {
    for (const [index, player] of players.entries()) {
      values[index].push(VALUE[value](await player.turn(ops[index]), ops[index]));
    }
  }
  return players.map(({ name }, index) => ({
    name,
    ops: ops[index],
    values: values[index],
    spread: spreadOf(values[index]),
    ratio: spreadOf(values[index].map((one, round) => one / values[OURS][round])),
  }));
}

/** Until a side has been at it for so long: the compiler wants thousands of operations, and a core for itself. */
async function warm(player: Player, turnMs: number, given?: number): Promise<void> {
  const least = player.isFirst ? WARM_MS.first : WARM_MS.usual;
  for (let spent = 0, ms = 0, ops = given ?? 1; spent < least; spent += ms) {
    ms = Math.max(...(await player.turn(ops)));
    if (given === undefined && ms < turnMs && ops < MOST_OPS) ops *= 2;
  }
}

/** More operations until they take long enough to be counted, then so many as make a turn. */
async function calibrate(player: Player, turnMs: number): Promise<number> {
  for (let ops = 1; ;) {
    const ms = await quickest(player, ops, turnMs);
    const wanted = Math.max(1, Math.round((ops * turnMs) / Math.max(ms, turnMs / 1000)));
    if (ms > turnMs / 3 || wanted >= MOST_OPS) return Math.min(wanted, MOST_OPS);
    ops = Math.min(wanted, ops * 20);
  }
}

/** The quickest of a few turns: in one of them the machine may have been busy with something else. */
async function quickest(player: Player, ops: number, turnMs: number): Promise<number> {
  let best = Infinity;
  for (let turns = 0; turns < TRIALS; turns++) {
    best = Math.min(best, Math.max(...(await player.turn(ops))));
    // No doubt about it, and too dear to be repeated.
    if (best > TRIALS * turnMs) break;
  }
  return best;
}

const VALUE: Readonly<Record<Value, (times: readonly number[], ops: number) => number>> = {
  each: (times, ops) => Math.max(...times) / ops,
  shared: (times, ops) => Math.max(...times) / (ops * times.length),
  evenness: (times) => Math.min(...times) / Math.max(...times),
  worst: (times) => Math.max(...times),
};
