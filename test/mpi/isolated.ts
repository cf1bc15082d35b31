/** Jobs whose leavings can be seen: in a mount namespace with a /dev/shm and a folder for temporary files of their own. */
import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { startJob, type Job, type JobOptions } from "../job.ts";

/** Everything a job starts inherits it, the launcher's daemons too. */
const MARK = "PSHMEM_TEST_JOB";

const UNSHARE = process.getuid?.() === 0 ? ["--mount"] : ["--mount", "--map-root-user"];

/**
 * Runs its arguments, then tells what is left in the two folders, but for what is gone within two seconds: a daemon that Open MPI starts for a
 * process without a launcher takes its files away after that process has ended.
 */
const SCRIPT = `
left() { find /dev/shm -mindepth 1 ! -path /dev/shm/tmp -printf 'left behind: %p\\n'; }
mount -t tmpfs tmpfs /dev/shm && mkdir /dev/shm/tmp || exit 99
TMPDIR=/dev/shm/tmp "$@"
code=$?
looks=20
while [ $looks -gt 0 ] && [ -n "$(left)" ]; do sleep 0.1; looks=$((looks - 1)); done
left
exit $code`;

/** Why jobs cannot be isolated here; null where they can. */
export function whyNotIsolated(): string | null {
  const { status, stderr, error } = spawnSync(
    "unshare",
    [...UNSHARE, "mount", "-t", "tmpfs", "tmpfs", "/dev/shm"],
    {
      encoding: "utf8",
    },
  );
  if (status === 0) return null;
  return `mount namespaces are not permitted here (${error?.message ?? stderr.trim()}): run the tests as root, on Linux`;
}

let jobs = 0;

/** A job that can be looked for among all processes. */
export interface IsolatedJob extends Job {
  /** Local: the processes of the job that run now: process number → command line. */
  processes(): ReadonlyMap<number, readonly string[]>;
}

/** Starts a command in folders of its own. What it leaves there is told in its output. */
export function startIsolated(
  [command, ...args]: readonly [string, ...string[]],
  options: JobOptions = {},
): IsolatedJob {
  const mark = `${process.pid}.${jobs++}`;
  const env = { ...options.env, [MARK]: mark };
  const job = startJob("unshare", [...UNSHARE, "sh", "-c", SCRIPT, "sh", command, ...args], {
    ...options,
    env,
  });
  return { ...job, processes: () => processesMarked(mark) };
}

function processesMarked(mark: string): ReadonlyMap<number, readonly string[]> {
  const found = new Map<number, readonly string[]>();
  for (const pid of readdirSync("/proc").filter((name) => /^\d+$/.test(name))) {
    if (partsOf(`/proc/${pid}/environ`).includes(`${MARK}=${mark}`))
      found.set(Number(pid), partsOf(`/proc/${pid}/cmdline`));
  }
  return found;
}

/** The parts of a file in which each ends with a zero byte; none if the process has ended, or is another user's. */
function partsOf(path: string): readonly string[] {
  try {
    return readFileSync(path, "utf8").split("\0").slice(0, -1);
  } catch {
    return [];
  }
}
