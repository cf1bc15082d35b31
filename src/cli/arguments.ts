/** Reading the command line. */
import { availableParallelism } from "node:os";
import { parseArgs } from "node:util";
import { PshmemError } from "../errors.ts";
import { placeRanks } from "../threads/placement.ts";
import type { Placement } from "../threads/placement.ts";

/** A command line of `pshmem run`. */
export interface RunArguments {
  readonly help: boolean;
  /** The node of each rank. */
  readonly nodeOf: readonly number[];
  readonly tagOutput: boolean;
  /** Use tsx even where Node can run TypeScript. */
  readonly tsx: boolean;
  /** Absent when the line ends before it. */
  readonly program: string | undefined;
  /** What follows the program, untouched. */
  readonly args: readonly string[];
}

const RUN_OPTIONS = {
  ranks: { type: "string", short: "n" },
  nodes: { type: "string" },
  placement: { type: "string" },
  "node-sizes": { type: "string" },
  "tag-output": { type: "boolean" },
  tsx: { type: "boolean" },
  help: { type: "boolean", short: "h" },
} as const;

/** Every rank is a thread with a heap of its own and a port to every other: beyond this a single process only gets slower. */
const MOST_RANKS = 256;

/**
 * Local: reads the arguments of `pshmem run`. Its own options end at the first word that is not one: the program.
 *
 * @throws BAD_ARGUMENT an option is unknown, has no value or a wrong one, or options contradict one another
 */
export function parseRun(argv: readonly string[]): RunArguments {
  // Who comes from mpirun types -np, which would be read as -n p.
  const words = argv.map((word) => (word === "-np" ? "-n" : word));
  const cut = firstPositional(words);
  const options = readOptions(() => parseArgs({ args: words.slice(0, cut), options: RUN_OPTIONS }).values);
  return {
    help: options.help ?? false,
    nodeOf: nodesFrom(options),
    tagOutput: options["tag-output"] ?? false,
    tsx: options.tsx ?? false,
    program: argv[cut],
    args: argv.slice(cut + 1),
  };
}

function firstPositional(argv: readonly string[]): number {
  const { tokens } = parseArgs({
    args: [...argv],
    options: RUN_OPTIONS,
    strict: false,
    allowPositionals: true,
    tokens: true,
  });
  return tokens.find((token) => token.kind === "positional")?.index ?? argv.length;
}

/**
 * Local: what `parse` returns; it calls `parseArgs`.
 *
 * @throws BAD_ARGUMENT what `parseArgs` finds wrong: an option is unknown, has no value, or one too many
 */
export function readOptions<T>(parse: () => T): T {
  try {
    return parse();
  } catch (error) {
    // Node's text goes on with advice for whoever calls parseArgs.
    const [text] = String(error instanceof Error ? error.message : error).split(/\. |\n/, 1);
    throw new PshmemError("BAD_ARGUMENT", text, { cause: error });
  }
}

interface NodeOptions {
  readonly ranks?: string;
  readonly nodes?: string;
  readonly placement?: string;
  readonly "node-sizes"?: string;
}

function nodesFrom(options: NodeOptions): readonly number[] {
  const nodeSizes = options["node-sizes"]?.split(",").map((text) => count("--node-sizes", text));
  const nodes = options.nodes === undefined ? undefined : count("--nodes", options.nodes);
  const total =
    nodeSizes?.reduce((sum, size) => sum + size, 0) ?? Math.min(availableParallelism(), MOST_RANKS);
  const ranks = options.ranks === undefined ? total : count("-n", options.ranks);
  if (ranks > MOST_RANKS) {
    throw tooMany(`--node-sizes ${options["node-sizes"]} add up to ${ranks}`, ranks);
  }
  return placeRanks(ranks, { nodes, nodeSizes, placement: placementFrom(options.placement) });
}

function placementFrom(text = "block"): Placement {
  if (text !== "block" && text !== "cyclic") {
    const message = `--placement is block or cyclic, not '${text}'`;
    throw new PshmemError("BAD_ARGUMENT", message, { expected: "block or cyclic", actual: text });
  }
  return text;
}

function count(option: string, text: string): number {
  const value = /^\d+$/.test(text) ? Number(text) : 0;
  if (value < 1) {
    const message = `${option} takes whole numbers from 1 to ${MOST_RANKS}, not '${text}'`;
    throw new PshmemError("BAD_ARGUMENT", message, { expected: `1 … ${MOST_RANKS}`, actual: text });
  }
  if (value > MOST_RANKS) throw tooMany(`${option} ${text}`, text);
  return value;
}

function tooMany(what: string, actual: number | string): PshmemError {
  const message = `${what}: at most ${MOST_RANKS} ranks are threads of one process; start more as processes, with mpirun`;
  return new PshmemError("BAD_ARGUMENT", message, { expected: `1 … ${MOST_RANKS}`, actual });
}
