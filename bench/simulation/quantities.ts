/** What the counts of messages are made of: quantities of a job with a name, and sums of their products. */

/** Where the ranks of a job are, and what a call is about. */
export interface Setting {
  /** Rank → node; nodes are numbered by their lowest rank. */
  readonly nodeOf: readonly number[];
  /** The root of the call, or of the object. */
  readonly root: number;
  /** The rank that makes a local call; the holder, where another one waits. */
  readonly caller: number;
  /** The rank that waits. */
  readonly waiter: number;
  /** Bytes: of each value as it is sent, or of the part of the array that is written. */
  readonly bytes: number;
  /** Tasks. */
  readonly tasks: number;
}

/** A number that a setting gives, by its name in the tables. */
export interface Quantity {
  readonly name: string;
  readonly meaning: string;
  of(setting: Setting): number;
}

/** A number times quantities. */
type Term = readonly [factor: number, ...quantities: readonly Quantity[]];

/** A sum of terms. */
export type Formula = readonly Term[];

/** Local: what a formula comes to. */
export function valueOf(formula: Formula, setting: Setting): number {
  return formula.reduce(
    (sum, [factor, ...quantities]) =>
      sum + quantities.reduce((product, quantity) => product * quantity.of(setting), factor),
    0,
  );
}

/** Local: a formula as text. */
export function textOf(formula: Formula): string {
  return formula.length === 0 ? "0" : formula.map(termText).join(" + ");
}

function termText([factor, ...quantities]: Term): string {
  const names = quantities.map(({ name }) => name).join(" ");
  if (names === "") return String(factor);
  return factor === 1 ? names : `${factor} ${names}`;
}

/** Local: a formula times quantities. */
export function times(formula: Formula, ...more: readonly Quantity[]): Formula {
  return formula.map(([factor, ...quantities]) => [factor, ...quantities, ...more]);
}

function nodeSizes({ nodeOf }: Setting): number[] {
  const sizes: number[] = [];
  for (const node of nodeOf) sizes[node] = (sizes[node] ?? 0) + 1;
  return sizes;
}

function sizeAround(setting: Setting, rank: number): number {
  return nodeSizes(setting)[setting.nodeOf[rank]];
}

function nodeCount({ nodeOf }: Setting): number {
  return new Set(nodeOf).size;
}

function apart({ nodeOf }: Setting, a: number, b: number): number {
  return Number(nodeOf[a] !== nodeOf[b]);
}

function named(name: string, meaning: string, of: (setting: Setting) => number): Quantity {
  return { name, meaning, of };
}

export const P = named("P", "ranks", ({ nodeOf }) => nodeOf.length);
export const N = named("N", "nodes", nodeCount);
export const EDGES = named(
  "(N − 1)",
  "nodes without one: edges of a tree of their leaders",
  (s) => nodeCount(s) - 1,
);
export const ROUNDS = named(
  "⌈log₂ N⌉",
  "rounds in which the leaders of the nodes tell one another what all say",
  (s) => Math.ceil(Math.log2(nodeCount(s))),
);
export const FAR = named(
  "R",
  "ranks that are not on the root's node",
  (s) => s.nodeOf.length - sizeAround(s, s.root),
);
export const FAR_FROM_FIRST = named(
  "R₀",
  "ranks that are not on the node of rank 0",
  (s) => s.nodeOf.length - sizeAround(s, 0),
);
export const FAR_PAIRS = named("X", "pairs of a rank and another one on another node, in both orders", (s) =>
  nodeSizes(s).reduce((sum, size) => sum + size * (s.nodeOf.length - size), 0),
);
export const FAR_NEIGHBOURS = named(
  "E",
  "ranks r with r + 1 on another node",
  ({ nodeOf }) => nodeOf.filter((node, rank) => rank > 0 && node !== nodeOf[rank - 1]).length,
);
export const MATES = named("(p − 1)", "ranks beside the root on its node", (s) => sizeAround(s, s.root) - 1);
export const MATES_OF_FIRST = named(
  "(p₀ − 1)",
  "ranks beside rank 0 on its node",
  (s) => sizeAround(s, 0) - 1,
);
export const FOLLOWERS = named(
  "(P − N)",
  "ranks that do not lead their node",
  (s) => s.nodeOf.length - nodeCount(s),
);
export const LED = named("ℓ", "1 if the root is the first rank of its node, else 0", (s) =>
  Number(s.nodeOf.indexOf(s.nodeOf[s.root]) === s.root),
);
export const UNLED = named("(1 − ℓ)", "1 if it is another one, else 0", (s) => 1 - LED.of(s));
export const NEAR_PAIRS = named(
  "Y",
  "pairs of a rank and another one on the same node, in both orders",
  (s) => nodeSizes(s).reduce((sum, size) => sum + size * (size - 1), 0),
);
export const NEAR_NEIGHBOURS = named(
  "F",
  "ranks r with r + 1 on the same node",
  ({ nodeOf }) => nodeOf.filter((node, rank) => rank > 0 && node === nodeOf[rank - 1]).length,
);
export const TOGETHER = named("t", "1 where some node has several ranks, else 0", (setting) =>
  Number(nodeSizes(setting).some((size) => size > 1)),
);
export const SEVERAL = named("[N > 1]", "1 on several nodes, else 0", (s) => Number(nodeCount(s) > 1));
export const BYTES = named(
  "m",
  "bytes of each value as it is sent, or of what a rank writes",
  ({ bytes }) => bytes,
);
export const PIECES = named("⌈m / 4 MiB⌉", "pieces in which it travels", ({ bytes }) =>
  Math.ceil(bytes / (4 * 1024 * 1024)),
);
export const TASKS = named("n", "tasks", ({ tasks }) => tasks);
export const CALLER_FAR = named("a", "1 if the caller is not on the root's node, else 0", (s) =>
  apart(s, s.caller, s.root),
);
export const WAITER_FAR = named("w", "1 if the rank that waits is not on the root's node, else 0", (s) =>
  apart(s, s.waiter, s.root),
);
export const APART = named("h", "1 if the rank that waits is not on the holder's node, else 0", (s) =>
  apart(s, s.caller, s.waiter),
);

/** All of them, as the tables explain them. */
export const QUANTITIES: readonly Quantity[] = [
  P,
  N,
  EDGES,
  ROUNDS,
  FAR,
  FAR_FROM_FIRST,
  FAR_PAIRS,
  FAR_NEIGHBOURS,
  MATES,
  MATES_OF_FIRST,
  FOLLOWERS,
  LED,
  UNLED,
  NEAR_PAIRS,
  NEAR_NEIGHBOURS,
  SEVERAL,
  TOGETHER,
  BYTES,
  PIECES,
  TASKS,
  CALLER_FAR,
  WAITER_FAR,
  APART,
];
