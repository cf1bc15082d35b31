/** `pshmem run`, and the programs of this package: `pshmem selftest` and `pshmem bench`. */
import { mpiDisabled } from "../launcher.ts";
import { statSync } from "node:fs";
import { constants } from "node:os";
import { fileURLToPath } from "node:url";
import { PshmemError } from "../errors.ts";
import { launch } from "../threads/launch.ts";
import { findProgram } from "../threads/program.ts";
import type { Ending } from "../threads/supervisor.ts";
import { parseRun } from "./arguments.ts";
import type { RunArguments } from "./arguments.ts";
import { HELP } from "./help.ts";

/**
 * Asynchronous: `pshmem run`; resolves with the exit code.
 *
 * @throws BAD_ARGUMENT the command line is wrong
 * @throws BAD_LAUNCH the program is not there, or cannot be run on this Node
 */
export async function run(argv: readonly string[]): Promise<number> {
  const line = parseRun(argv);
  if (line.help) {
    process.stdout.write(HELP.run.text);
    return 0;
  }
  if (line.program === undefined) {
    throw new PshmemError("BAD_ARGUMENT", "no program given");
  }
  const packaged = PACKAGED.find((name) => name === line.program && !isFile(name));
  return runOnThreads(packaged ? packagedProgram(packaged) : line.program, line);
}

/** The programs of this package: `pshmem NAME`, or `pshmem run NAME` where no file has that name. */
const PACKAGED = ["selftest", "bench"] as const;

type Packaged = (typeof PACKAGED)[number];

/**
 * Asynchronous: `pshmem selftest`, in this process, or with options as `pshmem run … selftest`; resolves with the exit code.
 *
 * @throws BAD_ARGUMENT the command line is wrong
 */
export function selftest(argv: readonly string[]): Promise<number> {
  return runPackaged("selftest", argv, async () => (await import("./selftest.ts")).outcome);
}

/**
 * Asynchronous: `pshmem bench`, in this process, or with options as `pshmem run … bench`; resolves with the exit code.
 *
 * @throws BAD_ARGUMENT the command line is wrong
 */
export function bench(argv: readonly string[]): Promise<number> {
  return runPackaged("bench", argv, async () => {
    await import("./bench.ts");
    return 0;
  });
}

function isFile(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() ?? false;
}

async function runPackaged(
  name: Packaged,
  argv: readonly string[],
  here: () => Promise<number>,
): Promise<number> {
  const line = parseRun(argv);
  if (line.help) {
    process.stdout.write(HELP[name].text);
    return 0;
  }
  if (line.program !== undefined) {
    throw new PshmemError("BAD_ARGUMENT", `unexpected argument '${line.program}'`, { actual: line.program });
  }
  return argv.length > 0 ? runOnThreads(packagedProgram(name), line) : here();
}

/** The file that every rank runs. */
function packagedProgram(name: Packaged): string {
  return fileURLToPath(new URL(`./${name}.js`, import.meta.url));
}

async function runOnThreads(path: string, line: RunArguments): Promise<number> {
  const { nodeOf, args, tagOutput } = line;
  const program = findProgram(path, line.tsx);
  if (mpiDisabled(process.env) && nodeOf.length > 1) {
    process.stderr.write(
      `pshmem: MPI_DISABLE is set: each of the ${nodeOf.length} ranks is a world of its own\n`,
    );
  }
  const { stop, ignore } = stopOnSignals(nodeOf.length);
  const code = await launch({ program, args, nodeOf, tagOutput, stop });
  ignore();
  return code;
}

const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/**
 * How long (ms) after a signal more signals are taken for the same one: npm passes on the Ctrl-C that the terminal has sent to all its
 * processes already.
 */
const REPEATING_TIME = 200;

/** The first signal ends the job in order. A later one finds no handler and ends the process at once. */
function stopOnSignals(ranks: number): { readonly stop: AbortSignal; readonly ignore: () => void } {
  const controller = new AbortController();
  const off = (): void => {
    for (const signal of SIGNALS) {
      process.off(signal, onSignal);
    }
  };
  const onSignal = (signal: NodeJS.Signals): void => {
    if (controller.signal.aborted) {
      return;
    }
    setTimeout(off, REPEATING_TIME).unref();
    const text = `${signal}: ended ${ranks === 1 ? "the rank" : `all ${ranks} ranks`}`;
    controller.abort({ code: 128 + constants.signals[signal], text } satisfies Ending);
  };
  for (const signal of SIGNALS) {
    process.on(signal, onSignal);
  }
  // The repeated signal may come when the job has ended already, and would keep the text above from getting out.
  const ignore = (): void => {
    if (!controller.signal.aborted) {
      off();
    }
  };
  return { stop: controller.signal, ignore };
}
