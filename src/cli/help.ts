/** What `pshmem help` prints. */

/** The subcommands. */
export type Command = "run" | "batch" | "info" | "selftest" | "bench" | "help";

/** One command's usage line, and its full help that begins with it. */
export interface Help {
  readonly usage: string;
  readonly text: string;
}

function page(usage: string, body: string): Help {
  return { usage: `usage: ${usage}`, text: `usage: ${usage}\n\n${body}` };
}

const RANK_OPTIONS = `  -n, --ranks N            number of ranks, up to 256 (default: one for each core)
      --nodes K            behave as if on K separate nodes (default: 1)
      --placement HOW      block: fill one node after the other (default); cyclic: deal the ranks out in turn
      --node-sizes A,B,…   ranks on each node; they add up to N
      --tag-output         put "[rank] " before every line of output
      --tsx                run TypeScript through tsx even where Node can run it (enums, path aliases)
  -h, --help               print this
`;

/** The help of every command. */
export const HELP: Readonly<Record<Command, Help>> = {
  run: page(
    "pshmem run [-n N] [options] program.(ts|js|mjs|…) [arguments…]",
    `Runs a program on N ranks, each on a thread of its own.

${RANK_OPTIONS}
Everything after the program is passed to it. TypeScript runs natively where Node can do it, else through tsx, which must then be
installed. Ranks get no standard input. The job ends with the exit code of the first rank that fails, and then stops the others.
"pshmem run -n 4 selftest" checks the installation on 4 ranks.
`,
  ),
  batch: page(
    "pshmem batch [options] DIRECTORY",
    `Prints how many tasks of a batch on disk are in which state. DIRECTORY is its taskFsRoot. Jobs may work on it meanwhile.

      --list STATES        print the names of tasks in these states instead, one a line: OPEN, RUNNING, DONE, FAILED, INVALID, with commas between
      --reopen STATES      first make tasks OPEN that are RUNNING, FAILED or DONE. A task that a running job has stays as it is
      --force              take jobs on other machines for ended
  -h, --help               print this

After a job has been killed, "pshmem batch --reopen RUNNING DIRECTORY" opens what it left. Jobs that run find opened tasks when they look for
their last ones. The exit code is 1 if a state file cannot be read, or a task could not be opened.
`,
  ),
  info: page(
    "pshmem info [--json]",
    `Prints what this installation and this machine offer. Under mpirun it tells which MPI is in use, and how the ranks lie on nodes.

      --json               the same for programs
  -h, --help               print this
`,
  ),
  selftest: page(
    "pshmem selftest [-n N] [options]",
    `Checks the installation: without options on the ranks it was started with (one, or those of mpirun), else on N threads.

${RANK_OPTIONS}`,
  ),
  bench: page(
    "pshmem bench [-n N] [options]",
    `Measures what the ranks it was started with (one, or those of mpirun) take for barriers, arrays, locks and tasks; with options, N threads.

${RANK_OPTIONS}`,
  ),
  help: page(
    "pshmem <command> [options]",
    `  pshmem run -n 4 program.ts   run a program on 4 ranks
  pshmem batch DIRECTORY       print how far a batch on disk has come
  pshmem selftest              check the installation
  pshmem bench                 measure barriers, arrays, locks and tasks
  pshmem info                  print what this installation and machine offer
  pshmem help [command]        print help
  pshmem --version             print the version
`,
  ),
};
