/** Starting a job of worker threads. The main thread runs no rank: it starts them, passes their output on and sees them end. */
import type { WriteStream } from "node:tty";
import { MessageChannel, Worker } from "node:worker_threads";
import { DIED, ENDED } from "../node/roster.ts";
import { companyIn, createJob } from "./job.ts";
import type { RankData, RankSeat } from "./job.ts";
import { OutputOrder } from "./order.ts";
import { RankOutput } from "./output.ts";
import type { Program } from "./program.ts";
import { makeCount, makeTickets } from "./stdio.ts";
import type { Descriptor, OutputPipe, Terminal, Tickets } from "./stdio.ts";
import { Supervisor } from "./supervisor.ts";
import type { Ending } from "./supervisor.ts";

/** What to run, and how. */
export interface LaunchOptions {
  readonly program: Program;
  /** What the program finds in `process.argv` from index 2 on. */
  readonly args: readonly string[];
  /** The node of each rank; its length is the number of ranks. */
  readonly nodeOf: readonly number[];
  /** Put `[rank] ` before every line of output. */
  readonly tagOutput?: boolean;
  /** Ends the job when aborted; its reason is an {@link Ending}. */
  readonly stop?: AbortSignal;
}

/** What a rank's thread is started with. */
export interface RankStart {
  readonly data: RankData;
  readonly program: Program;
  readonly pipe: OutputPipe;
  readonly terminals: Readonly<Record<Descriptor, Terminal>>;
}

/**
 * Local to the main thread, asynchronous: runs a job to its end and resolves with the exit code. Errors of ranks are reported on
 * standard error, after all output. Ranks get no standard input.
 */
export async function launch(options: LaunchOptions): Promise<number> {
  const tickets = makeTickets();
  const job = createJob(options.nodeOf);
  const { bells, roster } = companyIn(job.control, options.nodeOf.length);
  const supervisor = new Supervisor(new OutputOrder(tickets), (rank, died) => {
    if (roster.mark(rank, died ? DIED : ENDED)) for (const other of job.ranks) bells.ring(other.data.rank);
  });
  const { stop } = options;
  const onStop = (): void => {
    const ending: Ending = stop?.reason;
    supervisor.end(ending);
  };
  const onClosed = (error: NodeJS.ErrnoException): void => supervisor.end(outputEnding(error));
  const sinks = { 1: process.stdout, 2: process.stderr };
  stop?.addEventListener("abort", onStop);
  // Before the ranks start: to each of the two streams Node adds a listener for every thread and does not count those, but would count them
  // with the next that is added, and warn of a leak where they are more than ten.
  for (const stream of Object.values(sinks)) stream.on("error", onClosed);
  startRanks(job.ranks, supervisor, { sinks, tickets }, options);
  const code = await supervisor.ended;
  stop?.removeEventListener("abort", onStop);
  return code;
}

/** Where the output of all ranks goes, and its order. */
interface Output {
  readonly sinks: Readonly<Record<Descriptor, WriteStream>>;
  readonly tickets: Tickets;
}

function startRanks(
  ranks: readonly RankSeat[],
  supervisor: Supervisor,
  { sinks, tickets }: Output,
  { program, args, nodeOf, tagOutput }: LaunchOptions,
): void {
  const terminals = { 1: terminalOf(sinks[1]), 2: terminalOf(sinks[2]) };
  for (const [rank, { data, transfer }] of ranks.entries()) {
    const { port1, port2 } = new MessageChannel();
    const count = makeCount();
    const workerData: RankStart = { data, program, pipe: { port: port2, count, tickets }, terminals };
    const worker = new Worker(new URL("./entry.js", import.meta.url), {
      argv: [...args],
      workerData,
      transferList: [port2, ...transfer],
      name: `rank ${rank}`,
    });
    const output = new RankOutput(sinks, tagOutput ? `[${rank}] ` : "", nodeOf.length === 1);
    supervisor.watch({ rank, worker, port: port1, count, output });
  }
}

function terminalOf(stream: WriteStream): Terminal {
  return stream.isTTY ? { columns: stream.columns, rows: stream.rows } : null;
}

/** A reader that went away (`| head`) ends the job as SIGPIPE ends a process: quietly. */
function outputEnding(error: NodeJS.ErrnoException): Ending {
  return error.code === "EPIPE"
    ? { code: 141, text: null }
    : { code: 1, text: `the output cannot be written: ${error.message}` };
}
